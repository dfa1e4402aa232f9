using System.Globalization;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

public sealed partial class CoordinatorNode : ICompositeNodeType
{
    private const string WorkName = "work", TasksName = "$tasks", RepairsName = "$repairs";

    private sealed record CoordinatorPlan(IReadOnlyList<CrewMember> Workers, ValueMap Inline, int TasksMax, int RoundsMax, int RepairsMax, string Conflict, double? ConfidenceMin);

    /// <param name="Key">The task's text, blanks and case aside: tasks with one key ask the same.</param>
    private sealed record WorkerTask(string Id, string Worker, string Task)
    {
        public string Key => string.Join(' ', Task.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        public Value ToValue() => ValueMap.Of(("id", Id), ("worker", Worker), ("task", Task));
        public static WorkerTask Of(Value kept) => new(kept.AsObject["id"].AsText, kept.AsObject["worker"].AsText, kept.AsObject["task"].AsText);
    }

    /// <summary>A task of some round with what came of it.</summary>
    private sealed record Finding(WorkerTask Asked, ChildOutcome Outcome)
    {
        public bool IsAnswered => Outcome.HasOutput;
        public string Result => Outcome.Output().ToDisplayText();
    }

    public object Plan(NodeSpec node, PlanContext context) => new CoordinatorPlan(Crew.Of(node, "workers", context.Workflow), Crew.Inline(node, "workers"),
        IntegerOf(node, "max_tasks", 10), IntegerOf(node, "max_rounds", 2), IntegerOf(node, "max_repairs", 2),
        node.Fields.GetOrNull("conflict").TextOrNull ?? "ask_synthesizer",
        node.Fields.GetOrNull("min_confidence") is { IsNumeric: true } least ? least.AsNumber : null);

    private static int IntegerOf(NodeSpec node, string field, int byDefault) => node.Fields.TryGetValue(field, out var value) ? (int)value.AsInteger : byDefault;

    public Advance Advance(AdvanceContext context)
    {
        var plan = (CoordinatorPlan)context.Node.Fields!;
        if (context.Last is not { } last) return Split(context, plan, [], "", 0, []);
        if (context.IsDryRun) return last.Opening.Fragment == SplitFragment ? Synthesize(context, plan, []) : Moves.Done(new AttemptOutcome.Completed(ChildResults.ResultOf(last)));
        var found = FindingsOf(context);
        if (last.Opening.Proposed is not null) return AfterWork(context, plan, found);
        if (ChildResults.FailureOf(context, last) is { } failure) return Moves.Failed(failure, Moves.LimitOf(failure.Code), Undone(found));
        return last.Opening.Fragment == SplitFragment ? AfterSplit(context, plan, last, found) : AfterSynthesis(context, plan, last, found);
    }

