using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>The tools that come with Hydra, each made from a declaration of the workflow's <c>tools</c> or, where it needs none, by name alone.</summary>
internal static class ToolKinds
{
    /// <summary>Usable without a declaration.</summary>
    public static IReadOnlyList<string> Undeclared { get; } = ["read_file", "list_files", "write_file", "bash", "python_exec"];

    /// <summary>Tools that only a workflow can point at something (an engine, hosts, a database): an agent that lists them goes without where it declares none.</summary>
    public static IReadOnlyList<string> OfWorkflow { get; } = ["web_search", "fetch", "sql"];

    /// <summary>What agent files of other programs call the same tools.</summary>
    public static IReadOnlyDictionary<string, string> Synonyms { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Read"] = "read_file", ["LS"] = "list_files", ["Glob"] = "list_files", ["Write"] = "write_file", ["Bash"] = "bash", ["Python"] = "python_exec", ["WebFetch"] = "fetch", ["WebSearch"] = "web_search",
    };

    /// <summary>What a type is where its declaration says nothing else.</summary>
    public static ToolFacts FactsOf(string type, string name) => type switch
    {
        "http" => Facts(name, "Sends one HTTP request; gives the body, parsed when it is JSON.", HttpTool.Schema(["GET"]), EffectClass.Irreversible, ToolRisk.High),
        "fetch" => Facts(name, "Reads one page of the web as text.", Text("url", "http or https address"), EffectClass.Pure, ToolRisk.Medium),
        "web_search" => Facts(name, "Searches the web; gives title, address and excerpt of each result.", WebSearchTool.Schema, EffectClass.Pure, ToolRisk.Medium),
        "sql" => Facts(name, "Asks a database with one SQL query that reads; gives columns and rows.", Text("query", "one SELECT statement"), EffectClass.Pure, ToolRisk.Low) with { IsOutward = false },
        "read_file" => Facts(name, "Reads a text file.", Text("path", "the file, relative to the folder"), EffectClass.Pure, ToolRisk.Low).Inward(),
        "list_files" => Facts(name, "Lists the files in a folder and below.", Text("path", "the folder; '.' for all"), EffectClass.Pure, ToolRisk.Low).Inward(),
        "write_file" => Facts(name, "Writes a text file, whole.", Text("path", "the file, relative to the folder", "content", "its new text"), EffectClass.Idempotent, ToolRisk.Medium).Inward(),
        "bash" => Facts(name, "Runs a shell command; gives its standard output.", Text("command", "the command"), EffectClass.Irreversible, ToolRisk.High) with { NeedsSandbox = true },
        "python_exec" => Facts(name, "Runs a Python program; gives its standard output.", Text("code", "the program"), EffectClass.Irreversible, ToolRisk.High) with { NeedsSandbox = true },
        "agent" => Facts(name, "Asks another agent.", AgentTool.TaskSchema, EffectClass.Pure, ToolRisk.Low).Inward() with { Timeout = TimeSpan.FromMinutes(10) },
        "workflow" => Facts(name, "Runs another workflow; gives the results of its last nodes, by their ids.", ValueMap.Of(("type", "object")), EffectClass.Pure, ToolRisk.Low).Inward(),
        _ => throw new ArgumentException($"There is no tool of type '{type}'.", nameof(type)),
    };

    public static ITool Of(string type, ToolFacts facts, ValueMap declared) => type switch
    {
        "http" => new HttpTool(facts, [.. declared["allow_hosts"].Items.Select(host => host.AsText)], declared.ContainsKey("effect")),
        "fetch" => new FetchTool(facts, [.. declared["allow_hosts"].Items.Select(host => host.AsText)]),
        "web_search" => new WebSearchTool(facts, SearchEngine.Of(facts.Name, declared, out _)!),
        "sql" => new SqlTool(facts, declared.GetOrNull("source").TextOrNull, declared.GetOrNull("connection").TextOrNull, declared.GetOrNull("max_rows") is { Kind: ValueKind.Integer } rows ? (int)rows.AsInteger : SqlTool.RowsMaxDefault),
        "bash" or "python_exec" => new ProcessTool(facts, type == "python_exec"),
        "agent" => new AgentTool(facts, declared["agent"].AsText),
        _ => new FileTool(facts, type, declared.GetOrNull("root").TextOrNull ?? "."),
    };

    private static ToolFacts Facts(string name, string description, Value schema, EffectClass effect, ToolRisk risk) =>
        new() { Name = name, Description = description, Arguments = schema, Effect = effect, Risk = risk };

    /// <summary>Nothing leaves this machine, and what comes back is the project's own; what flowed in keeps its labels.</summary>
    private static ToolFacts Inward(this ToolFacts facts) => facts with { IsOutward = false, Labels = Labels.None };

    private static Value Text(params string[] namesAndMeanings)
    {
        var pairs = namesAndMeanings.Chunk(2).ToList();
        return ValueMap.Of(("type", "object"), ("additionalProperties", false), ("required", Value.OfTexts(pairs.Select(pair => pair[0]))),
            ("properties", ValueMap.Of(pairs.Select(pair => KeyValuePair.Create(pair[0], Value.Of(ValueMap.Of(("type", "string"), ("description", pair[1]))))))));
    }
}
