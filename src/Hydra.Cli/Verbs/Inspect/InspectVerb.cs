using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra inspect RUN</c>: anything about a run, from its journal.</summary>
internal static class InspectVerb
{
    private static readonly Option Node = new("--node", "PATH", "one node: attempts, calls, prompts, answers, output");
    private static readonly Option Receipt = Option.Switch("--receipt", "why it ended, what it spent, what was left undone, what ran");
    private static readonly Option Lineage = new("--lineage", "PATH", "where a node's output comes from");
    private static readonly Option Why = new("--why", "PATH", "why a node stands as it does");
    private static readonly Option Events = Option.Switch("--events", "every fact of the journal");
    private static readonly Option Trace = Option.Switch("--trace", "every node with its attempts and calls");

    public static readonly Verb Verb = new("inspect", "RUN", "shows anything about a run")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            Node, Receipt, Lineage, Why, Events, Trace, FollowVerb.Option, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help,
        ],
        Run = InspectAsync,
    };

    private static async Task<int> InspectAsync(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var info = RunRow.AsItStands(Wiring.FindRun(store, arguments.Positionals[0]), store);
        if (arguments.Has(FollowVerb.Option)) return await FollowVerb.FollowAsync(store, info.Run, arguments, io);
        var trace = RunReading.TraceOf(store, info.Run);
        if (arguments.Get(Lineage) is { } origin) Show(Tracing.Lineage.Of(trace, RunReading.NodeOf(trace, origin).Path)!, Tracing.Lineage.Of(trace, origin)!.ToValue(), arguments, io);
        else if (arguments.Get(Why) is { } asked) WriteWhy(info, trace, asked, store, arguments, io);
        else if (arguments.Has(Receipt))
        {
            var receipt = arguments.Get(Node) is { } of ? Tracing.Receipt.Of(trace, RunReading.NodeOf(trace, of)) : Tracing.Receipt.Of(trace);
            Show(receipt, receipt.ToValue(), arguments, io);
        }
        else if (arguments.Get(Node) is { } path) NodeText.Write(RunReading.StateOf(trace.Plan, store, info.Run), RunReading.NodeOf(trace, path), store, arguments, io);
        else if (arguments.Has(Trace)) Show(trace, trace.ToString(), arguments, io);
        else if (arguments.Has(Events)) WriteEvents(trace, store, arguments, io);
        else Summary(info, trace, store, arguments, io);
        return ExitCode.Done;
    }

    private static void WriteEvents(RunTrace trace, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            var text = new EventText(trace.Plan);
            var entries = store.Read(new RunId(trace.Run)).SelectMany(text.Entries).Select(entry =>
                Value.Of(ValueMap.Of(("since_ms", entry.SinceMs), ("node", entry.Path is { } path ? Value.Of(path) : Value.Null), ("what", entry.What))));
            io.Out.WriteLine(ValueJson.ToText(Value.Of(entries), indented: true));
            return;
        }
        foreach (var line in EventText.Of(trace.Plan, store.Read(new RunId(trace.Run)))) io.Out.WriteLine(TerminalText.Of(line));
    }

    private static void Summary(RunInfo info, RunTrace trace, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            RunOutput.WriteJson(trace, ExitCode.Done, RunReading.OutputsOf(trace, store), [], io, WaitText.ToJson(RunReading.StateOf(trace.Plan, store, info.Run), store, io));
            return;
        }
        io.Out.WriteLine($"{info.Run}  {TerminalText.Of(info.Workflow)}  {WireNames.Of(info.Status)}{(info.Reason.Length == 0 ? "" : ": " + TerminalText.Clip(info.Reason, 300))}");
        io.Out.WriteLine($"started {info.StartedAt:yyyy-MM-dd HH:mm:ss} UTC, {Amounts.Tokens(trace.Spent.Tokens.Total)}, {Amounts.Usd(trace.Spent.Usd)}{trace.Spent.UnpricedText}{(trace.ForkedFrom is { } parent ? $", forked from {parent}" : "")}\n");
        string[] from = trace.ForkedFrom is null ? [] : ["inherited from"];
        var table = new TextTable(["node", "status", "attempts", "took", "tokens", "cost", .. from]) { Right = [2, 3, 4, 5] };
        foreach (var node in trace.Nodes.Where(node => node.Status != NodeStatus.Dormant))
        {
            var took = node is { StartedMs: { } began, EndedMs: { } ended } ? Amounts.Duration(ended - began) : "";
            string[] origin = trace.ForkedFrom is null ? [] : [node.InheritedFrom ?? ""];
            var overdue = node.Attempts.Any(attempt => attempt.IsOverdue) ? ", longer than expected" : "";
            table.Add([TerminalText.Of(node.Path), WireNames.Of(node.Status) + overdue, $"{node.AttemptCount}", took, $"{node.Spent.Tokens.Total:#,0}", Amounts.Usd(node.Spent.Usd), .. origin]);
        }
        io.Out.WriteLine(table);
        WaitText.WriteAll(RunReading.StateOf(trace.Plan, store, info.Run), store, arguments, io);
    }

    /// <summary>Why it stands as it does, and where it did its work, why no earlier result stood for it.</summary>
    private static void WriteWhy(RunInfo info, RunTrace trace, string path, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        var node = RunReading.NodeOf(trace, path);
        var reuse = WhyText.Of(store, info, node.Path);
        Show(string.Join('\n', [Tracing.Why.Of(trace, node), .. reuse.Lines]), ValueMap.Of(("node", node.Path), ("status", WireNames.Of(node.Status)), ("why", Tracing.Why.Of(trace, node)), ("reuse", reuse.ToValue())), arguments, io);
    }

    private static void Show(object text, Value json, ParsedArguments arguments, CliIo io) =>
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(json, indented: true) : TerminalText.Block(text.ToString()!.TrimEnd('\n')));
}
