using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Says in one sentence why a node stands as it does; names the nodes that caused it.</summary>
public static class Why
{
    /// <summary>Names put into one sentence; more are counted.</summary>
    private const int NamesMax = 5;
    /// <summary>Nodes looked at on the way back from a skip to its causes.</summary>
    private const int LookedAtMax = 1_000;

    public static string Of(RunTrace trace, NodeTrace node)
    {
        return node.Status switch
        {
            NodeStatus.Dormant => "waits for its turn: no more items may be open at once",
            NodeStatus.Pending => Pending(trace, node),
            NodeStatus.Deciding => "its `when` is being evaluated",
            NodeStatus.Queued => "is ready and waits for a slot",
            NodeStatus.Running => Running(node),
            NodeStatus.Waiting => Waiting(trace, node),
            NodeStatus.Open => Open(trace, node),
            NodeStatus.Completed => node.AttemptCount > 1 ? $"completed at attempt {node.AttemptCount}" : "completed",
            NodeStatus.Degraded => Degraded(node),
            NodeStatus.Skipped => Skipped(trace, node),
            NodeStatus.Cancelled => Cancelled(node),
            _ => $"{WireNames.Of(node.Status)}{Attempts(node)}: {ErrorOf(node)}",
        };
    }

    private static string ErrorOf(NodeTrace node) => node.Error is { } error ? $"{error.Code}: {TraceText.OneLine(error.Message)}" : "no reason was recorded";

    private static string Attempts(NodeTrace node) => node.AttemptCount > 1 ? $" after {node.AttemptCount} attempts" : "";

    private static string Degraded(NodeTrace node)
    {
        var by = node.Variant.Kind == VariantKind.Written ? "" : $" by {TraceText.Of(node.Variant)}";
        return $"ended with a lesser result{by}{Attempts(node)}: {ErrorOf(node)}";
    }

    private static string Running(NodeTrace node)
    {
        var last = node.LastAttempt;
        if (last is null) return "runs";
        return last.Steps is [.., { Result: null } open] ? $"runs attempt {last.Number}; waits for {open.Call.Name}" : $"runs attempt {last.Number}";
    }

    private static string Waiting(RunTrace trace, NodeTrace node)
    {
        if (trace.State.OpenWaits.Contains(node.Instance)) return "waits for people, or for an event: `hydra inspect RUN` shows what is asked";
        var due = trace.State.DetailOf(node.Instance)!.DueMs - trace.StartedAtMs;
        return node.LastAttempt is { End: AttemptEnd.Failed, Error: { } error } failed
            ? $"waits until {TraceText.Seconds(due)} for attempt {failed.Number + 1}, after {error.Code}: {TraceText.OneLine(error.Message)}"
            : $"waits until {TraceText.Seconds(due)}";
    }

    private static string Open(RunTrace trace, NodeTrace node) => trace.ScopesOf(node) is [.., { } scope]
        ? $"is open: {scope.ItemsEnded:N0} of {scope.Opening.Count:N0} ended in {WireNames.Of(scope.Opening.Kind)}{(scope.Opening.Ordinal == 0 ? "" : $" {scope.Opening.Ordinal}")}"
        : "is open and decides what to run";

    private static string Pending(RunTrace trace, NodeTrace node)
    {
        var open = ParentsOf(trace, node).Where(parent => !parent.HasEnded).ToList();
        return open.Count == 0 ? "waits to be looked at" : $"waits for {Names(open)}";
    }

    private static string Skipped(RunTrace trace, NodeTrace node)
    {
        var parents = ParentsOf(trace, node).ToList();
        switch (trace.State.DetailOf(node.Instance)!.SkippedBecause)
        {
            case SkipCause.When: return "skipped: its `when` was false";
            case SkipCause.Rejected: return $"skipped: it was rejected{Rejection(trace, node)}";
            case SkipCause.Terminated: return "skipped: the run was ended";
            case SkipCause.Join: return $"skipped: its join cannot be met any more; not completed: {Names(parents.Where(parent => parent.Status != NodeStatus.Completed).ToList())}";
            case SkipCause.UpstreamSkipped: return $"skipped: {Names(parents.Where(parent => parent.Status == NodeStatus.Skipped).ToList())} was skipped";
            default:
                var failed = FirstCauses(trace, node);
                return $"skipped: {Names(failed)} did not succeed{(failed.Count == 1 && failed[0].Error is { } error ? $" ({error.Code}: {TraceText.OneLine(error.Message)})" : "")}";
        }
    }

    private static string Rejection(RunTrace trace, NodeTrace node) => trace.State.DetailOf(node.Instance)!.Wait?.Decision switch
    {
        { Expired: null } said => $" by {said.Who}{(said.Comment.Length == 0 ? "" : $": {TraceText.OneLine(said.Comment)}")}",
        { } => ", for nobody answered in time",
        null => "",
    };

    /// <summary>The failures that a chain of skips goes back to.</summary>
    private static List<NodeTrace> FirstCauses(RunTrace trace, NodeTrace node)
    {
        var found = new List<NodeTrace>();
        var seen = new HashSet<int> { node.Instance };
        var open = new Queue<NodeTrace>([node]);
        while (seen.Count < LookedAtMax && open.TryDequeue(out var at))
        {
            foreach (var parent in ParentsOf(trace, at))
            {
                if (parent.Status is NodeStatus.Completed || !parent.HasEnded || !seen.Add(parent.Instance)) continue;
                if (parent.Status == NodeStatus.Skipped) open.Enqueue(parent);
                else found.Add(parent);
            }
        }
        return found;
    }

    private static string Cancelled(NodeTrace node) => node.Because switch
    {
        "cut" => "cancelled: its turn had not come when its siblings were cut",
        "lost" => "cancelled: another parent met the join first",
        _ => $"cancelled: {(node.Error is { } error ? TraceText.OneLine(error.Message) : "no reason was recorded")}",
    };

    internal static IEnumerable<NodeTrace> ParentsOf(RunTrace trace, NodeTrace node) => trace.State.ParentsOf(node.Instance).Select(parent => trace.Nodes[parent]);

    private static string Names(List<NodeTrace> nodes)
    {
        if (nodes.Count == 0) return "nothing";
        var names = string.Join(", ", nodes.Take(NamesMax).Select(node => $"'{node.Path}'"));
        return nodes.Count > NamesMax ? $"{names} and {nodes.Count - NamesMax:N0} more" : names;
    }
}
