using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class TerminateNode : ILeafNodeType
{
    private sealed record TerminatePlan(RunStatus Status, CompiledValue Reason);

    public bool RunsInline => true;

    public object Plan(NodeSpec node, PlanContext context) => new TerminatePlan(
        node.Fields.GetOrNull("status").TextOrNull == "failed" ? RunStatus.Failed : RunStatus.Completed,
        CompiledValue.Of(node.Fields.GetOrNull("reason"), context));

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (TerminatePlan)attempt.Node.Fields!;
        var reason = plan.Reason.Evaluate(attempt.Scope) is { IsNull: false } given ? given.ToDisplayText() : $"terminated by node '{attempt.Path}'";
        return new(new AttemptOutcome.Terminate(plan.Status, reason));
    }
}
