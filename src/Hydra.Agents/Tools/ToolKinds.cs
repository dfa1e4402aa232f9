using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>The tools that come with Hydra, each made from a declaration of the workflow's <c>tools</c> or, where it needs none, by name alone.</summary>
internal static class ToolKinds
{
    /// <summary>Usable without a declaration.</summary>
    public static IReadOnlyList<string> Undeclared { get; } = ["read_file", "list_files", "write_file", "bash", "python_exec"];

    /// <summary>Tools that the roster lists and that do not come with Hydra yet: an agent goes without them where no workflow declares them.</summary>
    public static IReadOnlyList<string> Later { get; } = ["web_search", "fetch", "sql"];

    /// <summary>What agent files of other programs call the same tools.</summary>
    public static IReadOnlyDictionary<string, string> Synonyms { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Read"] = "read_file", ["LS"] = "list_files", ["Glob"] = "list_files", ["Write"] = "write_file", ["Bash"] = "bash", ["Python"] = "python_exec",
    };

    /// <summary>What a type is where its declaration says nothing else.</summary>
    public static ToolFacts FactsOf(string type, string name) => type switch
    {
        "http" => Facts(name, "Sends one HTTP request; gives the body, parsed when it is JSON.", HttpTool.Schema(["GET"]), EffectClass.Irreversible, ToolRisk.High),
        "read_file" => Facts(name, "Reads a text file.", Text("path", "the file, relative to the folder"), EffectClass.Pure, ToolRisk.Low),
        "list_files" => Facts(name, "Lists the files in a folder and below.", Text("path", "the folder; '.' for all"), EffectClass.Pure, ToolRisk.Low),
        "write_file" => Facts(name, "Writes a text file, whole.", Text("path", "the file, relative to the folder", "content", "its new text"), EffectClass.Idempotent, ToolRisk.Medium),
        "bash" => Facts(name, "Runs a shell command; gives its standard output.", Text("command", "the command"), EffectClass.Irreversible, ToolRisk.High) with { NeedsSandbox = true },
        "python_exec" => Facts(name, "Runs a Python program; gives its standard output.", Text("code", "the program"), EffectClass.Irreversible, ToolRisk.High) with { NeedsSandbox = true },
        "agent" => Facts(name, "Asks another agent.", AgentTool.TaskSchema, EffectClass.Pure, ToolRisk.Low) with { Timeout = TimeSpan.FromMinutes(10) },
        _ => throw new ArgumentException($"There is no tool of type '{type}'.", nameof(type)),
    };

    public static ITool Of(string type, ToolFacts facts, ValueMap declared) => type switch
    {
        "http" => new HttpTool(facts, [.. declared["allow_hosts"].Items.Select(host => host.AsText)], declared.ContainsKey("effect")),
        "bash" or "python_exec" => new ProcessTool(facts, type == "python_exec"),
        "agent" => new AgentTool(facts, declared["agent"].AsText),
        _ => new FileTool(facts, type, declared.GetOrNull("root").TextOrNull ?? "."),
    };

    private static ToolFacts Facts(string name, string description, Value schema, EffectClass effect, ToolRisk risk) =>
        new() { Name = name, Description = description, Arguments = schema, Effect = effect, Risk = risk };

    private static Value Text(params string[] namesAndMeanings)
    {
        var pairs = namesAndMeanings.Chunk(2).ToList();
        return ValueMap.Of(("type", "object"), ("additionalProperties", false), ("required", Value.OfTexts(pairs.Select(pair => pair[0]))),
            ("properties", ValueMap.Of(pairs.Select(pair => KeyValuePair.Create(pair[0], Value.Of(ValueMap.Of(("type", "string"), ("description", pair[1]))))))));
    }
}
