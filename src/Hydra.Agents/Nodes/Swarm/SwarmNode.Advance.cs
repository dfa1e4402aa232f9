using Hydra.Execution;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Nodes;

public sealed partial class SwarmNode : ICompositeNodeType
{
    /// <summary>How often a peer whose answer was not accepted is asked again, in a row.</summary>
    internal const int RepairsMax = 2;

    public object Plan(NodeSpec node, PlanContext context)
    {
        var members = Crew.Of(node, "agents", context.Workflow);
        var mode = ModeOf(node);
        return new SwarmPlan
        {
            Mode = mode,
            Members = members,
            Inline = Crew.Inline(node, "agents"),
            Goal = context.Template(node.Fields["goal"].ToDisplayText()),
            Entry = node.Fields.GetOrNull("entry").TextOrNull ?? (members.Count > 0 ? members[0].Name : ""),
            Handoffs = node.Fields.GetOrNull("handoffs") is { IsObject: true } matrix
                ? matrix.AsObject.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)[.. pair.Value.Items.Select(name => name.AsText)], StringComparer.Ordinal) : null,
            HandoffsMax = IntegerOf(node, "max_handoffs", 10),
            RoundsMax = IntegerOf(node, "max_rounds", mode == "debate" ? 3 : 10),
            TasksMax = IntegerOf(node, "max_tasks", 20),
            Converge = node.Fields.GetOrNull("converge").TextOrNull ?? "vote",
            Until = node.Fields.GetOrNull("until") is { IsNull: false } until ? context.Expression(until.ToDisplayText()) : null,
            Shared = CompiledValue.Of(node.Fields.GetOrNull("shared_context"), context),
            EscalateTo = node.Policy.EscalateTo,
            AnswerSchema = node.Policy.OutputSchema,
        };
    }

    private static int IntegerOf(NodeSpec node, string field, int byDefault) => node.Fields.TryGetValue(field, out var value) ? (int)value.AsInteger : byDefault;

    public Advance Advance(AdvanceContext context)
    {
        var plan = (SwarmPlan)context.Node.Fields!;
        var goal = plan.Goal.Render(context.Scope, TemplateOptions.Default);
        var shared = plan.Shared.Evaluate(context.Scope);
        var history = context.IsDryRun ? new SwarmHistory { Context = new SharedContext(ValueMap.Empty) } : SwarmHistory.Of(context, shared.IsObject ? shared.AsObject : ValueMap.Empty);
        if (context.IsDryRun && context.Last is not null) return Moves.Done(new AttemptOutcome.Completed(ValueMap.Of(("answer", $"[dry run] {context.Path}"), ("trail", Value.EmptyList))));
        if (context.Last is { } last && ChildResults.FailureOf(context, last) is var spent && ChildResults.EndsPattern(spent))
            return Moves.Failed(spent with { Message = $"{spent.Message}. {SwarmEnd.Account(history)}" }, Moves.LimitOf(spent.Code), SwarmEnd.Undone(plan, goal, history));
        var swarm = new Swarm(context, plan, goal, history);
        return plan.Mode switch
        {
            "board" => BoardMode.Next(swarm),
            "debate" => DebateMode.Next(swarm),
            _ => HandoffMode.Next(swarm),
        };
    }
}

/// <summary>A swarm node, compiled.</summary>
internal sealed record SwarmPlan
{
    public required string Mode { get; init; }
    public required IReadOnlyList<CrewMember> Members { get; init; }
    public required ValueMap Inline { get; init; }
    public required Template Goal { get; init; }
    public required string Entry { get; init; }
    /// <summary>Null: everybody to everybody.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Handoffs { get; init; }
    public int HandoffsMax { get; init; }
    public int RoundsMax { get; init; }
    public int TasksMax { get; init; }
    public required string Converge { get; init; }
    public Template? Until { get; init; }
    public required CompiledValue Shared { get; init; }
    public string? EscalateTo { get; init; }
    public Value? AnswerSchema { get; init; }
}

