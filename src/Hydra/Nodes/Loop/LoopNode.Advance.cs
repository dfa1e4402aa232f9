using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

public sealed partial class LoopNode : ICompositeNodeType
{
    private sealed record LoopPlan(Template Until, int RoundsMax, string OnExhausted, Template? Carry);

    public object Plan(NodeSpec node, PlanContext context) => new LoopPlan(
        context.Expression(node.Fields["until"].ToDisplayText()),
        (int)node.Fields["max_iterations"].AsInteger,
        node.Fields.GetOrNull("on_exhausted").TextOrNull ?? "fail",
        node.Fields.TryGetValue("carry", out var carry) ? context.Expression(carry.ToDisplayText()) : null);

    public Advance Advance(AdvanceContext context)
    {
        var plan = (LoopPlan)context.Node.Fields!;
        if (context.Last is not { } round) return Open(context, 1, Value.EmptyText);

        // (1) A round that failed, or was cut short, has no result of its own.
        var previous = round.Bindings.AsObject["previous"];
        var failure = ChildResults.FailureOf(context, round);
        if (context.StopWhenHeld) return Done(new AttemptOutcome.Completed(failure is null ? ChildResults.ResultOf(round) : previous));
        if (failure is not null) return Done(failure);

        // (2) Its result, and whether that is what the loop is for.
        var result = ChildResults.ResultOf(round);
        var number = round.Opening.Ordinal;
        var names = ValueMap.Of(("iteration", number), ("previous", previous), ("output", result));
        var scope = new RoundScope(round, names, context.Scope);
        if (context.IsDryRun || Template.IsTruthy(plan.Until.Evaluate(scope, TemplateOptions.Default))) return Done(new AttemptOutcome.Completed(result));

        // (3) Another round, as long as there are some.
        if (number < plan.RoundsMax) return Open(context, number + 1, plan.Carry is null ? result : plan.Carry.Evaluate(scope, TemplateOptions.Default));
        var exhausted = $"`until` ({Excerpt.Of(plan.Until.Source)}) held in none of {plan.RoundsMax} rounds";
        return Done(plan.OnExhausted == "accept_last"
            ? new AttemptOutcome.Degraded(result, exhausted)
            : new AttemptOutcome.Failed(ErrorCode.InvalidOutput, exhausted + ". Raise max_iterations, or set `on_exhausted: accept_last`"));
    }

    private static Advance.Open Open(AdvanceContext context, int number, Value previous) =>
        new(new ScopeOpening(ScopeKind.Round, 0, number, 1, context.Keep(ValueMap.Of(("iteration", number), ("previous", previous)))));

    private static Advance.End Done(AttemptOutcome outcome) => new(outcome);
}
