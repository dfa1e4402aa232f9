using System.Text.Json;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

public sealed partial class PlannerNode : ICompositeNodeType
{
    private const int ResultCharsMax = 600;
    private const string PlanningName = "planning", StateName = "$state";
    private static readonly Dictionary<string, string> Forms = new(StringComparer.Ordinal)
    {
        ["agent"] = "asks a model. Fields: `prompt` (text), `agent` (a name) or nothing for the default model, `output_schema` (JSON Schema, when the result is to be data), `tools` (names)",
        ["map"] = "once per item of a list. Fields: `over` (an expression that gives a list), `as` (the item's name), `prompt` or `body` (a node)",
        ["set"] = "a value from templates, without a model. Fields: `value`",
        ["loop"] = "rounds until an expression holds. Fields: `body` (nodes), `until` (an expression), `max_iterations`",
        ["evaluator_loop"] = "a writer and a judge, in rounds. Fields: `generator` and `evaluator` (each `prompt`), `max_iterations`",
        ["http"] = "a request. Fields: `url`, `method`, `headers`, `body`",
        ["bash"] = "a command. Fields: `command`",
        ["python_exec"] = "Python code that reads `inputs` and prints its result. Fields: `code`",
        ["tool"] = "a tool. Fields: `tool` (a name), `arguments` (data)",
        ["planner"] = "plans a part of the work by itself. Fields: `prompt`",
        ["approval_gate"] = "waits until people approve. Fields: `prompt_to_human`",
    };

    private sealed record PlannerPlan(ValueMap Catalogue, ProposalRules Rules, int ReplansMax, int RepairsMax, bool IsApproved, Value Check, string OnBad, string? EscalateTo);

    /// <summary>What goes from scope to scope.</summary>
    /// <param name="Replans">How often what was left was planned, tried or escalated again.</param>
    /// <param name="Tasks">The plan that is being looked at or carried out, as it was written.</param>
    private sealed record State(int Replans, int Repairs, Value Tasks, string Reasoning)
    {
        public Value ToValue() => ValueMap.Of(("replans", Replans), ("repairs", Repairs), ("tasks", Tasks), ("reasoning", Reasoning));
        public static State Of(EndedScope scope) => scope.Bindings.AsObject[StateName].AsObject is var kept
            ? new((int)kept["replans"].AsInteger, (int)kept["repairs"].AsInteger, kept["tasks"], kept["reasoning"].AsText) : throw new InvalidOperationException();
    }

    public object Plan(NodeSpec node, PlanContext context)
    {
        var types = AllowedTypes(node);
        var agents = Crew.Texts(node, "allowed_agents");
        var tools = Crew.Texts(node, "allowed_tools");
        var rules = new ProposalRules
        {
            AllowedTypes = types,
            AllowedAgents = agents,
            AllowedTools = tools,
            NodesMax = IntegerOf(node, "max_nodes", 50),
            DepthMax = IntegerOf(node, "max_depth", 3),
        };
        var members = agents.Select(name => Crew.Member(name, context.Workflow.Agents.TryGetValue(name, out var agent) && agent.IsObject ? agent.AsObject : ValueMap.Empty));
        var catalogue = ValueMap.Of(
            ("types", Value.Of(types.Select(type => Value.Of(ValueMap.Of(("name", type), ("form", Forms.GetValueOrDefault(type, ""))))))),
            ("agents", Crew.Describe(members)), ("tools", Value.OfTexts(tools)), ("nodes_max", rules.NodesMax));
        var monitor = MonitorOf(node);
        return new PlannerPlan(catalogue, rules, IntegerOf(node, "max_replans", 2), IntegerOf(node, "max_repairs", 2), NeedsApproval(node),
            monitor.GetOrNull("check"), monitor.GetOrNull("on_bad").TextOrNull ?? "replan", node.Policy.EscalateTo);
    }

    private static int IntegerOf(NodeSpec node, string field, int byDefault) => node.Fields.TryGetValue(field, out var value) ? (int)value.AsInteger : byDefault;

