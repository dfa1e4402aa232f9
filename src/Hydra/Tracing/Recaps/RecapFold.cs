using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>From a trace to its recap.</summary>
internal sealed class RecapFold(RunTrace trace, Func<ValueRef, Value> read)
{
    private const int FactsMax = 50, FactLengthMax = 300;
    private const string OfflineProvider = "offline";
    /// <summary>A task that took so many times its estimate, or so small a part of it, teaches something.</summary>
    private const double OffBy = 2;

    private readonly List<RecapFact> _decisions = [], _learnings = [], _blockers = [];

    public Recap Make(IEnumerable<Frame> frames)
    {
        var tasks = trace.Scopes.Count == 0 ? [] : trace.NodesOf(trace.Scopes[0]).Where(node => node.Status != NodeStatus.Dormant).Select(TaskOf).ToList();
        var took = tasks.Where(task => task.TookMs is not null).GroupBy(task => task.Path, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().TookMs!.Value, StringComparer.Ordinal);
        var path = Longest(node => took.GetValueOrDefault(node.Id.Text), out var pathMs);
        var estimated = Longest(node => node.Settings.EstimateSeconds * 1_000.0, out _);
        Decide(frames);
        var models = Shares(step => AnsweredBy(step.Call, step.Result));
        Learn(tasks, isOffline: models.Count > 0 && models.All(model => model.Name == OfflineProvider));
        Block();
        return new Recap
        {
            Run = trace.Run, Workflow = trace.Workflow, Status = trace.Status, Reason = trace.Reason,
            StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(trace.StartedAtMs),
            MakespanMs = trace.EndedMs ?? trace.LastMs,
            Spent = trace.Spent, Tasks = tasks, CriticalPath = path, CriticalPathMs = pathMs, EstimatedPath = estimated,
            BusyMs = tasks.Sum(task => task.TookMs ?? 0), Peak = PeakOf(tasks),
            Agents = Shares(step => AgentLoad.NameOf(step.Call.Agent)),
            Models = models,
            Retries = tasks.Sum(task => Math.Max(0, task.Attempts - 1)), Resumes = trace.Resumes,
            Decisions = _decisions, Learnings = _learnings, Blockers = _blockers,
        };
    }

    private RecapTask TaskOf(NodeTrace node)
    {
        var estimate = node.Node.Spec.Policy.Estimate ?? trace.Plan.Workflow.Defaults.Estimate;
        double? took = node is { StartedMs: { } began } ? (node.EndedMs ?? trace.LastMs) - began : null;
        var standIn = node.Variant.Kind == VariantKind.Written ? null : node.Variant.Name;
        return new RecapTask(node.Path, node.Node.Spec.Fields.GetOrNull("agent").TextOrNull ?? node.Type, node.Status, estimate?.TotalMilliseconds, node.StartedMs, took,
            node.AttemptCount, node.Spent, standIn, node.Node.Settings.Tags?.GetValueOrDefault("chosen"));
    }

    /// <summary>The heaviest chain of the workflow's own nodes.</summary>
    private List<string> Longest(Func<PlannedNode, double> weight, out double total)
    {
        var plan = trace.Plan;
        var best = new double[plan.Nodes.Length];
        var from = new int[plan.Nodes.Length];
        var end = -1;
        foreach (var at in Enumerable.Range(0, plan.Nodes.Length).OrderBy(at => plan.Wave[at]))
        {
            from[at] = -1;
            foreach (var parent in plan.ParentsOf(at))
            {
                if (from[at] < 0 || best[parent] > best[from[at]]) from[at] = parent;
            }
            best[at] = weight(plan.Nodes[at]) + (from[at] < 0 ? 0 : best[from[at]]);
            if (end < 0 || best[at] > best[end]) end = at;
        }
        total = end < 0 ? 0 : best[end];
        var path = new List<string>();
        for (var at = end; at >= 0; at = from[at]) path.Add(plan.Nodes[at].Id.Text);
        path.Reverse();
        return path;
    }

    private static int PeakOf(List<RecapTask> tasks)
    {
        var edges = tasks.Where(task => task is { StartedMs: not null, TookMs: not null }).SelectMany(task => new[] { (At: (double)task.StartedMs!.Value, Change: 1), (At: task.StartedMs!.Value + Math.Max(task.TookMs!.Value, 1), Change: -1) })
            .OrderBy(edge => edge.At).ThenBy(edge => edge.Change);
        int open = 0, peak = 0;
        foreach (var (_, change) in edges) peak = Math.Max(peak, open += change);
        return peak;
    }

    /// <summary>What answered. The built-in model stands in for any name that is planned, and answers by that name: it is told by who runs it.</summary>
    internal static string AnsweredBy(StepCall call, StepResult? result)
    {
        var name = result?.AnsweredBy ?? call.Name;
        return call.Provider == OfflineProvider && !name.StartsWith(OfflineProvider, StringComparison.Ordinal) ? OfflineProvider : name;
    }

