using Hydra.Model;

namespace Hydra.Nodes;

/// <param name="functions">What the embedding program registered; null: nothing.</param>
public sealed partial class FunctionNode(FunctionRegistry? functions = null) : ILeafNodeType
{
    private readonly FunctionRegistry _functions = functions ?? new FunctionRegistry();

    private sealed record FunctionPlan(string Name, CompiledValue Arguments);

    public void Check(NodeSpec node, CheckContext context)
    {
        if (node.Fields.GetOrNull("function").TextOrNull is not { } name || _functions.Find(name) is not null) return;
        var mend = _functions.Names.Count == 0
            ? "This program registers none; register it with FunctionRegistry.Add"
            : $"Registered: {string.Join(", ", _functions.Names)}";
        context.Problems.Error(ProblemCodes.UnknownFunction, node.PlaceOf("function"), $"node '{node.Id}' calls the function '{name}', which is not registered.{DidYouMean.Hint(name, _functions.Names)} {mend}.");
    }

    public object Plan(NodeSpec node, PlanContext context) =>
        new FunctionPlan(node.Fields["function"].AsText, CompiledValue.Of(node.Fields.GetOrNull("arguments"), context));

    /// <summary>What a function of the program does may change without a trace in the file.</summary>
    public ValueMap? ReuseParts(NodeAttempt attempt) => null;

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (FunctionPlan)attempt.Node.Fields!;
        var function = _functions.Find(plan.Name) ?? throw new CallFailedException(ErrorCode.BadRequest, $"the function '{plan.Name}' is not registered in this program");
        var arguments = plan.Arguments.Evaluate(attempt.Scope);
        var asked = ValueMap.Of(("function", plan.Name), ("arguments", arguments));
        return ToolStep.RunAsync(attempt, line, new ToolQuestion(plan.Name, asked, attempt.Node.Settings.Effect), async token =>
        {
            try
            {
                return new AttemptOutcome.Completed(await function(arguments, token));
            }
            catch (Exception thrown) when (thrown is not (OperationCanceledException or CallFailedException))
            {
                // Foreign code: whatever the program's function throws is the node's failure.
                return new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"the function '{plan.Name}' failed: {thrown.GetType().Name}: {thrown.Message}");
            }
        }, cancellationToken);
    }
}
