using Hydra.Cli.Verbs;
using Hydra.Model;

namespace Hydra.Cli;

/// <summary>One line for every change of a node, for logs and pipes.</summary>
internal sealed class PlainView(RunId run, CliIo io) : RunView
{
    private const int ReasonLengthMax = 300;
    private readonly Dictionary<int, long> _startedMs = [];
    private string? _stopsBecause;
    private bool _isBroken;

    public override bool NeedsStateOfFrame => false;   // of a node that ended

    public override void OnFrame(Frame frame, RunState state)
    {
        if (_isBroken) return;
        try
        {
            foreach (var happened in frame.Events)
            {
                if (LineOf(happened, frame.AtMs, state) is { } line) io.Error.WriteLine(line);
            }
        }
        catch (IOException)
        {
            _isBroken = true;   // nobody reads any more; the run goes on
        }
    }

    private string? LineOf(RunEvent happened, long atMs, RunState state)
    {
        switch (happened)
        {
            case RunEvent.RunStarted e: return $"{run} started: {TerminalText.Of(e.Workflow)}";
            case RunEvent.RunResumed: return $"{run} goes on: {TerminalText.Of(state.Plan.Name)}";
            case RunEvent.Started e:
                _startedMs[e.Node] = atMs;
                return Line(state, e.Node, e.Attempt > 1 ? $"started, attempt {e.Attempt}" : "started");
            case RunEvent.Expanded { Opening: { Kind: ScopeKind.Items } opening } e: return Line(state, e.Node, Amounts.Count(opening.Count, "item", "items"));
            case RunEvent.Expanded { Opening: { Kind: ScopeKind.Revision } opening } e: return Line(state, e.Node, $"was rejected; the work is done again (revision {opening.Ordinal - 1})");
            case RunEvent.AttemptFailed e: return Line(state, e.Node, $"attempt failed: {Error(e.Error)}; trying again");
            case RunEvent.WaitOpened e: return Line(state, e.Node, $"waits for {e.Request.Kind switch { WaitKind.Approval => "a decision", WaitKind.Input => "an answer", _ => "an event" }}: {TerminalText.Clip(e.Request.Prompt, ReasonLengthMax)}");
            case RunEvent.WaitAnswered e: return Line(state, e.Node, TerminalText.Clip($"{(state.DetailOf(e.Node)?.Wait is { } wait ? WaitRules.Said(wait, e.Answer) : "answered")} by {e.Who}{(e.Comment.Length == 0 ? "" : $": {e.Comment}")}", ReasonLengthMax));
            case RunEvent.Overdue e: return Line(state, e.Node, $"runs longer than expected: over {Amounts.Duration((long)state.NodeOf(e.Node).Settings.OverdueAfter!.Value.TotalMilliseconds)}, 150 % of its estimate_seconds");
            case RunEvent.WaitReminded e: return Line(state, e.Node, "still waits for people");
            case RunEvent.WaitExpired e: return Line(state, e.Node, $"nobody answered in time: {WireNames.Of(e.As)}");
            case RunEvent.Suspended e: return Line(state, e.Node, "waiting");
            case RunEvent.Skipped e: return Line(state, e.Node, $"skipped ({WireNames.Of(e.Because)})");
            case RunEvent.Reused e: return Line(state, e.Node, $"reused from {e.Run}/{TerminalText.Of(e.Path)}");
            case RunEvent.Ended e: return Line(state, e.Node, Ended(e, atMs, state));
            case RunEvent.Stopping e:
                _stopsBecause = e.Reason;
                // A failure lets nothing finish, and the run's last line says it.
                return e.Status == RunStatus.Failed ? null : $"stopping: {TerminalText.Clip(e.Reason, ReasonLengthMax)}";
            default: return null;
        }
    }

    private static string Line(RunState state, int node, string what) => $"{TerminalText.Of(state.PathOf(node))} {what}";

    private string Ended(RunEvent.Ended e, long atMs, RunState state)
    {
        var detail = state.DetailOf(e.Node);
        var parts = new List<string>();
        if (_startedMs.Remove(e.Node, out var since)) parts.Add(Amounts.Duration(atMs - since));
        if (detail is { Usage.Total: > 0 }) parts.Add(Amounts.Tokens(detail.Usage.Total));
        if (detail is { Cost.Amount: > 0 }) parts.Add(Amounts.Usd(detail.Cost));
        var figures = parts.Count == 0 ? "" : $" ({string.Join(", ", parts)})";
        return $"{WireNames.Of(e.Status)}{figures}{(e.Error is { } error && error.Message != _stopsBecause ? ": " + Error(error) : "")}";
    }

    private static string Error(NodeError error) => $"{error.Code}: {TerminalText.Clip(error.Message, ReasonLengthMax)}";
}
