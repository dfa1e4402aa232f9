using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// A run's events as lines for people: seconds since the run began, path, what happened. Feed it frames in order from the
/// first on; it keeps the state that paths need, so it can follow a run that goes on.
/// </summary>
public sealed class EventText(Plan plan)
{
    private readonly RunState _state = new(plan);

    /// <summary>Lines of all frames, one an event.</summary>
    public static IEnumerable<string> Of(Plan plan, IEnumerable<Frame> frames)
    {
        var text = new EventText(plan);
        return frames.SelectMany(text.Lines);
    }

    /// <summary>Lines of the next frame.</summary>
    public IReadOnlyList<string> Lines(Frame frame) => [.. Entries(frame).Select(entry => $"{entry.SinceMs / 1000.0,10:0.000}  {entry.Path ?? "run"}  {entry.What}")];

    /// <summary>The events of the next frame: milliseconds since the run began, path (null: the run itself), what happened.</summary>
    public IReadOnlyList<(long SinceMs, string? Path, string What)> Entries(Frame frame)
    {
        var entries = new List<(long SinceMs, string? Path, string What)>(frame.Events.Count);
        _state.Apply(frame);
        foreach (var happened in frame.Events)
        {
            var (node, what) = Describe(happened, frame.AtMs);
            entries.Add((frame.AtMs - _state.StartedAtMs, node < 0 ? null : _state.PathOf(node), TraceText.OneLine(what)));
        }
        while (_state.Ready.TryPop(out _)) { }
        _state.ToDecide.Clear();
        _state.ToAdvance.Clear();
        _state.ToCheckStop.Clear();
        _state.Deadlines.Clear();
        _state.OverdueAt.Clear();
        _state.Due.Clear();
        _state.WaitsDue.Clear();
        return entries;
    }

    private (int Node, string What) Describe(RunEvent happened, long atMs) => happened switch
    {
        RunEvent.RunStarted e => (-1, $"{e.Workflow} started, definition {Short(e.DefinitionHash)}"),
        RunEvent.RunResumed e => (-1, $"taken up again, epoch {e.Epoch}"),
        RunEvent.Stopping e => (-1, $"stopping as {WireNames.Of(e.Status)}: {e.Reason}"),
        RunEvent.RunEnded e => (-1, $"{WireNames.Of(e.Status)}: {e.Reason}"),
        RunEvent.Decided e => (e.Node, "`when` holds"),
        RunEvent.Started e => (e.Node, $"attempt {e.Attempt} started{(e.Incarnation == 0 ? "" : $", incarnation {e.Incarnation}")}{(e.Variant == 0 ? "" : $", by {TraceText.Of(_state.NodeOf(e.Node).Variants[e.Variant])}")}"),
        RunEvent.StepIntended e => (e.Node, $"step {e.Step}: {WireNames.Of(e.Call.Kind)} {e.Call.Name} asked{(e.Call.After is { } after ? $", going on from step {after}" : "")}{Bound(e.Call)}{(e.Call.Agent.Length > 0 ? $" by agent {e.Call.Agent}" : "")}{Ruling(e.Call.Ruling)}"),
        RunEvent.StepEnded e => (e.Node, $"step {e.Step}: {Answer(e.Result)}"),
        RunEvent.AttemptFailed e => (e.Node, $"attempt failed, {Error(e.Error)}; next {(e.RetryAtMs == 0 ? "at once" : $"in {TraceText.Seconds(e.RetryAtMs - atMs)}")}"),
        RunEvent.Suspended { UntilMs: 0 } e => (e.Node, "goes on with what its graph gave"),
        RunEvent.Suspended e => (e.Node, $"waits until {TraceText.Seconds(e.UntilMs - _state.StartedAtMs)}"),
        RunEvent.Ended e => (e.Node, WireNames.Of(e.Status) + (e.Output is { } output ? $" → {TraceText.Of(output)}" : "") + (e.Error is { } error ? $", {Error(error)}" : "")),
        RunEvent.Skipped e => (e.Node, $"skipped ({WireNames.Of(e.Because)})"),
        RunEvent.Expanded e => (e.Node, Opening(e.Opening)),
        RunEvent.Reopened e => (e.Node, "gets new attempts"),
        RunEvent.AttemptInterrupted e => (e.Node, "attempt interrupted"),
        RunEvent.Cancelling e => (e.Node, e.KeepsResult ? "is being ended early, with what it has" : $"is being cancelled{(e.Error is { } error ? $", {Error(error)}" : "")}"),
        RunEvent.WaitOpened e => (e.Node, $"waits for people until {TraceText.Seconds(e.Request.DeadlineMs - _state.StartedAtMs)}: {e.Request.Prompt}"),
        RunEvent.WaitAnswered e => (e.Node, $"answered {e.Answer.ToJson()} by {e.Who}{(e.IsAuthenticated ? "" : " (a claim)")}{(e.Comment.Length == 0 ? "" : $": {e.Comment}")}"),
        RunEvent.Overdue e => (e.Node, $"attempt {_state.AttemptOf(e.Node)} runs longer than expected: over {TraceText.Seconds((long)_state.NodeOf(e.Node).Settings.OverdueAfter!.Value.TotalMilliseconds)}"),
        RunEvent.WaitReminded e => (e.Node, "people were reminded"),
        RunEvent.WaitExpired e => (e.Node, $"nobody answered in time: {WireNames.Of(e.As)}"),
        RunEvent.Forked e => (-1, $"forked from {e.Parent} after frame {e.UpTo}{(e.Definition is { } other ? $", definition {Short(other.Hash)}" : "")}"),
        RunEvent.Invalidated e => (-1, $"{TraceText.Count(e.Nodes.Count, "instance")} and what depends on {(e.Nodes.Count == 1 ? "it" : "them")} to be done anew"),
        RunEvent.OutputSet e => (e.Node, $"output set by hand → {TraceText.Of(e.Output)}"),
        RunEvent.Reused e => (e.Node, $"reused from {e.Run}/{e.Path}"),
        _ => (-1, happened.GetType().Name),
    };

