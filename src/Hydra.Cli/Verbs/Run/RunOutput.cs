using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What a run prints on standard output: its sink's text, an object of several, or one JSON document about all of it.</summary>
internal static class RunOutput
{
    public static void Write(RunReport report, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ToJson(report, store), indented: true));
            return;
        }
        if (report.Status != RunStatus.Completed || report.Outputs.Count == 0) return;
        var sinks = report.Plan.Sinks.Length;
        var text = sinks == 1 ? report.Outputs.Values.First().ToDisplayText() : ValueJson.ToText(report.Outputs, indented: true);
        io.Out.WriteLine(io.IsOutTerminal ? TerminalText.Block(text) : text);
    }

    private static Value RollbackOf(RollbackReceipt receipt) => ValueMap.Of(
        ("undone", Value.OfTexts(receipt.Undone)),
        ("not_undone", Value.Of(receipt.NotUndone.Select(each => Value.Of(ValueMap.Of(
            ("node", each.Path), ("code", each.Error?.Code.Name ?? ""), ("message", each.Error?.Message ?? "")))))));

    private static ValueMap ToJson(RunReport report, IRunStore store)
    {
        var facts = RunFacts.Of(report.Plan, store.Read(report.Run));
        return ValueMap.Of(
            ("run_id", report.Run.Text), ("workflow", report.Workflow), ("status", WireNames.Of(report.Status)), ("exit_code", RunSession.ExitCodeOf(report)),
            ("reason", report.Reason), ("outputs", report.Outputs), ("nodes", facts.ToJson()),
            ("spent", ValueMap.Of(("usd", (double)report.Cost.Usd), ("tokens", report.Tokens))),
            ("rollback", report.Rollback is { } rollback ? RollbackOf(rollback) : Value.Null),
            ("files", Value.OfTexts(report.FilesWritten)), ("problems", Value.EmptyList));
    }
}
