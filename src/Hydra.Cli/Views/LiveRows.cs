using Hydra.Model;

namespace Hydra.Cli.Views;

/// <summary>
/// What the live view knows of each node, kept up to date event by event on the run's loop and read by the screen's own
/// timer. Safe for both.
/// </summary>
internal sealed class LiveRows(RunId run)
{
    /// <summary>Graphs of up to so many nodes are shown whole.</summary>
    public const int WholeMax = 24;
    /// <summary>Running and failed rows shown of a larger one, each.</summary>
    public const int PartMax = 10;
    private const int NextMax = 3;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Row> _rows = [];
    private readonly Dictionary<NodeStatus, int> _counts = [];
    private int _known;
    private LiveHead _head = new(run.Text, "", 0, 0, MicroUsd.Zero, null, 0, null, 0);

    public sealed record Row(string Path, NodeStatus Status, int Attempt, long StartedMs, long EndedMs, MicroUsd Cost, long Tokens, float Rank, string Note)
    {
        public bool IsMoving => Status is NodeStatus.Running or NodeStatus.Open or NodeStatus.Waiting;
        public bool IsBad => Status is NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled;
    }

    public void Add(Frame frame, RunState state)
    {
        lock (_lock)
        {
            for (; _known < state.InstanceCount; _known++) Refresh(_known, state, frame.AtMs);
            foreach (var happened in frame.Events)
            {
                if (NodeOf(happened) is { } node) Refresh(node, state, frame.AtMs);
                if (happened is RunEvent.RunResumed) RefreshAll(state, frame.AtMs);
            }
            var account = state.RunAccount;
            _head = new(run.Text, state.Plan.Name, state.StartedAtMs, frame.AtMs, account.Usd, account.Limits.MaxUsd, account.Tokens, account.Limits.MaxTokens, state.Plan.CriticalPathSeconds);
        }
    }

    /// <summary>The rows worth showing, in file order, and how many there are of each status.</summary>
    public LivePicture Picture()
    {
        lock (_lock)
        {
            var counts = _counts.Where(pair => pair.Value > 0).OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value)).ToList();
            if (_rows.Count <= WholeMax) return new(_head, [.. _rows.Values], counts, IsWhole: true);
            var shown = _rows.Where(pair => pair.Value.IsMoving).Take(PartMax)
                .Concat(_rows.Where(pair => pair.Value.IsBad).Take(PartMax))
                .Concat(_rows.Where(pair => pair.Value.Status is NodeStatus.Queued or NodeStatus.Pending).OrderBy(pair => pair.Value.Status == NodeStatus.Queued ? 0 : 1).ThenByDescending(pair => pair.Value.Rank).Take(NextMax))
                .OrderBy(pair => pair.Key).Select(pair => pair.Value).ToList();
            return new(_head, shown, counts, IsWhole: false);
        }
    }

    private void RefreshAll(RunState state, long atMs)
    {
        for (var i = 0; i < state.InstanceCount; i++) Refresh(i, state, atMs);
    }

    private void Refresh(int node, RunState state, long atMs)
    {
        var status = state.StatusOf(node);
        if (_rows.TryGetValue(node, out var old)) _counts[old.Status]--;
        if (status == NodeStatus.Dormant)
        {
            _rows.Remove(node);
            return;
        }
        var detail = state.DetailOf(node);
        var isOver = RunState.IsFinal(status);
        var started = old is { StartedMs: > 0 } ? old.StartedMs : status is NodeStatus.Running or NodeStatus.Open ? atMs : 0;
        var scope = state.ScopeOf(node);
        _rows[node] = new Row(old?.Path ?? TerminalText.Clip(state.PathOf(node), 48), status, state.AttemptOf(node), started, isOver ? (old is { EndedMs: > 0 } ? old.EndedMs : atMs) : 0,
            detail?.Cost ?? MicroUsd.Zero, detail?.Usage.Total ?? 0, scope.Plan.Rank[scope.NodeIndexOf(node)], NoteOf(state, node));
        _counts[status] = _counts.GetValueOrDefault(status) + 1;
    }

    private static string NoteOf(RunState state, int node)
    {
        var detail = state.DetailOf(node);
        if (state.StatusOf(node) == NodeStatus.Running && detail is not null && detail.OverdueAttempt == state.AttemptOf(node)) return "longer than expected";
        return detail?.Error is { } error ? $"{error.Code}: {TerminalText.Clip(error.Message, 60)}" : "";
    }

    private static int? NodeOf(RunEvent happened) => happened switch
    {
        RunEvent.Decided e => e.Node,
        RunEvent.Started e => e.Node,
        RunEvent.StepEnded e => e.Node,
        RunEvent.AttemptFailed e => e.Node,
        RunEvent.Suspended e => e.Node,
        RunEvent.Overdue e => e.Node,
        RunEvent.Ended e => e.Node,
        RunEvent.Skipped e => e.Node,
        RunEvent.Expanded e => e.Node,
        RunEvent.Reopened e => e.Node,
        RunEvent.AttemptInterrupted e => e.Node,
        RunEvent.Cancelling e => e.Node,
        _ => null,
    };
}

/// <summary>The line above the rows.</summary>
internal sealed record LiveHead(string Run, string Workflow, long StartedAtMs, long LastMs, MicroUsd Usd, MicroUsd? UsdMax, long Tokens, long? TokensMax, float CriticalPathSeconds);

/// <summary>All that one drawing needs.</summary>
internal sealed record LivePicture(LiveHead Head, IReadOnlyList<LiveRows.Row> Rows, IReadOnlyList<(NodeStatus Status, int Count)> Counts, bool IsWhole);
