using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>How far a plan has come, read from the scopes that its planner opened: what is done, what went wrong, what is left.</summary>
internal sealed class PlanProgress
{
    private readonly Dictionary<string, ChildOutcome> _done = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _parents = new(StringComparer.Ordinal);

    /// <summary>Results that stand, by task.</summary>
    public IReadOnlyDictionary<string, ChildOutcome> Done => _done;
    /// <summary>Tasks of the latest plan that failed, or whose result did not hold, and why.</summary>
    public Dictionary<string, string> Bad { get; } = new(StringComparer.Ordinal);
    /// <summary>Tasks of the latest plan that are not done, as they were written.</summary>
    public IReadOnlyList<Value> Left { get; private set; } = [];
    /// <summary>A task's own failure where its code is one that no plan mends.</summary>
    public AttemptOutcome.Failed? Spent { get; private set; }

    /// <param name="tasksOf">The tasks of an executed scope, as the model wrote them.</param>
    public static PlanProgress Of(AdvanceContext context, Func<EndedScope, Value> tasksOf)
    {
        var progress = new PlanProgress();
        foreach (var scope in context.History)
        {
            if (scope.Opening.Proposed is not null) progress.Take(context, scope, tasksOf(scope));
        }
        return progress;
    }

    private void Take(AdvanceContext context, EndedScope scope, Value tasks)
    {
        var children = scope.Children.ToDictionary(child => child.Id, StringComparer.Ordinal);
        Bad.Clear();
        Spent = ChildResults.FailureOf(context, scope) is var failure && ChildResults.EndsPattern(failure) ? failure : null;
        var left = new HashSet<string>(StringComparer.Ordinal);
        foreach (var task in tasks.Items)
        {
            var id = PlanTasks.IdOf(task);
            _parents[id] = PlanTasks.ParentsOf(task);
            var problem = ProblemOf(children, id);
            if (problem is not null) Bad[id] = problem;
            else if (children[id].HasOutput) _done[id] = children[id];
        }
        bool isFound;
        do
        {
            isFound = false;
            foreach (var (id, parents) in _parents)
            {
                var isLeft = Bad.ContainsKey(id) || (children.TryGetValue(id, out var child) && !child.HasOutput && parents.Any(left.Contains));
                isFound |= isLeft && left.Add(id);
            }
        }
        while (isFound);
        Left = [.. tasks.Items.Where(task => left.Contains(PlanTasks.IdOf(task)))];
    }

    private static string? ProblemOf(Dictionary<string, ChildOutcome> children, string id)
    {
        if (children[id].IsUncaughtFailure) return ChildResults.Words(children[id]);
        if (children.TryGetValue(PlanTasks.CheckOf(id), out var judge))
        {
            if (judge.IsUncaughtFailure) return $"its check could not be made: {ChildResults.Words(judge)}";
            if (judge.HasOutput && judge.Output().AsObject is var verdict && !verdict["approved"].AsBoolean) return verdict["feedback"].ToDisplayText();
            return null;
        }
        return children.TryGetValue(PlanTasks.GateOf(id), out var gate) && gate.IsUncaughtFailure ? "its result does not hold against the check" : null;
    }

    /// <summary>The result of the whole: of the tasks done that nobody done waits for, the only one's, or an object of them.</summary>
    public Value Result()
    {
        var needed = _done.Keys.SelectMany(id => _parents[id]).ToHashSet(StringComparer.Ordinal);
        var last = _done.Values.Where(child => !needed.Contains(child.Id)).ToArray();
        return last is [var only] ? only.Output() : ChildResults.ObjectOf(last);
    }

    /// <summary>Outputs of what is done, by name.</summary>
    public ValueMap Outputs() => ValueMap.Of(_done.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Output())));
}
