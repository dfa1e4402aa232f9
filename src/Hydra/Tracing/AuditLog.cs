using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Tracing;

/// <summary>One thing that was done, decided or asked.</summary>
/// <param name="AtMs">Unix milliseconds.</param>
/// <param name="Frame">The frame of the run's journal that holds it, and whose hash covers it.</param>
/// <param name="Kind"><c>call</c>, <c>decision</c>, <c>asked</c>, <c>answered</c>, <c>expired</c>, <c>control</c>.</param>
public sealed record AuditEntry(long AtMs, string Run, long Frame, string Path, string Kind, string What)
{
    public Value ToValue() => ValueMap.Of(
        ("at", DateTimeOffset.FromUnixTimeMilliseconds(AtMs).ToString("O")), ("run_id", Run), ("frame", Frame), ("node", Path), ("kind", Kind), ("what", What));
}

/// <summary>
/// What a run did to the world and who let it: tool calls with their rulings, what people were asked and said, who stopped it. A view of
/// the journal and nothing beside it, so its chain of hashes is that of the frames.
/// </summary>
public static class AuditLog
{
    public static IEnumerable<AuditEntry> Of(Plan plan, string run, IEnumerable<Frame> frames)
    {
        var state = new RunState(plan);
        foreach (var frame in frames)
        {
            state.Apply(frame);
            foreach (var happened in frame.Events)
            {
                if (EntryOf(happened, state) is not var (node, kind, what)) continue;
                yield return new AuditEntry(frame.AtMs, run, frame.Sequence, node < 0 ? "" : state.PathOf(node), kind, TraceText.OneLine(what));
            }
        }
    }

    private static (int Node, string Kind, string What)? EntryOf(RunEvent happened, RunState state) => happened switch
    {
        RunEvent.StepIntended { Call.Kind: StepKind.Tool } e => (e.Node, e.Call.Ruling is null or { Decision: PolicyDecision.Allow } ? "call" : "decision",
            $"{e.Call.Name} ({WireNames.Of(e.Call.Effect)}){Ruling(e.Call.Ruling)}{(e.Call.Request is { } asked ? $", asked {TraceText.Of(asked)}" : "")}, key {e.Call.Key[..Math.Min(12, e.Call.Key.Length)]}"),
        RunEvent.StepEnded { Result.Error: { } error } e when state.DetailOf(e.Node)?.Steps?.ElementAtOrDefault(e.Step)?.Call is { Kind: StepKind.Tool } call => (e.Node, "call", $"{call.Name} failed: {error.Code}"),
        RunEvent.WaitOpened e => (e.Node, "asked", $"{e.Request.Prompt} (payload {e.Request.PayloadSha256[..Math.Min(12, e.Request.PayloadSha256.Length)]}, wait {e.Wait})"),
        RunEvent.WaitAnswered e => (e.Node, "answered", $"{e.Answer.ToJson()} by {e.Who}{(e.IsAuthenticated ? "" : " (a claim)")}{(e.Comment.Length == 0 ? "" : $": {e.Comment}")} (payload {e.PayloadSha256[..Math.Min(12, e.PayloadSha256.Length)]})"),
        RunEvent.WaitExpired e => (e.Node, "expired", $"nobody answered in time: {WireNames.Of(e.As)}"),
        RunEvent.Asked e => (-1, "control", $"{e.Verb} by {e.By}: {e.Reason}"),
        RunEvent.Assumed e => (e.Node, "answered", $"{e.By} says that it {(e.Happened ? "happened" : "did not happen")}"),
        RunEvent.OutputSet e => (e.Node, "control", $"output set by hand → {TraceText.Of(e.Output)}"),
        _ => null,
    };

    private static string Ruling(PolicyRuling? ruling) => ruling is null ? ""
        : $": {WireNames.Of(ruling.Decision)} by {ruling.Rule}{(ruling.By.Length > 0 ? $", {ruling.By} said so in {ruling.Wait}" : "")}{(ruling.Reason.Length > 0 ? $" ({ruling.Reason})" : "")}";
}