    private static string Opening(ScopeOpening opening) => opening.Kind switch
    {
        ScopeKind.Round when opening.Proposed is not null => $"opens round {opening.Ordinal}, a graph that came up in the run",
        ScopeKind.Items => $"opens {TraceText.Count(opening.Count, "item")}{(opening.ConcurrencyMax > 0 ? $", at most {opening.ConcurrencyMax:N0} at once" : "")}",
        ScopeKind.Round => $"opens round {opening.Ordinal}",
        ScopeKind.Revision => $"has the work done again, as version {opening.Ordinal}",
        _ => "opens its graph",
    };

    private static string Ruling(Policies.PolicyRuling? ruling) => ruling is null or { Decision: Policies.PolicyDecision.Allow, Rule: Policies.PolicyBook.DefaultRule } ? ""
        : $"; policy: {WireNames.Of(ruling.Decision)} by {ruling.Rule}{(ruling.By.Length > 0 ? $", {ruling.By} said so" : "")}{(ruling.Reason.Length > 0 ? $" ({ruling.Reason})" : "")}";

    private static string Bound(StepCall call) => call.TokensMax == 0 ? "" : $", at most {TraceText.Count(call.TokensMax, "token")}{(call.UsdMax is { } usd ? $" and {usd} USD" : "")}";

    private static string Answer(StepResult result)
    {
        var what = result.Error is { } error ? Error(error) : "answered";
        var after = result.IsBound ? "" : $" after {TraceText.Seconds(result.DurationMs)}";
        var usage = result.Usage.Total == 0 ? "" : $", {TraceText.Of(result.Usage)}";
        return $"{what}{after}{usage}{(result.Cost.Amount == 0 ? "" : $", {result.Cost} USD")}";
    }

    private static string Error(NodeError error) => $"{error.Code}: {TraceText.OneLine(error.Message)}";

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}
