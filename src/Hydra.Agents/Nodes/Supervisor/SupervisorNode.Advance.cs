using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

public sealed partial class SupervisorNode : ICompositeNodeType
{
    private const int PlanFragment = 0, StageFragment = 1, AnswerFragment = 2, CheckpointFragment = 3;
    private const string StateName = "$state";

    private sealed record SupervisorPlan(Value Teams, IReadOnlyList<string> TeamNames, string Checkpoint, int ReplansMax, int StepsMax, int RepairsMax, double? ConfidenceMin);

    private sealed record Step(string Id, string Team, string Task, IReadOnlyList<string> Needs)
    {
        public Value ToValue() => ValueMap.Of(("id", Id), ("team", Team), ("task", Task), ("needs", Value.OfTexts(Needs)));
        public static Step Of(Value kept) => kept.AsObject is var map
            ? new(map["id"].AsText, map["team"].AsText, map["task"].AsText, map.GetOrNull("needs") is { IsList: true } needs ? [.. needs.Items.Select(need => need.AsText)] : []) : throw new InvalidOperationException();
    }

    /// <summary>What goes from scope to scope.</summary>
    /// <param name="Stage">The steps that are at work, or have just been.</param>
    /// <param name="Left">Stages still to come.</param>
    /// <param name="EnoughBy">Why the rest is not needed: <c>finish</c> or <c>confidence</c>; empty: it is.</param>
    private sealed record State(int Replans, int Repairs, IReadOnlyList<Step> Stage, IReadOnlyList<IReadOnlyList<Step>> Left, string EnoughBy = "")
    {
        public static State Begin { get; } = new(0, 0, [], []);
        public Value ToValue() => ValueMap.Of(("replans", Replans), ("repairs", Repairs), ("stage", Steps(Stage)), ("left", Value.Of(Left.Select(Steps))), ("enough_by", EnoughBy));
        public static State Of(EndedScope scope) => scope.Bindings.AsObject[StateName].AsObject is var kept
            ? new((int)kept["replans"].AsInteger, (int)kept["repairs"].AsInteger, Read(kept["stage"]), [.. kept["left"].Items.Select(Read)], kept.GetOrNull("enough_by").TextOrNull ?? "") : throw new InvalidOperationException();
        public static Value Steps(IReadOnlyList<Step> steps) => Value.Of(steps.Select(step => step.ToValue()));
        private static IReadOnlyList<Step> Read(Value steps) => [.. steps.Items.Select(Step.Of)];
    }

    /// <summary>Steps done, with their results, and what went wrong in the last stage.</summary>
    private sealed record Progress(Dictionary<string, (Step Step, Value Result)> Done, Dictionary<string, string> Bad, int Tried);

    public object Plan(NodeSpec node, PlanContext context)
    {
        var teams = TeamsOf(node);
        return new SupervisorPlan(
            Value.Of(teams.Select(team => Value.Of(ValueMap.Of(("name", team.Id.Text), ("description", team.Policy.Tags?.GetValueOrDefault("description") ?? team.Fields.GetOrNull("agent").TextOrNull ?? team.Type))))),
            [.. teams.Select(team => team.Id.Text)], CheckpointOf(node), IntegerOf(node, "max_replans", 2), IntegerOf(node, "max_steps", 20), IntegerOf(node, "max_repairs", 2),
            node.Fields.GetOrNull("min_confidence") is { IsNumeric: true } least ? least.AsNumber : null);
    }

    private static int IntegerOf(NodeSpec node, string field, int byDefault) => node.Fields.TryGetValue(field, out var value) ? (int)value.AsInteger : byDefault;

