using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra inspect RUN</c>: anything about a run, from its journal.</summary>
internal static class InspectVerb
{
    private static readonly Option Node = new("--node", "PATH", "one node: attempts, calls, prompts, answers, output");
    private static readonly Option Why = new("--why", "PATH", "why a node was reused, or was not");
    private static readonly Option Events = Option.Switch("--events", "every fact of the journal");
    private static readonly Option Trace = Option.Switch("--trace", "every node with its attempts and calls");
    private static readonly Option Follow = Option.Switch("--follow", "stays until the run ends");

    public static readonly Verb Verb = new("inspect", "RUN", "shows anything about a run")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            Node, Why, Events, Trace, Follow, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help,
            Option.Later("--receipt"), Option.Later("--lineage"),
        ],
        Run = InspectAsync,
    };

    private static async Task<int> InspectAsync(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var info = RunRow.AsItStands(Wiring.FindRun(store, arguments.Positionals[0]), store);
        if (arguments.Has(Follow)) return await FollowVerb.FollowAsync(store, info.Run, arguments, io);
        if (arguments.Get(Node) is { } path) NodeText.Write(RunReading.TraceOf(store, info.Run), path, store, arguments, io);
        else if (arguments.Get(Why) is { } asked) WhyText.Write(store, info, asked, io);
        else if (arguments.Has(Trace)) io.Out.WriteLine(TerminalText.Block(RunReading.TraceOf(store, info.Run).ToString().TrimEnd('\n')));
        else if (arguments.Has(Events)) WriteEvents(store, info.Run, io);
        else Summary(info, store, arguments, io);
        return ExitCode.Done;
    }

    private static void WriteEvents(IRunStore store, RunId run, CliIo io)
    {
        foreach (var frame in store.Read(run))
        {
            foreach (var happened in frame.Events) io.Out.WriteLine($"{frame.Sequence} {DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs):HH:mm:ss.fff} {TerminalText.Clip(happened.ToString(), 400)}");
        }
    }

    private static void Summary(RunInfo info, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        var (plan, _) = RunReading.PlanOf(store, info.Run);
        var facts = RunFacts.Of(plan, store.Read(info.Run));
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(RunRow.ToJson(info).With("nodes", facts.ToJson()), indented: true));
            return;
        }
        io.Out.WriteLine($"{info.Run}  {TerminalText.Of(info.Workflow)}  {WireNames.Of(info.Status)}{(info.Reason.Length == 0 ? "" : ": " + TerminalText.Clip(info.Reason, 300))}");
        io.Out.WriteLine($"started {info.StartedAt:yyyy-MM-dd HH:mm:ss} UTC, {Amounts.Tokens(facts.State.RunAccount.Tokens)}, {Amounts.Usd(facts.State.RunAccount.Usd)}\n");
        io.Out.WriteLine(facts.ToTable());
    }
}
