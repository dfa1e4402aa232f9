using Hydra.Model;
using Hydra.Parsing.Genesis;
using Hydra.Planning;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra graph FILE|RUN</c>: the graph as text for other programs, with states where it is a run's.</summary>
internal static class GraphVerb
{
    private static readonly Option Format = new("--format", "mermaid|dot|json|svg|genesis", "how it is written; default mermaid");

    public static readonly Verb Verb = new("graph", "FILE|RUN", "draws a workflow or a run")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Format, CommonOptions.RunsDir, CommonOptions.Help],
        Run = static (arguments, io) => Task.FromResult(Draw(arguments, io)),
    };

    private static int Draw(ParsedArguments arguments, CliIo io)
    {
        var format = arguments.Choice(Format, "mermaid", "mermaid", "dot", "json", "svg", "genesis");
        var target = Epics.FileOf(arguments.Positionals[0], io);
        if (File.Exists(io.PathOf(target)) || !RunReading.Exists(target, arguments, io)) return DrawFile(target, format, io);
        using var store = Wiring.OpenExisting(arguments, io);
        var trace = RunReading.TraceOf(store, Wiring.FindRun(store, target).Run);
        Write(trace.Plan, trace, format, io);
        return ExitCode.Done;
    }

    private static int DrawFile(string file, string format, CliIo io)
    {
        var types = Wiring.TypesForReading();
        var read = WorkflowReading.Read(io.PathOf(file), null, isStrict: false, types, Wiring.AgentsFor(io.PathOf(file), io));
        if (read.Spec is null || read.Problems.HasErrors)
        {
            ProblemText.Write(read.Problems, io.Error, ProblemSeverity.Warning);
            return ExitCode.Usage;
        }
        Write(Planner.Plan(read.Spec, types), null, format, io);
        return ExitCode.Done;
    }

    private static void Write(Plan plan, RunTrace? trace, string format, CliIo io)
    {
        var text = format switch
        {
            "mermaid" => GraphText.Mermaid(plan, trace),
            "dot" => GraphText.Dot(plan, trace),
            "genesis" => GenesisWriter.Write(plan.Workflow, io.Clock.GetUtcNow()),
            "json" => ValueJson.ToText(GraphText.Json(plan, trace), indented: true),
            _ => GraphText.Svg(plan, trace),
        };
        io.Out.WriteLine(text.TrimEnd('\n'));
    }
}
