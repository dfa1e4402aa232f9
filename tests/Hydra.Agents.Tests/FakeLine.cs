namespace Hydra.Agents.Tests;

/// <summary>A line that grants everything and remembers what was announced, reported and shown.</summary>
internal sealed class FakeLine : ILine
{
    public List<StepCall> Calls { get; } = [];
    public List<StepResult> Results { get; } = [];
    public List<string?> Shown { get; } = [];
    /// <summary>Answers from before a crash, in order; null: make the call.</summary>
    public Queue<StepResult?> Known { get; } = new();
    /// <summary>Refuses every call with this.</summary>
    public CallFailedException? Refusal { get; init; }

    public ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken)
    {
        if (Refusal is not null) throw Refusal;
        Calls.Add(call);
        return new(new StepGrant(Calls.Count - 1, Known.TryDequeue(out var known) ? known : null));
    }

    public void Report(StepGrant grant, StepResult result) => Results.Add(result);
    public void Progress(string? partial = null) => Shown.Add(partial);
    public ValueRef Keep(Value value, Labels labels = default) => ValueRef.Of(value, labels);
    public Value Read(ValueRef reference) => reference.Inline;
}
