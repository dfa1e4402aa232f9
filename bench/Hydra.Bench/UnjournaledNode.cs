using Hydra.Model;

namespace Hydra.Bench;

/// <summary>Runs another node type with its calls granted at once: no intent, no result, no budget; what effect journaling is measured against.</summary>
internal sealed class UnjournaledNode(ILeafNodeType inner) : ILeafNodeType
{
    public string Name => inner.Name;
    public string Description => inner.Description;
    public IReadOnlyList<Field> Fields => inner.Fields;
    public NodeTraits Traits => inner.Traits;
    public NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow) => inner.TraitsOf(node, workflow);
    public void Check(NodeSpec node, CheckContext context) => inner.Check(node, context);
    public object? Plan(NodeSpec node, PlanContext context) => inner.Plan(node, context);
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken) => inner.RunAsync(attempt, new Line(line), cancellationToken);

    private sealed class Line(ILine inner) : ILine
    {
        public ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken) => new(new StepGrant(0, null));
        public void Report(StepGrant grant, StepResult result) { }
        public void Progress(string? partial = null) => inner.Progress(partial);
        public ValueRef Keep(Value value, Labels labels = default) => inner.Keep(value, labels);
        public Value Read(ValueRef reference) => inner.Read(reference);
    }
}