/// <summary>A swarm as it stands when it decides.</summary>
internal sealed record Swarm(AdvanceContext Context, SwarmPlan Plan, string Goal, SwarmHistory History)
{
    /// <summary>Opens a round in which each of these turns is a node.</summary>
    /// <param name="names">What its prompt sees, by turn.</param>
    /// <param name="prompt">The prompt file; it reads <paramref name="bound"/>.</param>
    public Advance Open(IReadOnlyList<SwarmTurn> turns, string prompt, string bound, Func<SwarmTurn, ValueMap> names, ValueMap properties)
    {
        var schema = ValueMap.Of(("type", "object"), ("properties", properties));
        var nodes = turns.Select(turn =>
        {
            var node = ValueMap.Of(("id", turn.Id), ("type", "agent"), ("agent", turn.Agent), ("output_schema", schema),
                ("prompt", $"{{% set {bound} = all_turns['{turn.Id}'] %}}" + PromptFile.Read(prompt)));
            return Value.Of(turn.Handoff.GetOrNull("max_tokens") is { Kind: ValueKind.Integer } tokens ? node.With("budget", ValueMap.Of(("max_tokens", tokens))) : node);
        });
        var opened = Context.Propose(new Proposal("turns", Value.Of(nodes)) { Names = ["all_turns"], Agents = Plan.Inline }, null);
        if (opened.Fragment is null) return Moves.Failed(ErrorCode.BadRequest, $"the turn cannot be opened: {string.Join(" · ", opened.Problems)}", "failure", turns.Select(turn => Excerpt.Of(turn.Task, SwarmEnd.TaskCharsMax)));
        var shown = ValueMap.Of(turns.Select(turn => KeyValuePair.Create(turn.Id, Value.Of(names(turn)))));
        return Moves.Open(Context, opened.Fragment, ValueMap.Of(("all_turns", shown), (SwarmHistory.TurnsName, Value.Of(turns.Select(turn => turn.ToValue())))));
    }

    /// <summary>The fields of every peer's answer.</summary>
    public ValueMap AnswerFields => ValueMap.Of(("answer", Plan.AnswerSchema ?? Value.Of(ValueMap.Empty)), ("confidence", ValueMap.Of(("type", "number"), ("minimum", 0), ("maximum", 1))), ("writes", Writes));

    private static readonly Value Writes = Value.ParseJson("""{"type": ["array", "null"], "items": {"type": "object", "required": ["key", "value", "version"], "properties": {"key": {"type": "string"}, "version": {"type": "integer", "minimum": 0}}}}""");

    /// <summary>Whether <c>until</c> holds over an answer.</summary>
    public bool IsReached(Value answer, ValueMap? said)
    {
        if (Plan.Until is null) return false;
        var names = ValueMap.Of(("answer", answer), ("confidence", said?.GetOrNull("confidence") ?? Value.Null), ("turns", History.Turns.Count), ("round", History.Rounds), ("context", History.Context.Values()));
        return Template.IsTruthy(Plan.Until.Evaluate(new OverlaidScope(names, Context.Scope), TemplateOptions.Default));
    }
}

/// <summary>How a swarm ends: its answer with the trail, and what ended it.</summary>
internal static class SwarmEnd
{
    public static Advance Completed(Swarm swarm, Value answer, string by) => Moves.Done(new AttemptOutcome.Completed(ResultOf(swarm, answer), SignalOf(swarm, by)));

    /// <summary>With an answer degraded, else failed.</summary>
    public static Advance Short(Swarm swarm, Value answer, string by, string reason, ErrorCode? code = null, IReadOnlyList<string>? undone = null) => answer.IsNull
        ? Moves.Failed(code ?? ErrorCode.InvalidOutput, $"{reason}. {Account(swarm.History)}", by, undone ?? Undone(swarm.Plan, swarm.Goal, swarm.History))
        : Moves.Done(new AttemptOutcome.Degraded(ResultOf(swarm, answer), reason, undone is null ? SignalOf(swarm, by) : Value.Of(SignalOf(swarm, by).AsObject.With("undone", Value.OfTexts(undone)))));

    /// <summary>Who did what, in a line.</summary>
    public static string Account(SwarmHistory history) => history.Turns.Count == 0 ? "Nobody had a turn" :
        $"The trail: {string.Join(" → ", history.Turns.Select(turn => $"{turn.Turn.Agent}{(turn.Said is null ? " (failed)" : "")}"))}";

    /// <summary>What a swarm that fails leaves: the open tasks of a board, else what it was at last about.</summary>
    public static IEnumerable<string> Undone(SwarmPlan plan, string goal, SwarmHistory history) =>
        plan.Mode == "board" ? BoardMode.Undone(plan, goal, history) : [Excerpt.Of(history.Turns.Count == 0 ? goal : history.Turns[^1].Turn.Task, TaskCharsMax)];

    /// <summary>Characters of a task in a signal.</summary>
    public const int TaskCharsMax = 100;

    private static Value ResultOf(Swarm swarm, Value answer) => ValueMap.Of(("answer", answer), ("trail", swarm.History.Trail()));
    private static Value SignalOf(Swarm swarm, string by) => ValueMap.Of(("ended_by", by), ("turns", swarm.History.Turns.Count), ("rounds", swarm.History.Rounds));
}
