using Hydra.Agents.Routing;
using Hydra.Model;

namespace Hydra.Agents.Lifecycle;

/// <summary>One task of a plan, before it is a node.</summary>
public sealed record TaskDraft
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required string Agent { get; init; }
    public IReadOnlyList<string> DependsOn { get; init; } = [];
    /// <summary>What it hands over.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];
    /// <summary>Checks that it has to pass.</summary>
    public IReadOnlyList<string> Acceptance { get; init; } = [];
    /// <summary>Minutes; 0: nobody knows.</summary>
    public double EstimateMinutes { get; init; }
    /// <summary>Files and folders that it writes: two tasks that touch one thing never run at once.</summary>
    public IReadOnlyList<string> Touches { get; init; } = [];
    /// <summary>How hard it is, as the planner sees it (<see cref="TierRouter.Complexities"/>); empty: not said.</summary>
    public string Complexity { get; init; } = "";
    /// <summary>The tier that goes before the agent's own; null: the agent's.</summary>
    public string? Model { get; init; }
    /// <summary>The tier that takes over when <see cref="Model"/> has failed once; null: none.</summary>
    public string? StepsUpTo { get; init; }
    /// <summary>Commands that must pass in the git worktree of its own that the task works in; null: it works in the run's folder.</summary>
    public IReadOnlyList<string>? WorktreeChecks { get; init; }
    /// <summary>Why this agent and model, in words; empty: the planner chose.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>The tasks of an epic, before they are a blueprint.</summary>
public sealed record TaskPlan(IReadOnlyList<TaskDraft> Tasks)
{
    public const int TasksMax = 10_000;

    /// <summary>Parts of the brief that no task serves.</summary>
    public IReadOnlyList<string> Uncovered { get; init; } = [];
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>A plan as the <c>plan-generator</c> answers it. What is wrong with it goes to <paramref name="problems"/>; null: it is no plan.</summary>
    public static TaskPlan? Of(Value answer, ProblemList problems)
    {
        var tasks = answer.IsObject ? answer.AsObject.GetOrNull("tasks") : Value.Null;
        if (tasks is not { IsList: true, Items.Count: > 0 and <= TasksMax })
        {
            problems.Error(ProblemCodes.BadPlan, SourcePosition.None, $"the plan has no list of 1 to {TasksMax} tasks.");
            return null;
        }
        var drafts = tasks.Items.Where(item => item.IsObject).Select(item => Read(item.AsObject)).ToList();
        foreach (var twice in drafts.GroupBy(draft => draft.Id, StringComparer.Ordinal).Where(group => group.Count() > 1)) problems.Error(ProblemCodes.BadPlan, SourcePosition.None, $"the plan has {twice.Count()} tasks of the id '{twice.Key}'. Give each its own.");
        var known = drafts.Select(draft => draft.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var draft in drafts)
        {
            if (!NodeId.IsValid(draft.Id)) problems.Error(ProblemCodes.BadPlan, SourcePosition.None, $"'{draft.Id}' is no task id: a letter, then letters, digits, '_' and '-'.");
            if (draft.Complexity.Length > 0 && !TierRouter.Complexities.Contains(draft.Complexity)) problems.Error(ProblemCodes.BadPlan, SourcePosition.None, $"the task '{draft.Id}' has the complexity '{draft.Complexity}'. Write one of {string.Join(", ", TierRouter.Complexities)}.");
            foreach (var parent in draft.DependsOn.Where(parent => !known.Contains(parent))) problems.Error(ProblemCodes.BadPlan, SourcePosition.None, $"the task '{draft.Id}' depends on '{parent}', which the plan does not have.{DidYouMean.Hint(parent, known)}");
        }
        return problems.HasErrors ? null : new TaskPlan(drafts) { Uncovered = Texts(answer.AsObject, "uncovered"), Assumptions = Texts(answer.AsObject, "assumptions") };
    }

    /// <summary>Which parallel set each task stands in, from 0; tasks in a circle stand in none.</summary>
    public IReadOnlyDictionary<string, int> Sets()
    {
        var sets = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var left = Tasks.ToList(); left.Count > 0;)
        {
            var ready = left.Where(task => task.DependsOn.All(sets.ContainsKey)).ToList();
            if (ready.Count == 0) break;
            var found = ready.ConvertAll(task => (task.Id, Set: task.DependsOn.Select(parent => sets[parent] + 1).DefaultIfEmpty(0).Max()));
            foreach (var (id, set) in found) sets[id] = set;
            left.RemoveAll(task => sets.ContainsKey(task.Id));
        }
        return sets;
    }

    private static TaskDraft Read(ValueMap task) => new()
    {
        Id = task.GetOrNull("id").TextOrNull ?? "",
        Name = task.GetOrNull("name").TextOrNull ?? task.GetOrNull("id").TextOrNull ?? "",
        Description = task.GetOrNull("description").TextOrNull ?? "",
        Agent = task.GetOrNull("agent").TextOrNull ?? "",
        DependsOn = Texts(task, "depends_on"),
        Outputs = Texts(task, "outputs"),
        Acceptance = Texts(task, "acceptance"),
        EstimateMinutes = task.GetOrNull("estimate_minutes") is { IsNumeric: true } minutes ? Math.Clamp(minutes.AsNumber, 0, 60 * 24 * 365) : 0,
        Touches = Texts(task, "touches"),
        Complexity = task.GetOrNull("complexity").TextOrNull ?? "",
    };

    private static IReadOnlyList<string> Texts(ValueMap from, string key) => from.GetOrNull(key) is { IsList: true } list ? [.. list.Items.Select(item => item.ToDisplayText()).Distinct(StringComparer.Ordinal)] : [];
}
