using Hydra.Model;

namespace Hydra.Scheduling;

// Calls out of attempts: replay of known answers, rate limits, breakers, budgets.
public sealed partial class Reducer
{
    private readonly List<Message.StepRequested> _waitingSteps = [];
    private long? _rateOpensAtMs;
    private long? _agentOpensAtMs;

    private enum Verdict { Granted, Denied, Waits }

    private void RequestStep(Message.StepRequested request)
    {
        if (IsStale(request.Node, request.Attempt, request.Incarnation)) Deny(request, new NodeError(ErrorCode.Cancelled, "the attempt is over"), null);
        else if (!TryReplay(request)) _waitingSteps.Add(request);
    }

    private bool IsStale(int instance, int attempt, int incarnation) =>
        State.StatusOf(instance) != NodeStatus.Running || State.AttemptOf(instance) != attempt
        || (State.DetailOf(instance)?.Incarnation ?? 0) != incarnation;

    /// <summary>
    /// An earlier incarnation made this call: its answer stands. Calls are recognised by their key, not by their place,
    /// because calls made at the same time may come in any order.
    /// </summary>
    private bool TryReplay(Message.StepRequested request)
    {
        if (State.DetailOf(request.Node)?.Steps is not { } steps) return false;
        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            if (step.IsUsed || step.Call.Key != request.Call.Key) continue;
            step.IsUsed = true;
            if (step.Result is { IsRefused: true }) continue;   // it was never made
            if (step.Result is { IsBound: false } known)
            {
                Commands.Add(new(CommandKind.Grant, request.Node, new StepAnswer(request.Ticket, i, known, null)));
                return true;
            }
            if (State.MayRepeat(request.Node, step.Call)) continue;
            step.IsUsed = false;   // whoever asks once more is told the same
            Deny(request, new NodeError(ErrorCode.UnknownOutcome, UnknownText(request.Node, step.Call)), null);
            return true;
        }
        return false;
    }

    private string UnknownText(int instance, StepCall call)
    {
        var happened = $"'{call.Name}' was cut off, and it may not be repeated: it is not known whether it took effect. ";
        var path = State.PathOf(instance);
        return State.NodeOf(instance).Settings.OnUnknown == UnknownOutcomePolicy.Compensate && State.NodeOf(instance).Undo is not null
            ? happened + $"Its compensation '{path}~undo' runs before the run ends"
            : happened + $"Find out, then say so: hydra resume {State.RunName} --assume '{path}=done' (or '{path}=done:JSON' with its result), or --assume '{path}=not-done' to do it once more. "
                + "Where repeating is safe, write `effect: idempotent` or `on_unknown: retry` on the node";
    }

    private Verdict Judge(Message.StepRequested request)
    {
        var call = request.Call;
        if (IsHeld)
        {
            var code = State.StoppingAs is RunStatus.Stopped or RunStatus.Paused ? ErrorCode.Budget : ErrorCode.Cancelled;
            return Deny(request, new NodeError(code, State.Reason), null);
        }
        if (State.DetailOf(request.Node) is { IsCancelling: true }) return Deny(request, new NodeError(ErrorCode.Cancelled, "the node is being cancelled"), null);
        if (_switch.Covers(call.Kind)) return RefuseBySwitch(request);
        if (!IsReplay && call.Provider.Length > 0 && State.ProviderBreaker(call.Provider) is var breaker && breaker.Refuses(_nowMs))
        {
            var wait = TimeSpan.FromMilliseconds(breaker.AskAgainMs(_nowMs) - _nowMs);
            return Deny(request, new NodeError(ErrorCode.ProviderError, $"the circuit breaker of provider '{call.Provider}' is open after repeated failures"), wait);
        }
        if (call.Kind == StepKind.Model && (_rateOpensAtMs is not null || !RateAllows(call))) return Verdict.Waits;
        var load = State.LoadOf(request.Node, call);
        if (load?.UsedUp is { } callsMax) return Deny(request, new NodeError(ErrorCode.BadRequest, $"'{call.Name}' was called {callsMax} times in this run, and its max_calls allows no more"), null);
        if (load is not null && !load.Allows(_nowMs, out var opensAtMs) && !IsReplay)
        {
            if (opensAtMs is { } opens && !(opens > _agentOpensAtMs)) _agentOpensAtMs = opens;
            return Verdict.Waits;
        }
        var isUnderBudget = false;
        // What undoes a run is charged, and never refused for want of budget.
        for (var account = State.IsUndo(request.Node) ? null : State.AccountOf(request.Node); account is not null; account = account.Parent)
        {
            isUnderBudget |= account.Limits is { MaxUsd: not null } or { MaxTokens: not null };
            if (account.Refuses(call, out var mayFitLater) is not { } why) continue;
            if (mayFitLater) return Verdict.Waits;
            return Exceed(request, account, why);
        }
        var at = State.DetailOf(request.Node)?.Steps?.Count ?? 0;
        Emit(new RunEvent.StepIntended(request.Node, at, call));
        State.DetailOf(request.Node)!.Steps![at].IsUsed = true;
        Commands.Add(new(CommandKind.Grant, request.Node, new StepAnswer(request.Ticket, at, null, null) { IsUnderBudget = isUnderBudget }));
        return Verdict.Granted;
    }

    private Verdict Deny(Message.StepRequested request, NodeError error, TimeSpan? retryAfter)
    {
        Commands.Add(new(CommandKind.Deny, request.Node, new StepAnswer(request.Ticket, 0, null, error, retryAfter)));
        return Verdict.Denied;
    }

    /// <summary>A budget has no room and nothing outstanding could make any.</summary>
    private Verdict Exceed(Message.StepRequested request, Account account, string why)
    {
        var owner = account.Owner.Length == 0 ? "the run's budget" : $"the budget of node '{account.Owner}'";
        var message = $"{owner} is exceeded: {why}";
        State.Detail(request.Node).RefusedBy = account;
        var call = request.Call;
        // One prompt that is too long says nothing of the run.
        var isOneCall = call.PromptTokensMax > account.Limits.MaxContextTokens;
        if (account == State.RunAccount && !isOneCall) StopForBudget(message, hasFallback: HasFallback(request.Node));
        return Deny(request, new NodeError(ErrorCode.Budget, message), null);
    }

    private bool HasFallback(int instance)
    {
        var node = State.NodeOf(instance);
        return (State.DetailOf(instance)?.Variant ?? 0) + 1 < node.Variants.Length || node.Settings.FallbackValue is not null;
    }

    private void StopForBudget(string reason, bool hasFallback)
    {
        if (State.StoppingAs is not null) return;
        var policy = State.RunAccount.Limits.OnExceeded;
        if (policy == BudgetPolicy.Degrade && hasFallback) return;
        var status = policy is BudgetPolicy.Ask or BudgetPolicy.Pause ? RunStatus.Paused : RunStatus.Stopped;
        Emit(new RunEvent.Stopping(status, reason));
    }

    private bool RateAllows(StepCall call)
    {
        if (State.Limits.Rpm is null && State.Limits.Tpm is null) return true;
        State.ForgetOldCalls(_nowMs);
        if (State.RecentCalls.Count == 0) return true;
        long tokens = 0;
        if (State.Limits.Tpm is not null)
        {
            foreach (var recent in State.RecentCalls) tokens += recent.Tokens;
        }
        var fits = !(State.RecentCalls.Count >= State.Limits.Rpm) && !(tokens + call.TokensMax > State.Limits.Tpm);
        if (!fits) _rateOpensAtMs = State.RecentCalls.Peek().AtMs + RunState.RateWindowMs;
        return fits;
    }

    /// <summary>Gives waiting calls their turn, first come first served; one that does not fit lets smaller ones pass only for its budget, not for the rate.</summary>
    private void GrantWaitingSteps()
    {
        _rateOpensAtMs = null;
        _agentOpensAtMs = null;
        var kept = 0;
        for (var i = 0; i < _waitingSteps.Count; i++)
        {
            var request = _waitingSteps[i];
            if (IsStale(request.Node, request.Attempt, request.Incarnation)) Deny(request, new NodeError(ErrorCode.Cancelled, "the attempt is over"), null);
            else if (Judge(request) == Verdict.Waits) _waitingSteps[kept++] = request;
        }
        _waitingSteps.RemoveRange(kept, _waitingSteps.Count - kept);
    }

    private void ReportStep(Message.StepReported report)
    {
        if (IsStale(report.Node, report.Attempt, report.Incarnation)) return;
        if (State.DetailOf(report.Node)?.Steps is not { } steps || report.Step >= steps.Count || steps[report.Step].Result is not null) return;
        Emit(new RunEvent.StepEnded(report.Node, report.Step, report.Result));
    }

    /// <summary>Calls whose end will never be known are charged at their bound.</summary>
    private void CloseOpenSteps(int instance)
    {
        if (State.DetailOf(instance)?.Steps is not { } steps) return;
        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i].Result is not null) continue;
            var call = steps[i].Call;
            var bound = new TokenUsage(call.PromptTokensMax, Math.Max(0, call.TokensMax - call.PromptTokensMax));
            Emit(new RunEvent.StepEnded(instance, i, new StepResult(null, bound, call.UsdMax ?? MicroUsd.Zero,
                new NodeError(ErrorCode.UnknownOutcome, "the call was cut before its answer was known; it is charged at its bound"), 0) { IsBound = true }));
        }
    }
}