    public Advance Advance(AdvanceContext context)
    {
        var plan = (SupervisorPlan)context.Node.Fields!;
        if (context.Last is not { } last) return Ask(context, plan, State.Begin, new Progress([], [], 0), []);
        if (context.IsDryRun) return last.Opening.Fragment == PlanFragment ? Answer(context, new Progress([], [], 0)) : Moves.Done(new AttemptOutcome.Completed(ChildResults.ResultOf(last)));
        var state = State.Of(last);
        var progress = ProgressOf(context);
        if (ChildResults.FailureOf(context, last) is { } failure)
            return Moves.Failed(progress.Done.Count == 0 ? failure : failure with { Message = $"{failure.Message}. {Account(state, progress)}" }, Moves.LimitOf(failure.Code), Undone(state, progress));
        switch (last.Opening.Fragment)
        {
            case PlanFragment: return AfterPlan(context, plan, state, progress, ChildResults.ResultOf(last));
            case StageFragment: return AfterStage(context, plan, state, progress);
            case AnswerFragment: return AfterAnswer(context, plan, state, progress, ChildResults.ResultOf(last));
            default:
                var review = plan.Checkpoint == "review" ? ChildResults.ResultOf(last).AsObject : ValueMap.Empty;
                var decision = review.GetOrNull("decision").TextOrNull ?? "continue";
                var isSure = plan.ConfidenceMin is { } least && review["confidence"].AsNumber >= least;
                if (isSure || decision == "finish") return Answer(context, progress, state with { EnoughBy = isSure ? "confidence" : "finish" });
                return decision == "replan" && state.Replans < plan.ReplansMax ? Ask(context, plan, state with { Replans = state.Replans + 1, Repairs = 0 }, progress, []) : Next(context, plan, state, progress);
        }
    }

    private static Advance AfterPlan(AdvanceContext context, SupervisorPlan plan, State state, Progress progress, Value answer)
    {
        var stages = answer.AsObject["stages"].Items.Select(stage => (IReadOnlyList<Step>)[.. stage.AsObject["steps"].Items.Select(Step.Of)]).ToList();
        var problems = ProblemsOf(plan, stages, progress);
        if (problems.Count == 0) return Next(context, plan, state with { Left = stages, Repairs = 0 }, progress);
        if (state.Repairs < plan.RepairsMax) return Ask(context, plan, state with { Repairs = state.Repairs + 1 }, progress, problems);
        var what = $"the plan is not valid, after {state.Repairs} {(state.Repairs == 1 ? "repair" : "repairs")}: {string.Join(" · ", problems)}";
        return Moves.Failed(ErrorCode.InvalidOutput, progress.Done.Count == 0 ? what : $"{what}. {Account(state, progress)}", "max_repairs", Undone(state, progress));
    }

    private static List<string> ProblemsOf(SupervisorPlan plan, List<IReadOnlyList<Step>> stages, Progress progress)
    {
        var problems = new List<string>();
        var known = progress.Done.Keys.ToHashSet(StringComparer.Ordinal);
        var all = stages.Sum(stage => stage.Count) + progress.Tried;
        if (stages.Count == 0 && progress.Done.Count == 0) problems.Add("the plan has no stages. Plan at least one.");
        if (all > plan.StepsMax) problems.Add($"with what was tried already there are {all} steps, and max_steps is {plan.StepsMax}. Do with fewer.");
        foreach (var stage in stages)
        {
            foreach (var step in stage)
            {
                if (!plan.TeamNames.Contains(step.Team)) problems.Add($"step '{step.Id}' is for '{step.Team}', which is none of the teams.{DidYouMean.Hint(step.Team, plan.TeamNames)} Choose among {string.Join(", ", plan.TeamNames)}.");
                foreach (var need in step.Needs.Where(need => !known.Contains(need))) problems.Add($"step '{step.Id}' needs '{need}', which is in no earlier stage. Correct the id, or move one of them.");
            }
            foreach (var step in stage)
            {
                if (!known.Add(step.Id)) problems.Add($"the id '{step.Id}' is used twice, or done already. Give each step an id of its own.");
            }
        }
        return problems;
    }

    private static Advance AfterStage(AdvanceContext context, SupervisorPlan plan, State state, Progress progress)
    {
        if (context.StopWhenHeld) return Answer(context, progress, state);
        if (progress.Bad.Count > 0)
        {
            if (state.Replans < plan.ReplansMax) return Ask(context, plan, state with { Replans = state.Replans + 1, Repairs = 0 }, progress, []);
            return progress.Done.Count == 0 ? Moves.Failed(ErrorCode.InvalidOutput, $"max_replans {plan.ReplansMax} is used up. {Account(state, progress)}", "max_replans", Undone(state, progress)) : Answer(context, progress, state);
        }
        if (state.Left.Count == 0 || plan.Checkpoint == "none") return Next(context, plan, state, progress);
        var shown = Shown(progress).With("left", Value.Of(state.Left.Select(State.Steps))).With("text", Account(state, progress));
        return Moves.Open(context, CheckpointFragment, ValueMap.Of((Bound, shown), (StateName, state.ToValue())));
    }