    public Advance Advance(AdvanceContext context)
    {
        var plan = (PlannerPlan)context.Node.Fields!;
        if (context.IsDryRun) return context.Last is null ? Ask(context, plan, new State(0, 0, Value.Null, ""), new PlanProgress(), []) : Moves.Done(new AttemptOutcome.Completed(ValueMap.Empty));
        if (context.ProposedDepth >= plan.Rules.DepthMax)
            return Moves.Failed(ErrorCode.BadRequest, $"planners lie {context.ProposedDepth + 1} deep, and max_depth is {plan.Rules.DepthMax}", "max_depth", []);
        var progress = PlanProgress.Of(context, scope => State.Of(scope).Tasks);
        if (context.Last is not { } last) return Ask(context, plan, new State(0, 0, Value.Null, ""), progress, []);
        var state = State.Of(last);
        if (last.Opening.Proposed is not null) return AfterWork(context, plan, state, progress);
        if (ChildResults.FailureOf(context, last) is { } failure)
            return Moves.Failed(progress.Done.Count == 0 ? failure : failure with { Message = $"{failure.Message}. {Account(progress)}" }, Moves.LimitOf(failure.Code), Undone(progress));
        return last.Opening.Fragment == 0 ? AfterPlan(context, plan, state, progress, last) : Carry(context, plan, state, progress);
    }

