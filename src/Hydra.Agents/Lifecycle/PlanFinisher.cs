using Hydra.Agents.Routing;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Agents.Lifecycle;

/// <summary>From tasks to the workflow that runs them: what the rules add, who escalates to whom, what conflicts. Pure.</summary>
public static class PlanFinisher
{
    private static readonly string[] UserInterface = ["ui", "page", "screen", "component", "frontend", "form", "dashboard", "interface"];
    /// <summary>Failures that say nothing about the model: after any other, a task on a lower tier than its agent's goes up at once.</summary>
    private static readonly string[] Unanswered = ["timeout", "idle_timeout", "rate_limited", "provider_error", "network"];
    private static readonly string[] Flags = ["feature flag", "flag", "a/b", "experiment"];

    /// <summary>Adds the tasks that the rules ask for and the plan lacks.</summary>
    /// <param name="fieldsOf">The keys of an agent; null: there is none.</param>
    public static TaskPlan AddTriggered(TaskPlan plan, RoutingRules rules, Func<string, ValueMap?> fieldsOf)
    {
        var tasks = plan.Tasks.ToList();
        foreach (var rule in rules.Triggers)
        {
            if (fieldsOf(rule.Add) is null || tasks.Exists(task => task.Agent == rule.Add)) continue;
            var by = tasks.Where(task => Triggers(rule.On, task, fieldsOf)).Select(task => task.Id).ToList();
            // What was added for the same reason checks the same work: a review sees the tests as well.
            by.AddRange(tasks.Where(task => task.Reason == ReasonOf(rule.On, task.Agent)).Select(task => task.Id));
            if (by.Count == 0) continue;
            var id = Slug.Of(rule.Name.Length > 0 ? rule.Name : rule.Add, tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal));
            tasks.Add(new TaskDraft { Id = id, Name = rule.Name.Length > 0 ? rule.Name : rule.Add, Description = rule.Description, Agent = rule.Add, DependsOn = by, EstimateMinutes = 45, Reason = ReasonOf(rule.On, rule.Add) });
        }
        return plan with { Tasks = tasks };
    }

    /// <summary>Gives every task whose agent writes files a git worktree of its own.</summary>
    public static TaskPlan InWorktrees(TaskPlan plan, IReadOnlyList<string> checks, Func<string, ValueMap?> fieldsOf) => plan with
    {
        Tasks = [.. plan.Tasks.Select(task => fieldsOf(task.Agent)?.GetOrNull("tools") is { IsList: true } tools && tools.Items.Any(tool => tool.ToDisplayText() == "write_file") ? task with { WorktreeChecks = checks } : task)],
    };

    /// <summary>Gives every task the tier that it asks for, where that is not its agent's own.</summary>
    public static TaskPlan WithTiers(TaskPlan plan, RoutingRules rules, Func<string, ValueMap?> fieldsOf) => plan with
    {
        Tasks = [.. plan.Tasks.Select(task => TierRouter.Choose(rules, task.Name, task.Complexity, fieldsOf(task.Agent)?.GetOrNull("model").TextOrNull) is { } choice
            ? task with { Model = choice.Tier, StepsUpTo = choice.StepsUpTo, Reason = task.Reason.Length > 0 ? $"{task.Reason}; {choice.Reason}" : choice.Reason }
            : task)],
    };

    private static string ReasonOf(string trigger, string agent) => $"trigger: {trigger} → {agent}";

    private static bool Triggers(string trigger, TaskDraft task, Func<string, ValueMap?> fieldsOf)
    {
        var fields = fieldsOf(task.Agent);
        var holds = fields?.GetOrNull("tools") is { IsList: true } tools ? [.. tools.Items.Select(tool => tool.ToDisplayText())] : Array.Empty<string>();
        return trigger switch
        {
            "code-change" => holds.Contains("bash") && holds.Contains("write_file") && task.Agent is not ("technical-writer" or "test-writer-fixer" or "git-workflow"),
            "ui-change" => task.Agent is "frontend-developer" or "mobile-app-builder" || (holds.Contains("write_file") && SpecialistRouter.Matches($"{task.Name} {task.Description}", UserInterface).Count > 0),
            _ => SpecialistRouter.Matches($"{task.Name} {task.Description}", Flags).Count > 0,
        };
    }

    /// <summary>The workflow of a plan; null where it is wrong, which is then in <paramref name="problems"/>.</summary>
    public static WorkflowSpec? ToWorkflow(TaskPlan plan, Brief brief, string epic, RoutingRules rules, IReadOnlyDictionary<string, INodeType> types, ProblemList problems)
    {
        var conflicts = Conflicts(plan.Tasks);
        var written = ValueMap.Of(
            ("name", epic),
            ("description", brief.Problem.Length > 0 ? brief.Problem : brief.Title),
            ("tags", ValueMap.Of(("epic", epic))),
            ("defaults", ValueMap.Of(("model", "balanced"))),
            ("nodes", Value.Of(plan.Tasks.Select(task => Value.Of(NodeOf(task, plan.Tasks, brief, rules, conflicts.GetValueOrDefault(task.Id) ?? []))))));
        var spec = SpecBinder.Bind(SourceNode.From(written), types, problems);
        return problems.HasErrors ? null : spec;
    }

    private static ValueMap NodeOf(TaskDraft task, IReadOnlyList<TaskDraft> all, Brief brief, RoutingRules rules, IReadOnlyList<string> conflicts)
    {
        var node = new ValueMap.Builder { ["id"] = task.Id, ["type"] = ModelCallFields.NodeType, ["agent"] = task.Agent };
        if (task.Model is not null) node["model"] = task.Model;
        node["prompt"] = PromptOf(task, all, brief);
        if (task.DependsOn.Count > 0) node["depends_on"] = Value.OfTexts(task.DependsOn);
        if (task.EstimateMinutes > 0) node["estimate_seconds"] = (long)Math.Ceiling(task.EstimateMinutes * 60);
        if (conflicts.Count > 0) node["conflicts_with"] = Value.OfTexts(conflicts);
        if (task.WorktreeChecks is { } checks) node["worktree"] = checks.Count == 0 ? ValueMap.Empty : ValueMap.Of(("checks", Value.OfTexts(checks)));
        node["retry"] = task.StepsUpTo is null
            ? ValueMap.Of(("max_attempts", rules.EscalateAfter))
            : ValueMap.Of(("max_attempts", rules.EscalateAfter), ("retry_on", Value.OfTexts(Unanswered)));
        if (task.StepsUpTo is { } own) node["fallback"] = ValueMap.Of(("models", Value.OfTexts([own])));
        if (rules.EscalateTo is { } boss && boss != task.Agent) (node["on_failure"], node["escalate_to"]) = ("escalate", boss);
        var tags = new ValueMap.Builder { ["chosen"] = task.Reason.Length > 0 ? task.Reason : "by the planner" };
        if (task.Touches.Count > 0) tags["touches"] = string.Join(", ", task.Touches);
        node["tags"] = tags.Build();
        return node.Build();
    }

    private static string PromptOf(TaskDraft task, IReadOnlyList<TaskDraft> all, Brief brief)
    {
        var lines = new List<string> { $"# {Literal(task.Name)}", "", Literal(task.Description) };
        if (brief.Summary.Length > 0 && task.DependsOn.Count == 0) lines.AddRange(["", "## The project", "", Literal(brief.Summary)]);
        List("You deliver:", task.Outputs);
        List("It is accepted when:", task.Acceptance);
        foreach (var parent in task.DependsOn) lines.AddRange(["", $"## Result of {Literal(all.First(each => each.Id == parent).Name)}", "", $"{{{{ nodes['{parent}'].output }}}}"]);
        return string.Join('\n', lines);

        void List(string heading, IReadOnlyList<string> items)
        {
            if (items.Count > 0) lines.AddRange(["", heading, .. items.Select(item => "- " + Literal(item))]);
        }
    }

    /// <summary>Tasks that touch one path, or one a folder of the other's, and that no edge keeps apart; each pair stands at the later one.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Conflicts(IReadOnlyList<TaskDraft> tasks)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        for (var i = 1; i < tasks.Count; i++)
        {
            var at = i;
            var clashing = tasks[i].Touches.Count == 0 ? [] : tasks.Take(at).Where(other => other.Touches.Any(theirs => tasks[at].Touches.Any(own => Overlap(own, theirs)))).Select(other => other.Id).ToList();
            if (clashing.Count > 0) found[tasks[i].Id] = clashing;
        }
        return found;
    }

    private static bool Overlap(string one, string other)
    {
        var (a, b) = (one.Trim().TrimEnd('/'), other.Trim().TrimEnd('/'));
        return a == b || a.StartsWith(b + "/", StringComparison.Ordinal) || b.StartsWith(a + "/", StringComparison.Ordinal);
    }

    /// <summary>Text of the plan is text in the prompt, whatever it looks like to a template.</summary>
    private static string Literal(string text) => text.Replace("{{", "{ {", StringComparison.Ordinal).Replace("{%", "{ %", StringComparison.Ordinal).Replace("{#", "{ #", StringComparison.Ordinal);
}
