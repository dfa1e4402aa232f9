using Hydra.Agents.Files;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra agents list|show|lint|new|check</c>: the agent files of project and user, and those that come with Hydra.</summary>
internal static class AgentsVerb
{
    private static readonly string[] Actions = ["list", "show", "lint", "new", "check"];

    public static readonly Verb Verb = new("agents", "DO [NAME]", "the agent files: agents/, .claude/agents/, ~/.hydra/agents")
    {
        PositionalsMin = 1,
        PositionalsMax = 100,
        Options = [CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Notes = "DO is one of: list, show NAME, lint [FILE…], new NAME, check OLD NEW.",
        Run = static (arguments, io) => Task.FromResult((arguments.Positionals[0], arguments.Positionals.Count) switch
        {
            ("list", 1) => List(arguments, io),
            ("show", 2) => Show(arguments, io),
            ("lint", _) => Lint(arguments, io),
            ("new", 2) => New(arguments, io),
            ("check", 3) => Check(arguments, io),
            var (action, _) when Actions.Contains(action) => throw new UsageException($"`hydra agents {action}` takes other words. {Verb!.Notes}"),
            var (other, _) => throw new UsageException($"there is no `hydra agents {other}`.{DidYouMean.Hint(other, Actions)} Write one of {string.Join(", ", Actions)}."),
        }),
    };

    private static int List(ParsedArguments arguments, CliIo io)
    {
        var all = Wiring.AgentsFor(null, io).All().ToList();
        var table = new TextTable("agent", "from", "model", "tools", "description");
        foreach (var each in all)
        {
            var fields = each.Agent?.Fields ?? ValueMap.Empty;
            table.Add(TerminalText.Of(each.Name), each.Folder.Origin + (each.IsShadowed ? ", shadowed" : ""), TerminalText.Of(fields.GetOrNull("model").TextOrNull ?? ""), TerminalText.Of(ToolsOf(fields)),
                each.Agent is { } agent ? TerminalText.Of(agent.Description) : "has errors: hydra agents lint");
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(all.Select(ToJson)), indented: true));
        else io.Out.WriteLine(table.ToString());
        return ExitCode.Done;
    }

    private static int Show(ParsedArguments arguments, CliIo io)
    {
        var registry = Wiring.AgentsFor(null, io);
        var name = arguments.Positionals[1];
        var found = registry.Get(name) ?? throw new UsageException($"there is no agent '{name}'.{DidYouMean.Hint(name, registry.Names)} `hydra agents list` shows them.");
        if (found.Agent is not { } agent)
        {
            ProblemText.Write(found.Problems, io.Out, ProblemSeverity.Warning);
            return ExitCode.Usage;
        }
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ToJson(found).AsObject.With("fields", agent.Fields), indented: true));
            return ExitCode.Done;
        }
        io.Out.WriteLine($"{TerminalText.Of(agent.Name)}  {TerminalText.Of(found.Path)}\nversion sha256:{agent.Hash}");
        foreach (var (key, value) in agent.Fields.Pairs)
        {
            if (key is not ("name" or "instructions")) io.Out.WriteLine($"{key}: {TerminalText.Of(value.ToDisplayText())}");
        }
        io.Out.WriteLine($"\n{TerminalText.Block(agent.Fields["instructions"].AsText)}");
        return ExitCode.Done;
    }

    private static int Lint(ParsedArguments arguments, CliIo io)
    {
        var registry = Wiring.AgentsFor(null, io);
        var given = arguments.Positionals.Skip(1).ToList();
        var files = given.Count > 0 ? given.ConvertAll(file => LintedFile(io.PathOf(file))) : [.. registry.All().Select(each => (each.Agent, each.Problems))];
        var hasErrors = false;
        var json = new List<Value>();
        foreach (var (agent, problems) in files)
        {
            if (agent is not null)
            {
                AgentLint.Check(agent, new ToolRegistry(), problems);
                registry.EscalationOf(agent, problems);
            }
            hasErrors |= problems.HasErrors;
            json.AddRange(ProblemText.ToJson(problems).Items);
            if (!arguments.Has(CommonOptions.Json)) ProblemText.Write(problems, io.Out, ProblemSeverity.Warning);
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("files", files.Count), ("problems", Value.Of(json))), indented: true));
        else io.Out.WriteLine($"{files.Count} agent file{(files.Count == 1 ? "" : "s")}, {(hasErrors ? "with errors" : "no errors")}");
        return hasErrors ? ExitCode.Failed : ExitCode.Done;
    }

    private static (AgentFile? Agent, ProblemList Problems) LintedFile(string file)
    {
        var problems = new ProblemList(file);
        return (AgentFileReader.ReadFile(file, problems), problems);
    }

    private static int New(ParsedArguments arguments, CliIo io)
    {
        var name = arguments.Positionals[1];
        if (!NodeId.IsValid(name)) throw new UsageException($"'{name}' is no agent name: a letter or '_', then letters, digits, '_' and '-'.");
        var file = Path.Combine("agents", name + ".md");
        var path = io.PathOf(file);
        if (File.Exists(path)) throw new UsageException($"'{file}' is there already. Edit it, or choose another name.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"""
            ---
            name: {name}
            description: What {name} is for, in one sentence.
            role: execute
            tools: []
            ---
            You are {name}. Say what you do, what you need, and what your answer looks like.

            """);
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(ValueMap.Of(("path", file)), indented: true) : $"wrote {file}; use it with `agent: {name}`");
        return ExitCode.Done;
    }

    private static int Check(ParsedArguments arguments, CliIo io)
    {
        var breaks = AgentLint.Breaks(Read(arguments.Positionals[1], io), Read(arguments.Positionals[2], io));
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("compatible", breaks.Count == 0), ("breaks", Value.OfTexts(breaks))), indented: true));
        else if (breaks.Count == 0) io.Out.WriteLine("the new agent can replace the old one");
        else foreach (var each in breaks) io.Out.WriteLine($"cannot replace it: {TerminalText.Of(each)}");
        return breaks.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>An agent by its file, else by its name.</summary>
    private static AgentFile Read(string given, CliIo io)
    {
        var problems = new ProblemList(given);
        var agent = File.Exists(io.PathOf(given)) ? AgentFileReader.ReadFile(io.PathOf(given), problems) : Wiring.AgentsFor(null, io).Find(given, problems);
        return agent ?? throw new UsageException(problems.Problems.FirstOrDefault(problem => problem.Severity == ProblemSeverity.Error)?.ToString() ?? $"'{given}' is neither an agent file nor an agent's name.");
    }

    private static Value ToJson(RegisteredAgent each) => ValueMap.Of(
        ("name", each.Name), ("origin", each.Folder.Origin), ("path", each.Path), ("shadowed", each.IsShadowed),
        ("description", each.Agent is { } agent ? Value.Of(agent.Description) : Value.Null),
        ("version", each.Agent is { } version ? Value.Of("sha256:" + version.Hash) : Value.Null), ("problems", ProblemText.ToJson(each.Problems)));

    private static string ToolsOf(ValueMap fields) => fields.GetOrNull("tools") is { IsList: true } tools ? string.Join(", ", tools.Items.Select(tool => tool.AsText)) : "";
}