    private List<RecapShare> Shares(Func<StepTrace, string> by) => [.. trace.Nodes.SelectMany(node => node.Attempts).SelectMany(attempt => attempt.Steps)
        .Where(step => step.Call.Kind == StepKind.Model && by(step).Length > 0)
        .GroupBy(by, StringComparer.Ordinal)
        .Select(group => new RecapShare(group.Key, group.Count(), group.Count(step => step.Result?.Error is not null), group.Sum(step => step.Result?.Usage.Total ?? 0),
            new MicroUsd(group.Sum(step => step.Result?.Cost.Amount ?? 0)), group.Sum(step => (step.EndedMs ?? trace.LastMs) - step.StartedMs)) { UnpricedCalls = group.Count(step => step.Result?.HasUnknownCost(step.Call) == true) })
        .OrderByDescending(share => share.Cost.Amount).ThenByDescending(share => share.Tokens).ThenBy(share => share.Name, StringComparer.Ordinal)];

    /// <summary>What people and rules decided while it ran, and what agents say they decided.</summary>
    private void Decide(IEnumerable<Frame> frames)
    {
        foreach (var happened in frames.SelectMany(frame => frame.Events))
        {
            if (happened is RunEvent.WaitAnswered said)
                Add(_decisions, trace.Nodes[said.Node].Path, $"{(said.Who.Length > 0 ? said.Who : "somebody")}{(said.IsAuthenticated ? "" : " (as claimed)")} answered {said.Answer.ToDisplayText()}{(said.Comment.Length > 0 ? $": {said.Comment}" : "")}");
            else if (happened is RunEvent.WaitExpired late) Add(_decisions, trace.Nodes[late.Node].Path, $"nobody answered in time: {WireNames.Of(late.As)}");
        }
        foreach (var node in trace.Nodes) Take(node, "decisions", _decisions);
    }

    private void Learn(List<RecapTask> tasks, bool isOffline)
    {
        if (isOffline) Add(_learnings, "", "the offline model answered, so the times say nothing of the estimates");
        foreach (var task in tasks)
        {
            if (!isOffline && task.Ratio is { } ratio && (ratio >= OffBy || ratio <= 1 / OffBy)) Add(_learnings, task.Path, ratio >= OffBy ? $"took {ratio:0.0} times its estimate" : $"took {ratio * 100:0.###} % of its estimate");
            if (task.TookOver is { } other) Add(_learnings, task.Path, $"'{task.Agent}' did not manage; '{other}' took over");
        }
        foreach (var group in trace.Nodes.SelectMany(node => node.Attempts).Where(attempt => attempt.Error is not null).GroupBy(attempt => attempt.Error!.Code.Name, StringComparer.Ordinal).OrderByDescending(group => group.Count()))
            Add(_learnings, "", $"{group.Count()} attempt(s) ended with {group.Key}, the first: {group.First().Error!.Message}");
        foreach (var node in trace.Nodes)
        {
            Take(node, "learnings", _learnings);
            Take(node, "risks", _learnings);
        }
    }

    private void Block()
    {
        foreach (var node in trace.Nodes)
        {
            if (node.Status is NodeStatus.Failed or NodeStatus.BudgetExceeded) Add(_blockers, node.Path, node.Error is { } error ? $"{error.Code}: {error.Message}" : WireNames.Of(node.Status));
            else if (node.Status == NodeStatus.Skipped && node.Because == "upstream_failed") Add(_blockers, node.Path, "not begun: something before it failed");
        }
        foreach (var waiting in trace.State.OpenWaits) Add(_blockers, trace.Nodes[waiting].Path, "waits for a person");
    }

    private void Take(NodeTrace node, string key, List<RecapFact> into)
    {
        if (into.Count >= FactsMax || node.Scope.Id != 0 || node.Output is not { } output || node.Status is NodeStatus.Skipped) return;
        var value = read(output);
        if (!value.IsObject || value.AsObject.GetOrNull(key) is not { IsList: true } said) return;
        foreach (var item in said.Items) Add(into, node.Path, WordsOf(item));
    }

    /// <summary>A fact that was given as data, in words: what each field says, lists by commas.</summary>
    internal static string WordsOf(Value item) => !item.IsObject ? item.ToDisplayText() : string.Join("; ", item.AsObject
        .Where(pair => !pair.Value.IsNull && !(pair.Value.IsList && pair.Value.Items.Count == 0))
        .Select(pair => $"{pair.Key.Replace('_', ' ')}: {(pair.Value.IsList ? string.Join(", ", pair.Value.Items.Select(WordsOf)) : pair.Value.ToDisplayText())}"));

    private void Add(List<RecapFact> into, string where, string what)
    {
        // What people decided is kept whole, however much it is.
        if (into.Count < FactsMax || ReferenceEquals(into, _decisions)) into.Add(new RecapFact(where, what.Length > FactLengthMax ? what[..FactLengthMax] + "…" : what.ReplaceLineEndings(" ")));
    }
}