    private static Advance AfterSplit(AdvanceContext context, CoordinatorPlan plan, EndedScope last, List<Finding> found)
    {
        var repairs = (int)last.Bindings.AsObject[RepairsName].AsInteger;
        var asked = ChildResults.ResultOf(last).AsObject["tasks"].Items.Select(WorkerTask.Of).ToList();
        // A task given twice to one worker, or done in an earlier round, is done once.
        var known = found.Where(finding => finding.IsAnswered).Select(finding => (finding.Asked.Worker, finding.Asked.Key)).ToHashSet();
        var tasks = asked.Where(task => known.Add((task.Worker, task.Key))).ToList();
        var problems = ProblemsOf(plan, tasks, found);
        if (asked.Count == 0 && found.Count == 0) problems.Add("there are no tasks. Give at least one.");
        if (problems.Count > 0)
        {
            return repairs < plan.RepairsMax ? Split(context, plan, found, MissingOf(last), repairs + 1, problems)
                : Moves.Failed(ErrorCode.InvalidOutput, $"the split is not valid, after {repairs} {(repairs == 1 ? "repair" : "repairs")}: {string.Join(" · ", problems)}", "max_repairs", Undone(found));
        }
        if (tasks.Count == 0) return Synthesize(context, plan, found);   // nothing new to ask
        var nodes = tasks.Select(task => Value.Of(ValueMap.Of(("id", task.Id), ("type", "agent"), ("agent", task.Worker), ("prompt", $"{{{{ work['{task.Id}'] }}}}"))));
        var opened = context.Propose(new Proposal("dispatch", Value.Of(nodes)) { Names = [WorkName], Agents = plan.Inline }, null);
        if (opened.Fragment is null)
        {
            return repairs < plan.RepairsMax ? Split(context, plan, found, MissingOf(last), repairs + 1, opened.Problems)
                : Moves.Failed(ErrorCode.InvalidOutput, $"the split is not valid: {string.Join(" · ", opened.Problems)}", "max_repairs", Undone(found));
        }
        var texts = ValueMap.Of(tasks.Select(task => KeyValuePair.Create(task.Id, Value.Of(task.Task))));
        return Moves.Open(context, opened.Fragment, ValueMap.Of((WorkName, texts), (TasksName, Value.Of(tasks.Select(task => task.ToValue())))));
    }

    private static List<string> ProblemsOf(CoordinatorPlan plan, List<WorkerTask> tasks, List<Finding> found)
    {
        var problems = new List<string>();
        if (tasks.Count > plan.TasksMax) problems.Add($"there are {tasks.Count} tasks, and max_tasks is {plan.TasksMax}. Put some together.");
        foreach (var task in tasks.Where(task => plan.Workers.All(worker => worker.Name != task.Worker)))
            problems.Add($"task '{task.Id}' is for '{task.Worker}', who is none of the workers.{DidYouMean.Hint(task.Worker, plan.Workers.Select(worker => worker.Name))} Choose among {string.Join(", ", plan.Workers.Select(worker => worker.Name))}.");
        foreach (var id in tasks.Select(task => task.Id).Concat(found.Select(finding => finding.Asked.Id)).GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key))
            problems.Add($"the id '{id}' is used twice. Give each task an id of its own.");
        return problems;
    }

    private static Advance AfterWork(AdvanceContext context, CoordinatorPlan plan, List<Finding> found)
    {
        if (ChildResults.FailureOf(context, context.Last!) is { } failure && (ChildResults.EndsPattern(failure) || !found.Exists(finding => finding.IsAnswered))) return Moves.Failed(failure, Moves.LimitOf(failure.Code), Undone(found));
        return Synthesize(context, plan, found);
    }