    /// <summary>A proposal came: it is accepted, goes back to be mended, or is given up.</summary>
    private static Advance AfterPlan(AdvanceContext context, PlannerPlan plan, State state, PlanProgress progress, EndedScope last)
    {
        var answer = ChildResults.ResultOf(last).AsObject;
        var done = progress.Done.Keys.ToList();
        var tasks = answer["nodes"];
        var problems = tasks.Items.Select(PlanTasks.IdOf).Where(progress.Done.ContainsKey).Select(id => $"node '{id}' is done already and keeps its result. Leave it out.").ToList();
        if (state.Replans > 0 && tasks == state.Tasks) problems.Add("this is the plan that has just failed. Propose another way.");
        if (problems.Count == 0) problems.AddRange(context.Propose(new Proposal("execute", PlanTasks.WithoutEdgesTo(tasks, done)) { Names = [.. done, PlanningName] }, plan.Rules).Problems);
        if (problems.Count > 0)
        {
            if (state.Repairs < plan.RepairsMax) return Ask(context, plan, state with { Repairs = state.Repairs + 1 }, progress, problems, answer["nodes"]);
            var what = $"the plan is not valid, after {state.Repairs} {(state.Repairs == 1 ? "repair" : "repairs")}: {string.Join(" · ", problems)}";
            return Moves.Failed(ErrorCode.InvalidOutput, done.Count == 0 ? what : $"{what}. {Account(progress)}", "max_repairs", Undone(progress));
        }
        var accepted = state with { Tasks = tasks, Reasoning = answer["reasoning"].ToDisplayText(), Repairs = 0 };
        if (!plan.IsApproved) return Carry(context, plan, accepted, progress);
        var text = $"{accepted.Reasoning}\n\n{JsonSerializer.Serialize(JsonElement.Parse(ValueJson.ToUtf8(tasks)), Indented)}";
        return Moves.Open(context, 1, ValueMap.Of((PlanningName, ValueMap.Of(("text", text))), (StateName, accepted.ToValue())));
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Opens the tasks, each with its check behind it, what is done bound by name.</summary>
    private static Advance Carry(AdvanceContext context, PlannerPlan plan, State state, PlanProgress progress)
    {
        var tasks = PlanTasks.WithoutEdgesTo(state.Tasks, [.. progress.Done.Keys]);
        var nodes = plan.Check.IsNull ? tasks : PlanTasks.Watched(tasks, plan.Check);
        var opened = context.Propose(new Proposal("execute", nodes) { Names = [.. progress.Done.Keys, PlanningName] }, null);
        if (opened.Fragment is null)
            return Moves.Failed(ErrorCode.InvalidOutput, $"the plan cannot be carried out with its checks: {string.Join(" · ", opened.Problems)}", "failure", tasks.Items.Select(PlanTasks.IdOf));
        var told = ValueMap.Of(("problems", ValueMap.Of(progress.Bad.Select(pair => KeyValuePair.Create(pair.Key, Value.Of(pair.Value))))),
            ("tasks", ValueMap.Of(state.Tasks.Items.Select(task => KeyValuePair.Create(PlanTasks.IdOf(task), task)))));
        return Moves.Open(context, opened.Fragment, progress.Outputs().With(PlanningName, told).With(StateName, state.ToValue()));
    }

    private static Advance AfterWork(AdvanceContext context, PlannerPlan plan, State state, PlanProgress progress)
    {
        var signal = ValueMap.Of(("ended_by", progress.Left.Count == 0 ? "done" : context.StopWhenHeld ? "stop_when" : "skipped"), ("replans", state.Replans), ("tasks", progress.Done.Count), ("undone", Value.OfTexts([.. Undone(progress)])));
        if (progress.Left.Count == 0) return Moves.Done(new AttemptOutcome.Completed(progress.Result(), signal));
        if (context.StopWhenHeld) return Moves.Done(new AttemptOutcome.Degraded(progress.Result(), $"stopped by stop_when. {Account(progress)}", signal));
        if (progress.Spent is { } spent) return Moves.Failed(spent with { Message = $"{spent.Message}. {Account(progress)}" }, Moves.LimitOf(spent.Code), Undone(progress));
        if (plan.OnBad == "skip") return Moves.Done(new AttemptOutcome.Degraded(progress.Result(), Account(progress), signal));
        if (state.Replans == plan.ReplansMax)
            return Moves.Failed(ErrorCode.InvalidOutput, $"max_replans {plan.ReplansMax} is used up. {Account(progress)}", "max_replans", Undone(progress));
        var next = state with { Replans = state.Replans + 1, Repairs = 0 };
        if (plan.OnBad == "replan") return Ask(context, plan, next, progress, []);
        var left = progress.Left.Select(task => !progress.Bad.ContainsKey(PlanTasks.IdOf(task)) ? task
            : plan.OnBad == "escalate" ? PlanTasks.AskedOf(task, plan.EscalateTo!) : PlanTasks.Again(task));
        return Carry(context, plan, next with { Tasks = Value.Of(left) }, progress);
    }

    private static Advance.Open Ask(AdvanceContext context, PlannerPlan plan, State state, PlanProgress progress, IReadOnlyList<string> problems, Value refused = default)
    {
        var planning = plan.Catalogue
            .With("done", Value.Of(progress.Done.Values.Select(child => Value.Of(ValueMap.Of(("id", child.Id), ("result", Excerpt.Of(child.Output().ToDisplayText(), ResultCharsMax)))))))
            .With("bad", Value.Of(progress.Bad.Select(pair => Value.Of(ValueMap.Of(("id", pair.Key), ("problem", pair.Value))))))
            .With("undone", Value.Of(progress.Left)).With("problems", Value.OfTexts(problems)).With("refused", refused);
        return Moves.Open(context, 0, ValueMap.Of((PlanningName, planning), (StateName, state.ToValue())));
    }

    /// <summary>What was done, what went wrong and what is left, in a line.</summary>
    private static string Account(PlanProgress progress) =>
        $"Done: {Names(progress.Done.Keys)}; left undone: {Names(progress.Left.Select(PlanTasks.IdOf))}{(progress.Bad.Count == 0 ? "" : $"; because {string.Join("; ", progress.Bad.Select(pair => $"'{pair.Key}' {Excerpt.Of(pair.Value, 200)}"))}")}";

    private static IEnumerable<string> Undone(PlanProgress progress) => progress.Left.Select(PlanTasks.IdOf);

    private static string Names(IEnumerable<string> ids) => string.Join(", ", ids) is { Length: > 0 } text ? text : "nothing";
}
