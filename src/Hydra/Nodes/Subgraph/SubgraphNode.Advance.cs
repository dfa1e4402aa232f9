using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class SubgraphNode : ICompositeNodeType
{
    private sealed record SubgraphPlan(CompiledValue Inputs, IReadOnlyDictionary<string, InputSpec>? Declared, string File);

    public object? Plan(NodeSpec node, PlanContext context) =>
        node.Linked is not { } child ? null : new SubgraphPlan(CompiledValue.Of(node.Fields.GetOrNull("inputs"), context), child.Inputs, child.File);

    public Advance Advance(AdvanceContext context)
    {
        if (context.Node.Fields is not SubgraphPlan plan)
            return new Advance.End(new AttemptOutcome.Failed(ErrorCode.BadRequest, $"'{context.Path}' names a workflow that was not linked"));
        if (context.Last is { } ended)
        {
            return new Advance.End(ChildResults.FailureOf(context, ended) is { } failure && !context.StopWhenHeld
                ? failure
                : new AttemptOutcome.Completed(ChildResults.ObjectOf(ended.Children.Where(child => child.IsSink))));
        }
        var given = plan.Inputs.Evaluate(context.Scope);
        var inputs = InputCoercion.Of(given.IsObject ? given.AsObject : ValueMap.Empty, plan.Declared, context.IsDryRun, out var problems);
        if (problems.Count > 0)
            return new Advance.End(new AttemptOutcome.Failed(ErrorCode.BadRequest, $"the inputs of {plan.File} do not fit: {string.Join("; ", problems)}"));
        return new Advance.Open(new ScopeOpening(ScopeKind.Nested, 0, 0, 1, context.Keep(inputs)));
    }
}
