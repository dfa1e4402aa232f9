using Hydra.Agents.Calls;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Agents.Loop;

/// <summary>
/// Makes the tool calls of one agent as steps of its attempt. A call that the agent's contract does not list, or whose arguments do not
/// fit, goes back to the model and reaches nobody; what a tool failed with does, too. Refusals of the run itself (budget, kill
/// switch, an effect of unknown outcome) end the attempt.
/// </summary>
/// <param name="asker">Sets the calls of an agent apart that was itself called as a tool; empty: the node's own agent.</param>
internal sealed class ToolCaller(NodeAttempt attempt, ILine line, IReadOnlyList<HeldTool> tools, string asker)
{
    private const int ProblemCharsMax = 1_000;

    public Func<string, string, string, CancellationToken, ValueTask<Value>>? AskAgent { get; init; }

    /// <param name="ordinal">The call's number within the agent's loop, in the order in which the model asked.</param>
    /// <remarks>(1) Check. (2) Ask leave. (3) Call. (4) Check the result and report.</remarks>
    public async Task<ToolReply> CallAsync(ModelToolCall asked, int ordinal, CancellationToken cancellationToken)
    {
        // (1)
        var held = tools.FirstOrDefault(tool => tool.Facts.Name == asked.Name);
        if (held is null) return ToolReply.BadCall("unknown_tool", $"there is no tool '{asked.Name}'. You may call: {string.Join(", ", tools.Select(tool => tool.Facts.Name))}");
        var arguments = Value.Of(asked.Arguments);
        if (!held.Arguments.IsValid(arguments))
        {
            var problems = string.Join("; ", held.Arguments.Validate(arguments).Select(problem => problem.ToString()));
            return ToolReply.BadCall("invalid_arguments", $"nothing was called: {(problems.Length > ProblemCharsMax ? problems[..ProblemCharsMax] + "…" : problems)}");
        }

        // (2)
        var place = $"{asker}{ordinal}";
        var effect = held.Tool.EffectOf(arguments);
        var key = StepKey.Of(ValueMap.Of(("call", place), ("tool", asked.Name), ("arguments", arguments)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, asked.Name, key, 0, 0, MicroUsd.Zero, line.Keep(arguments)) { Effect = effect }, cancellationToken);
        if (grant.Known is { } known) return known.Error is { } was ? ToolReply.Failed(was, grant.Step) : ToolReply.Of(known.Response is null ? Value.EmptyText : line.Read(known.Response), grant.Step);

        // (3)
        var clock = attempt.Services.Clock;
        var startedAt = clock.GetTimestamp();
        var call = new ToolCall
        {
            Arguments = arguments,
            IdempotencyKey = StepKey.Idempotency(attempt, place, asked.Name, arguments),
            WorkingDirectory = attempt.Services.WorkingDirectory,
            Sandbox = attempt.Services.Sandbox,
            Scope = attempt.Scope,
            Alive = () => line.Progress(),
            AskAgent = AskAgent is null ? null : (agent, task, token) => AskAgent(agent, task, place + "/", token),
        };
        Value result;
        try
        {
            result = ToolResultCheck.Hold(held, await WithinAsync(held.Facts, effect, call, cancellationToken, token => held.Tool.CallAsync(call, token)));
        }
        catch (CallFailedException failed) when (!EndsAttempt(failed.Code))
        {
            // (4)
            var error = new NodeError(failed.Code, failed.Message);
            Report(null, error);
            return ToolReply.Failed(error, grant.Step);
        }
        var kept = line.Keep(result);
        Report(kept, null);
        return ToolReply.Of(result, grant.Step);

        void Report(ValueRef? response, NodeError? error) =>
            line.Report(grant, new StepResult(response, default, MicroUsd.Zero, error, clock.GetElapsedTime(startedAt).TotalMilliseconds));
    }

    /// <summary>What the run refused to a call inside the call (an agent's model) ends the attempt, not only the call.</summary>
    private static bool EndsAttempt(ErrorCode code) => code == ErrorCode.Budget || code == ErrorCode.Cancelled || code == ErrorCode.UnknownOutcome;

    private async ValueTask<Value> WithinAsync(ToolFacts facts, EffectClass effect, ToolCall call, CancellationToken cancellationToken, Func<CancellationToken, ValueTask<Value>> act)
    {
        using var limit = new CancellationTokenSource(facts.Timeout, attempt.Services.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await act(either.Token);
        }
        catch (OperationCanceledException cut) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // What may not be repeated stays open in the journal: nobody knows whether it happened, and the run's policy decides.
            var mayRepeat = effect is EffectClass.Pure or EffectClass.Idempotent;
            throw new CallFailedException(mayRepeat ? ErrorCode.Timeout : ErrorCode.UnknownOutcome,
                $"'{facts.Name}' gave nothing within {facts.Timeout.TotalSeconds:0.###} s{(mayRepeat ? "" : "; it may not be repeated, and it is not known whether it took effect")} (call {call.IdempotencyKey[..12]})", cut);
        }
        catch (Exception thrown) when (thrown is not (OperationCanceledException or CallFailedException or ModelUnavailableException))
        {
            // Foreign code: a tool of an embedder may throw whatever it likes.
            throw new CallFailedException(ErrorCode.ToolFailed, $"'{facts.Name}' failed: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }
}
