using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Nodes;

/// <summary>What a leaf is about to do.</summary>
/// <param name="Name">What is called, for budgets and traces.</param>
/// <param name="Asked">Everything that decides what will happen: hashed into the step's key.</param>
internal sealed record ToolQuestion(string Name, Value Asked, EffectClass Effect)
{
    /// <summary>What the log keeps of it; null: all of <see cref="Asked"/>.</summary>
    public Value? Shown { get; init; }
    /// <summary>Labels of what it brings in, whatever was asked.</summary>
    public Labels Brings { get; init; }

    /// <summary>The variable in which programs find their idempotency key.</summary>
    public const string KeyVariable = "HYDRA_IDEMPOTENCY_KEY";

    /// <summary>The key of the leaf's one effect.</summary>
    public string KeyFor(NodeAttempt attempt) => StepKey.Idempotency(attempt, 0, Name, Asked);
}

/// <summary>One act of a leaf that leaves Hydra, made as a step: announced, done or known from before, reported.</summary>
internal static class ToolStep
{
    /// <param name="act">Does it. Failures come back as <see cref="AttemptOutcome.Failed"/> or are thrown as <see cref="CallFailedException"/>.</param>
    public static async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, ToolQuestion question,
        Func<CancellationToken, ValueTask<AttemptOutcome>> act, CancellationToken cancellationToken)
    {
        var ruling = default(PolicyRuling);
        if (attempt.Policy.HasRules || attempt.IsProposed)
        {
            var asked = question.Asked.IsObject ? question.Asked.AsObject : ValueMap.Of(("input", question.Asked));
            var about = new PolicyQuestion { Tool = question.Name, Node = attempt.Path, Arguments = asked, Effect = question.Effect, Risk = "high", Labels = attempt.Labels.Now, IsOutward = question.Name == "http", IsNode = !attempt.IsProposed };
            var leave = PolicyGate.Ask(attempt, line, about, "0", StepKey.Of(question.Asked), question.Shown);
            if (leave is PolicyLeave.Waits wait) return new AttemptOutcome.Wait(wait.Request);
            if (leave is not PolicyLeave.Go go) return await WithoutAsync(leave, line, question, attempt, cancellationToken);
            ruling = go.Ruling;
        }
        var call = new StepCall(StepKind.Tool, question.Name, StepKey.Of(question.Asked), 0, 0, MicroUsd.Zero, line.Keep(question.Shown ?? question.Asked, attempt.Labels.Now)) { Effect = question.Effect, Ruling = ruling };
        attempt.Labels.Add(question.Brings);
        var grant = await line.IntendAsync(call, cancellationToken);
        if (grant.Known is { } known) return LeafContract.Hold(attempt.Node.Settings, Again(known, line));

        var clock = attempt.Services.Clock;
        var startedAt = clock.GetTimestamp();
        AttemptOutcome outcome;
        try
        {
            outcome = await act(cancellationToken);
        }
        catch (CallFailedException failed)
        {
            outcome = new AttemptOutcome.Failed(failed.Code, failed.Message, failed.RetryAfter);
        }
        var response = outcome switch
        {
            AttemptOutcome.Completed done => line.Keep(done.Output, attempt.Labels.Now),
            AttemptOutcome.Degraded lesser => line.Keep(lesser.Output, attempt.Labels.Now),
            _ => null,
        };
        var error = outcome is AttemptOutcome.Failed { Code: var code, Message: var message } ? new NodeError(code, message) : null;
        var reason = outcome is AttemptOutcome.Degraded { Reason: var why } ? why : null;
        line.Report(grant, new StepResult(response, default, MicroUsd.Zero, error, clock.GetElapsedTime(startedAt).TotalMilliseconds) { FinishReason = reason });
        return LeafContract.Hold(attempt.Node.Settings, outcome);
    }

    /// <summary>Nothing is done: the step says what was decided instead.</summary>
    private static async ValueTask<AttemptOutcome> WithoutAsync(PolicyLeave leave, ILine line, ToolQuestion question, NodeAttempt attempt, CancellationToken cancellationToken)
    {
        var ruling = leave is PolicyLeave.Refused refused ? refused.Ruling : ((PolicyLeave.Simulated)leave).Ruling;
        var result = leave is PolicyLeave.Simulated simulated ? simulated.Result : Value.Null;
        var error = leave is PolicyLeave.Refused { Message: var why } ? new NodeError(ErrorCode.PolicyDenied, why) : null;
        var key = StepKey.Of(ValueMap.Of(("policy", WireNames.Of(ruling.Decision)), ("asked", question.Asked)));
        var call = new StepCall(StepKind.Tool, question.Name, key, 0, 0, MicroUsd.Zero, line.Keep(question.Shown ?? question.Asked, attempt.Labels.Now)) { Ruling = ruling };
        var grant = await line.IntendAsync(call, cancellationToken);
        line.Report(grant, new StepResult(error is null ? line.Keep(result, attempt.Labels.Now) : null, default, MicroUsd.Zero, error, 0));
        return error is null ? LeafContract.Hold(attempt.Node.Settings, new AttemptOutcome.Completed(result)) : new AttemptOutcome.Failed(error.Code, error.Message);
    }

    /// <summary>What an earlier incarnation was answered. A finish reason says why the answer is a lesser one.</summary>
    private static AttemptOutcome Again(StepResult known, ILine line)
    {
        if (known.Error is { } error) return new AttemptOutcome.Failed(error.Code, error.Message);
        var output = known.Response is null ? Value.Null : line.Read(known.Response);
        return known.FinishReason is { } reason ? new AttemptOutcome.Degraded(output, reason) : new AttemptOutcome.Completed(output);
    }
}
