using System.Collections.Concurrent;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tests.Execution.Replay;

/// <summary>A leaf that asks its rendered <c>prompt</c> of a counted outside world; lists what was really asked.</summary>
internal sealed class AskingNode : ILeafNodeType
{
    private int _asked;

    public ConcurrentQueue<string> Asked { get; } = new();
    /// <summary>What the world answers to the n-th question (from 1).</summary>
    public Func<string, int, Value> Answer { get; set; } = (prompt, number) => $"{prompt} ({number})";
    public string Model { get; init; } = "m";

    public string Name => "call";
    public string Description => "Asks.";
    public IReadOnlyList<Field> Fields { get; } = [new("prompt", new Shape.Template(), "What is asked.")];
    public NodeTraits Traits { get; } = new() { MaxAttempts = 3 };

    public object Plan(NodeSpec node, PlanContext context) => context.Template(node.Fields.GetOrNull("prompt").TextOrNull ?? node.Id.Text);

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var prompt = ((Template)attempt.Node.Fields!).Render(attempt.Scope, TemplateOptions.Default);
        Value messages = Value.Of(new[] { Value.Of(ValueMap.Of(("role", "system"), ("content", "Be brief."))), Value.Of(ValueMap.Of(("role", "user"), ("content", prompt))) });
        var key = StepKey.Of(ValueMap.Of(("model", Model), ("messages", messages)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Model, Model, key, 10, 20, new MicroUsd(30), line.Keep(messages)) { Provider = "fake" }, cancellationToken);
        if (grant.Known is { } known) return known.Error is { } failed ? new AttemptOutcome.Failed(failed.Code, failed.Message) : new AttemptOutcome.Completed(line.Read(known.Response!));
        Asked.Enqueue(prompt);
        try
        {
            var answer = Answer(prompt, Interlocked.Increment(ref _asked));
            line.Report(grant, new StepResult(line.Keep(answer), new TokenUsage(5, 5), new MicroUsd(10), null, 1));
            return new AttemptOutcome.Completed(answer);
        }
        catch (CallFailedException error)
        {
            line.Report(grant, new StepResult(null, default, MicroUsd.Zero, new NodeError(error.Code, error.Message), 1));
            throw;
        }
    }
}