    private static Advance AfterSynthesis(AdvanceContext context, CoordinatorPlan plan, EndedScope last, List<Finding> found)
    {
        var said = ChildResults.ResultOf(last).AsObject;
        var rounds = context.History.Count(scope => scope.Opening.Proposed is not null);
        var failed = found.Where(finding => !finding.IsAnswered).ToList();
        var missing = said.GetOrNull("missing").TextOrNull ?? "";
        var isSure = plan.ConfidenceMin is not { } least || said["confidence"].AsNumber >= least;
        var isEnough = plan.ConfidenceMin is null ? said["enough"].AsBoolean : isSure;
        var hadNothingNew = context.History.Reverse().Skip(1).FirstOrDefault() is { Opening: { Proposed: null, Fragment: SplitFragment } };
        if (!isEnough && rounds < plan.RoundsMax && !hadNothingNew && !context.StopWhenHeld) return Split(context, plan, found, missing, 0, []);
        var signal = ValueMap.Of(("rounds", rounds), ("tasks", found.Count), ("failed", failed.Count), ("ended_by", isEnough ? plan.ConfidenceMin is null ? "enough" : "confidence" : context.StopWhenHeld ? "stop_when" : hadNothingNew ? "no_progress" : "max_rounds"), ("undone", Value.OfTexts([.. Undone(found)])));
        var reasons = new List<string>();
        if (!isEnough) reasons.Add($"{(hadNothingNew ? "no new task was found" : $"max_rounds {plan.RoundsMax} is used up")}{(isSure ? "" : string.Create(CultureInfo.InvariantCulture, $", the confidence {said["confidence"].AsNumber:0.##} is below min_confidence {plan.ConfidenceMin:0.##}"))}, still missing: {Excerpt.Of(missing, 300)}");
        if (failed.Count > 0) reasons.Add($"left undone: {string.Join("; ", failed.Select(finding => $"'{finding.Asked.Id}' ({finding.Asked.Worker}) {ChildResults.Words(finding.Outcome)}"))}");
        return Moves.Done(reasons.Count == 0 ? new AttemptOutcome.Completed(said["answer"], signal) : new AttemptOutcome.Degraded(said["answer"], string.Join(". ", reasons), signal));
    }

    private static Advance.Open Split(AdvanceContext context, CoordinatorPlan plan, List<Finding> found, string missing, int repairs, IReadOnlyList<string> problems)
    {
        var work = ValueMap.Of(("workers", Crew.Describe(plan.Workers)), ("tasks_max", plan.TasksMax), ("done", Described(found.Where(finding => finding.IsAnswered))),
            ("missing", missing), ("problems", Value.OfTexts(problems)));
        return Moves.Open(context, SplitFragment, ValueMap.Of((WorkName, work), (RepairsName, repairs)));
    }

    /// <summary>Shows the findings to the owner of the answer; where a rule settles contradictions, only what won.</summary>
    private static Advance.Open Synthesize(AdvanceContext context, CoordinatorPlan plan, List<Finding> found)
    {
        var shown = new List<Finding>();
        var conflicts = new List<string>();
        foreach (var same in found.Where(finding => finding.IsAnswered).GroupBy(finding => finding.Asked.Key, StringComparer.Ordinal))
        {
            var answers = same.GroupBy(finding => finding.Result.Trim(), StringComparer.Ordinal).ToList();
            if (answers.Count == 1 || plan.Conflict == "ask_synthesizer") shown.AddRange(same);
            else shown.Add(plan.Conflict == "first" ? same.First() : answers.MaxBy(group => group.Count())!.First());
            if (answers.Count > 1 && plan.Conflict == "ask_synthesizer") conflicts.Add($"{string.Join(", ", same.Select(finding => finding.Asked.Id))}: {same.First().Asked.Task}");
        }
        var failed = found.Where(finding => !finding.IsAnswered).Select(finding => Value.Of(ValueMap.Of(("id", finding.Asked.Id), ("worker", finding.Asked.Worker), ("problem", ChildResults.Words(finding.Outcome)))));
        return Moves.Open(context, SynthesisFragment, ValueMap.Of((WorkName, ValueMap.Of(("done", Described(shown)), ("failed", Value.Of(failed)), ("conflicts", Value.OfTexts(conflicts))))));
    }

    private static Value Described(IEnumerable<Finding> findings) => Value.Of(findings.Select(finding =>
        Value.Of(ValueMap.Of(("id", finding.Asked.Id), ("worker", finding.Asked.Worker), ("task", finding.Asked.Task), ("result", finding.Result)))));

    private static List<Finding> FindingsOf(AdvanceContext context) =>
    [
        .. context.History.Where(scope => scope.Opening.Proposed is not null).SelectMany(scope => scope.Bindings.AsObject[TasksName].Items.Select(WorkerTask.Of)
            .Select(task => new Finding(task, scope.Children.First(child => child.Id == task.Id)))),
    ];

    private static IEnumerable<string> Undone(List<Finding> found) => found.Where(finding => !finding.IsAnswered).Select(finding => finding.Asked.Id);

    private static string MissingOf(EndedScope split) => split.Bindings.AsObject[WorkName].AsObject.GetOrNull("missing").TextOrNull ?? "";
}