    /// <summary>The next stage; after the last one the answer.</summary>
    private static Advance Next(AdvanceContext context, SupervisorPlan plan, State state, Progress progress)
    {
        if (state.Left.Count == 0) return Answer(context, progress, state with { Stage = [] });
        var next = state with { Stage = state.Left[0], Left = [.. state.Left.Skip(1)] };
        var tasks = ValueMap.Of(plan.TeamNames.Select(team => KeyValuePair.Create(team, Value.OfTexts(next.Stage.Where(step => step.Team == team).Select(step => TextOf(step, progress)).ToList()))));
        return Moves.Open(context, StageFragment, ValueMap.Of(("stage", tasks), (StateName, next.ToValue())));
    }

    private static string TextOf(Step step, Progress progress) => step.Needs.Count == 0 ? step.Task
        : $"{step.Task}\n\nResults of earlier steps:\n{string.Join('\n', step.Needs.Select(need => $"- {need}: {progress.Done[need].Result.ToDisplayText()}"))}";

    private static Advance.Open Ask(AdvanceContext context, SupervisorPlan plan, State state, Progress progress, IReadOnlyList<string> problems)
    {
        var shown = Shown(progress).With("teams", plan.Teams).With("steps_max", plan.StepsMax - progress.Tried).With("problems", Value.OfTexts(problems));
        return Moves.Open(context, PlanFragment, ValueMap.Of((Bound, shown), (StateName, state.ToValue())));
    }

    private static Advance.Open Answer(AdvanceContext context, Progress progress, State? state = null) =>
        Moves.Open(context, AnswerFragment, ValueMap.Of((Bound, Shown(progress)), (StateName, (state ?? State.Begin).ToValue())));

    private static Advance AfterAnswer(AdvanceContext context, SupervisorPlan plan, State state, Progress progress, Value answer)
    {
        var undone = Undone(state, progress).ToList();
        var endedBy = state.EnoughBy.Length > 0 ? state.EnoughBy : undone.Count == 0 ? "done" : context.StopWhenHeld ? "stop_when" : state.Replans == plan.ReplansMax ? "max_replans" : "undone";
        var signal = ValueMap.Of(("ended_by", endedBy), ("replans", state.Replans), ("steps", progress.Done.Count), ("undone", Value.OfTexts(undone)));
        return Moves.Done(undone.Count == 0 || state.EnoughBy.Length > 0 ? new AttemptOutcome.Completed(answer, signal) : new AttemptOutcome.Degraded(answer, Account(state, progress), signal));
    }

    private static IEnumerable<string> Undone(State state, Progress progress) => progress.Bad.Keys.Concat(state.Left.SelectMany(stage => stage).Select(step => step.Id));

    private static ValueMap Shown(Progress progress) => ValueMap.Of(
        ("done", Value.Of(progress.Done.Values.Select(done => Value.Of(ValueMap.Of(("id", done.Step.Id), ("team", done.Step.Team), ("task", done.Step.Task), ("result", done.Result.ToDisplayText())))))),
        ("bad", Value.OfTexts(progress.Bad.Select(pair => $"{pair.Key}: {pair.Value}").ToList())));

    private static Progress ProgressOf(AdvanceContext context)
    {
        var progress = new Progress(new(StringComparer.Ordinal), new(StringComparer.Ordinal), 0);
        foreach (var scope in context.History.Where(scope => scope.Opening is { Fragment: StageFragment, Kind: ScopeKind.Round }))
        {
            progress.Bad.Clear();
            var stage = State.Of(scope).Stage;
            progress = progress with { Tried = progress.Tried + stage.Count };
            foreach (var team in scope.Children)
            {
                var steps = stage.Where(step => step.Team == team.Id).ToList();
                var results = team.HasOutput ? team.Output() : Value.Null;
                for (var i = 0; i < steps.Count; i++)
                {
                    if (results.IsList && !results.Items[i].IsNull) progress.Done[steps[i].Id] = (steps[i], results.Items[i]);
                    else progress.Bad[steps[i].Id] = ChildResults.Words(team);
                }
            }
        }
        return progress;
    }

    private static string Account(State state, Progress progress)
    {
        var undone = progress.Bad.Select(pair => $"'{pair.Key}' {pair.Value}").Concat(state.Left.SelectMany(stage => stage).Select(step => $"'{step.Id}'")).ToList();
        return $"Done: {(progress.Done.Count == 0 ? "nothing" : string.Join(", ", progress.Done.Keys))}; left undone: {(undone.Count == 0 ? "nothing" : string.Join("; ", undone))}";
    }
}
