using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class SetNode : ILeafNodeType
{
    public bool RunsInline => true;

    /// <summary>A constant is evaluated here, once for all instances.</summary>
    public object Plan(NodeSpec node, PlanContext context)
    {
        var value = CompiledValue.Of(node.Fields.GetOrNull("value"), context);
        return value.IsConstant ? new AttemptOutcome.Completed(value.Evaluate(Templates.TemplateScope.Empty)) : value;
    }

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var outcome = attempt.Node.Fields as AttemptOutcome ?? new AttemptOutcome.Completed(((CompiledValue)attempt.Node.Fields!).Evaluate(attempt.Scope));
        return new(LeafContract.Hold(attempt.Node.Settings, outcome));
    }
}
