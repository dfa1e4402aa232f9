using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra tools list|test|lint|pin</c>: what agents may list, one call by hand, and what MCP servers offer.</summary>
internal static class ToolsVerb
{
    private static readonly string[] Actions = ["list", "test", "lint", "pin"];
    private static readonly Option Workflow = new("--workflow", "FILE", "the workflow whose `tools` count, too");
    private static readonly Option Arguments = new("--arguments", "JSON", "test: the call's arguments, an object; default {}");
    private static readonly Option Sandbox = new("--sandbox", "NAME", "test: lets a tool run programs: bubblewrap, docker, inprocess");

    public static readonly Verb Verb = new("tools", "DO [NAME]", "the tools that agents may list")
    {
        PositionalsMin = 1,
        PositionalsMax = 2,
        Options = [Workflow, Arguments, Sandbox, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Notes = "DO is one of: list, lint, test NAME, pin [SERVER] (looks at the tools of MCP servers and records them as they are).",
        Run = static (arguments, io) => (arguments.Positionals[0], arguments.Positionals.Count) switch
        {
            ("list", 1) => Task.FromResult(List(arguments, io)),
            ("lint", 1) => Task.FromResult(Lint(arguments, io)),
            ("test", 2) => TestAsync(arguments, io),
            ("pin", _) => PinAsync(arguments, io),
            var (action, _) when Actions.Contains(action) => throw new UsageException($"`hydra tools {action}` takes other words. {Verb!.Notes}"),
            var (other, _) => throw new UsageException($"there is no `hydra tools {other}`.{DidYouMean.Hint(other, Actions)} Write list, test, lint or pin."),
        },
    };

    private static ToolCatalog Catalog(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(Workflow) is not { } file) return new ToolCatalog(null, new ToolRegistry(), io.PathOf("."));
        var path = io.PathOf(file);
        var (spec, problems) = Definitions.ReadFile(path, Wiring.TypesForReading(), Wiring.AgentsFor(path, io));
        if (spec is null || problems.HasErrors) throw new UsageException(problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).ToString());
        return new ToolCatalog(spec, new ToolRegistry(), io.PathOf("."), io.Environment);
    }

    private static int List(ParsedArguments arguments, CliIo io)
    {
        var table = new TextTable("tool", "effect", "risk", "seconds", "result bytes", "description") { Right = [3, 4] };
        var json = new List<Value>();
        foreach (var (name, facts, wrong) in Catalog(arguments, io).All())
        {
            if (facts is null) table.Add(TerminalText.Of(name), "", "", "", "", TerminalText.Of("cannot be called: " + wrong));
            else table.Add(TerminalText.Of(name), WireNames.Of(facts.Effect), RiskOf(facts), $"{facts.Timeout.TotalSeconds:0.###}", $"{facts.ResultBytesMax}", TerminalText.Of(facts.Description));
            json.Add(facts is null ? ValueMap.Of(("name", name), ("wrong", wrong)) : ValueMap.Of(("name", name), ("description", facts.Description), ("effect", WireNames.Of(facts.Effect)), ("risk", RiskOf(facts)),
                ("timeout_seconds", facts.Timeout.TotalSeconds), ("max_result_bytes", facts.ResultBytesMax), ("needs_sandbox", facts.NeedsSandbox), ("arguments", facts.Arguments), ("output_schema", facts.Output ?? Value.Null)));
        }
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(Value.Of(json), indented: true) : table.ToString());
        return ExitCode.Done;
    }

    private static int Lint(ParsedArguments arguments, CliIo io)
    {
        var lines = new List<(string Name, string Doubt, bool IsError)>();
        var catalog = Catalog(arguments, io);
        foreach (var (name, facts, wrong) in catalog.All())
        {
            if (facts is null) lines.Add((name, wrong, true));
            else lines.AddRange(catalog.Doubts(name, facts).Select(doubt => (name, doubt, false)));
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(lines.Select(line => Value.Of(ValueMap.Of(("tool", line.Name), ("severity", line.IsError ? "error" : "warning"), ("message", line.Doubt))))), indented: true));
        else foreach (var (name, doubt, isError) in lines) io.Out.WriteLine(TerminalText.Of($"{(isError ? "error" : "warning")} {name}: {doubt}"));
        return lines.Exists(line => line.IsError) ? ExitCode.Failed : ExitCode.Done;
    }

    private static async Task<int> TestAsync(ParsedArguments arguments, CliIo io)
    {
        if (!ValueJson.TryParse(arguments.Get(Arguments) ?? "{}", out var given) || !given.IsObject) throw new UsageException("--arguments is no JSON object.");
        try
        {
            var result = await Catalog(arguments, io).TestAsync(arguments.Positionals[1], given, arguments.Get(Sandbox), CancellationToken.None);
            io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(ValueMap.Of(("result", result)), indented: true) : TerminalText.Block(result.ToDisplayText()));
            return ExitCode.Done;
        }
        catch (CallFailedException failed)
        {
            if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("error", ValueMap.Of(("code", failed.Code.Name), ("message", failed.Message)))), indented: true));
            else io.Error.WriteLine($"hydra: {failed.Code}: {TerminalText.Of(failed.Message)}");
            return failed.Code == ErrorCode.PolicyDenied ? ExitCode.Refused : ExitCode.Failed;
        }
    }

    private static async Task<int> PinAsync(ParsedArguments arguments, CliIo io)
    {
        var catalog = Catalog(arguments, io);
        IReadOnlyList<string> servers = arguments.Positionals.Count == 2 ? [arguments.Positionals[1]] : [.. catalog.Servers];
        if (servers.Count == 0) throw new UsageException("no MCP server is declared here. Name the workflow that declares it with --workflow FILE.");
        var json = new List<Value>();
        foreach (var server in servers)
        {
            try
            {
                var (tools, differences) = await catalog.PinAsync(server, CancellationToken.None);
                json.Add(ValueMap.Of(("server", server), ("tools", Value.OfTexts(tools.Select(tool => tool.Name))), ("differences", differences is null ? Value.Null : Value.OfTexts(differences))));
                if (arguments.Has(CommonOptions.Json)) continue;
                io.Out.WriteLine(TerminalText.Of(differences switch { null => $"{server}: pinned for the first time", [] => $"{server}: as pinned before", _ => $"{server}: pinned anew; {string.Join("; ", differences)}" }));
                foreach (var (name, description) in tools) io.Out.WriteLine(TerminalText.Of($"  {name}  {(description.Length > 160 ? description[..160] + "…" : description)}"));
            }
            catch (CallFailedException failed)
            {
                io.Error.WriteLine($"hydra: {failed.Code}: {TerminalText.Of(failed.Message)}");
                return ExitCode.Failed;
            }
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(json), indented: true));
        return ExitCode.Done;
    }

    private static string RiskOf(ToolFacts facts) => facts.Risk switch { ToolRisk.Low => "low", ToolRisk.High => "high", _ => "medium" };
}
