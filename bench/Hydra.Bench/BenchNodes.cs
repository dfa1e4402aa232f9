using Hydra.Model;

namespace Hydra.Bench;

/// <summary>Does nothing, on the loop's own thread, as <c>set</c> does.</summary>
internal sealed class NoOpNode : ILeafNodeType
{
    private static readonly AttemptOutcome Done = new AttemptOutcome.Completed(Value.Of("x"));
    public string Name => "noop";
    public string Description => "Does nothing.";
    public IReadOnlyList<Field> Fields => [];
    public NodeTraits Traits { get; } = new();
    public bool RunsInline => true;
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken) => new(Done);
}

/// <summary>Does nothing, on a pool thread with timeouts armed, as <c>function</c> and model calls do.</summary>
internal sealed class PooledNode : ILeafNodeType
{
    private static readonly AttemptOutcome Done = new AttemptOutcome.Completed(Value.Of("x"));
    public string Name => "pooled";
    public string Description => "Does nothing on a pool thread.";
    public IReadOnlyList<Field> Fields => [];
    public NodeTraits Traits { get; } = new();
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken) => new(Done);
}

/// <summary>Waits for the node's estimate, as a model call would.</summary>
internal sealed class DelayNode : ILeafNodeType
{
    public string Name => "delay";
    public string Description => "Waits as long as its estimate says.";
    public IReadOnlyList<Field> Fields => [];
    public NodeTraits Traits { get; } = new();

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        await Task.Delay(attempt.Node.Spec.Policy.Estimate!.Value, cancellationToken);
        return new AttemptOutcome.Completed(Value.Of("x"));
    }
}
