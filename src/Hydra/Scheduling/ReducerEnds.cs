using Hydra.Model;

namespace Hydra.Scheduling;

// How attempts, decisions and composites end; cancelling; budgets of time.
public sealed partial class Reducer
{
    private void EndAttempt(Message.AttemptEnded ended)
    {
        var instance = ended.Node;
        if (IsStale(instance, ended.Attempt, ended.Incarnation)) return;
        CloseOpenSteps(instance);
        var detail = State.DetailOf(instance);
        switch (ended.Outcome)
        {
            case AttemptOutcome.Completed done:
                if (ended.Source is { } source) Emit(new RunEvent.Reused(instance, source.Run.Text, source.Path));
                var isStandIn = detail is { Variant: > 0 };
                End(instance, isStandIn ? NodeStatus.Degraded : NodeStatus.Completed, ended.Output, isStandIn ? detail!.Error : null, done.Signal);
                break;
            case AttemptOutcome.Degraded lesser:
                End(instance, NodeStatus.Degraded, ended.Output, new NodeError(ErrorCode.InvalidOutput, lesser.Reason), lesser.Signal);
                break;
            case AttemptOutcome.Wait or AttemptOutcome.Skip or AttemptOutcome.Revise or AttemptOutcome.Open when detail is { IsCancelling: true }: EndCancelled(instance, detail); break;
            case AttemptOutcome.Wait wait: Emit(new RunEvent.WaitOpened(instance, State.WaitIdOf(instance), wait.Request)); break;
            case AttemptOutcome.Revise revise: Revise(instance, revise); break;
            case AttemptOutcome.Open open:
                Expand(instance, open.Opening with { Ordinal = State.OpenedBy(instance) + 1 });
                break;
            case AttemptOutcome.Skip skip: Emit(new RunEvent.Skipped(instance, skip.Because)); break;
            case AttemptOutcome.Suspend when detail is { IsCancelling: true }: EndCancelled(instance, detail); break;
            case AttemptOutcome.Suspend suspend: Emit(new RunEvent.Suspended(instance, suspend.UntilMs)); break;
            case AttemptOutcome.Terminate terminate:
                End(instance, NodeStatus.Completed, ended.Output, null);
                Terminate(terminate);
                break;
            case AttemptOutcome.Failed failed:
                FailAttempt(instance, new NodeError(failed.Code, failed.Message) { Labels = failed.Labels }, failed.RetryAfter);
                break;
        }
    }

    private void FailAttempt(int instance, NodeError error, TimeSpan? retryAfter)
    {
        var detail = State.Detail(instance);
        if (detail.IsCancelling || (error.Code == ErrorCode.Cancelled && State.StoppingAs is not (RunStatus.Interrupted or RunStatus.Paused)))
        {
            EndCancelled(instance, detail);
            return;
        }
        var isPause = State.StoppingAs == RunStatus.Paused && (detail.RefusedBy is null || detail.RefusedBy == State.RunAccount);
        var isSwitchedOff = error.Code == ErrorCode.PolicyDenied && State.IsSwitchedOff;
        if (error.Code == ErrorCode.Cancelled || (error.Code == ErrorCode.Budget && isPause) || isSwitchedOff)
        {
            Emit(new RunEvent.AttemptInterrupted(instance));
            return;
        }
        var node = State.NodeOf(instance);
        var settings = node.Settings;
        var attempts = detail.AttemptsInVariant + 1;
        if (attempts < settings.MaxAttempts && RetryPolicy.Retries(settings, error.Code) && HasRetriesLeft(instance))
        {
            var delay = IsReplay ? TimeSpan.Zero : RetryPolicy.DelayOf(settings, State.PathOf(instance), attempts, retryAfter);
            Emit(new RunEvent.AttemptFailed(instance, error, detail.Variant, delay == TimeSpan.Zero ? 0 : _nowMs + (long)Math.Ceiling(delay.TotalMilliseconds)));
            return;
        }
        if (detail.Variant + 1 < node.Variants.Length && MayFallBack(instance, error.Code))
        {
            Emit(new RunEvent.AttemptFailed(instance, error, detail.Variant + 1, 0));
            return;
        }
        Fail(instance, error);
    }

    /// <summary>Budgets fall back only where they say <c>degrade</c>; what may have happened already is not done again another way.</summary>
    private bool MayFallBack(int instance, ErrorCode code)
    {
        if (IsInDoubt(instance, code)) return false;
        return code != ErrorCode.Budget || State.DetailOf(instance)?.RefusedBy is { Limits.OnExceeded: BudgetPolicy.Degrade };
    }

    /// <summary>It may have happened already, however the attempt ended, and nobody has said that doing it again is safe.</summary>
    private bool IsInDoubt(int instance, ErrorCode code) =>
        State.HasUnknownStep(instance) || (code == ErrorCode.UnknownOutcome && State.NodeOf(instance).Settings.OnUnknown != UnknownOutcomePolicy.Retry);

    private bool HasRetriesLeft(int instance)
    {
        if (State.IsUndo(instance)) return true;
        for (var account = State.AccountOf(instance); account is not null; account = account.Parent)
        {
            if (account.Retries >= account.Limits.MaxRetries) return false;
        }
        return true;
    }

    /// <summary>Nothing is left to try.</summary>
    private void Fail(int instance, NodeError error, Value signal = default)
    {
        var settings = State.NodeOf(instance).Settings;
        var isBudget = error.Code == ErrorCode.Budget;
        var isOpen = State.HasUnknownStep(instance) && error.Code != ErrorCode.UnknownOutcome && !isBudget;
        if (isOpen) error = error with { Code = ErrorCode.UnknownOutcome, Message = $"{error.Message}. {UnknownText(instance, State.DetailOf(instance)!.Steps!.Find(step => step.Result is { IsBound: true })!.Call)}" };
        var mayDegrade = !isBudget || settings.OnFailure == FailurePolicy.Degrade || State.DetailOf(instance)?.RefusedBy is { Limits.OnExceeded: BudgetPolicy.Degrade };
        if (settings.FallbackValue is { } standIn && mayDegrade && !IsInDoubt(instance, error.Code)) End(instance, NodeStatus.Degraded, ValueRef.Of(standIn), error, signal);
        else End(instance, isBudget ? NodeStatus.BudgetExceeded : NodeStatus.Failed, null, error, signal);
    }

    private void End(int instance, NodeStatus status, ValueRef? output, NodeError? error, Value signal = default) =>
        Emit(new RunEvent.Ended(instance, status, output, error, signal));

    private void RefuseByBreaker(int instance, PlannedNode node, Breaker breaker)
    {
        var detail = State.Detail(instance);
        var error = new NodeError(ErrorCode.ProviderError, $"the circuit breaker of node '{State.PathOf(instance)}' is open after repeated failures");
        if (detail.Variant + 1 < node.Variants.Length) Emit(new RunEvent.AttemptFailed(instance, error, detail.Variant + 1, 0));
        else if (node.Settings.FallbackValue is not null || detail.AttemptsInVariant + 1 >= node.Settings.MaxAttempts || !HasRetriesLeft(instance)) Fail(instance, error);
        else Emit(new RunEvent.AttemptFailed(instance, error, detail.Variant, breaker.AskAgainMs(_nowMs)));
    }

    private void DecideWhen(Message.WhenDecided decided)
    {
        if (!_asked.Remove(decided.Node) || State.StatusOf(decided.Node) != NodeStatus.Deciding || IsOver(decided.Node)) return;
        if (State.DetailOf(decided.Node) is { IsCancelling: true } detail) EndCancelled(decided.Node, detail);
        else if (decided.Error is { } error) Fail(decided.Node, error);
        else if (decided.Holds) Emit(new RunEvent.Decided(decided.Node));
        else Emit(new RunEvent.Skipped(decided.Node, SkipCause.When));
    }

    private void Advance(Message.Advanced advanced)
    {
        var instance = advanced.Node;
        if (!_asked.Remove(instance) || State.StatusOf(instance) != NodeStatus.Open || IsOver(instance)) return;
        if (State.DetailOf(instance) is { IsCancelling: true } detail)
        {
            EndCancelled(instance, detail);
            return;
        }
        switch (advanced.Move)
        {
            case Model.Advance.Open open:
                Expand(instance, open.Opening);
                break;
            case Model.Advance.End { Outcome: AttemptOutcome.Completed done }: End(instance, NodeStatus.Completed, advanced.Output, null, done.Signal); break;
            case Model.Advance.End { Outcome: AttemptOutcome.Degraded lesser }:
                End(instance, NodeStatus.Degraded, advanced.Output, new NodeError(ErrorCode.InvalidOutput, lesser.Reason), lesser.Signal);
                break;
            case Model.Advance.End { Outcome: AttemptOutcome.Failed failed }: Fail(instance, new NodeError(failed.Code, failed.Message) { Labels = failed.Labels }, failed.Signal); break;
            case Model.Advance.End { Outcome: AttemptOutcome.Terminate terminate }:
                End(instance, NodeStatus.Completed, advanced.Output, null);
                Terminate(terminate);
                break;
            default: throw new ArgumentException("A composite may open a scope or end.", nameof(advanced));
        }
    }

    private void Expand(int instance, ScopeOpening opening)
    {
        var count = (long)opening.Count * State.PlanOf(opening, instance).Nodes.Length;
        if (State.InstanceCount + count > InstancesMax) Fail(instance, new NodeError(ErrorCode.BadRequest, $"opening {count} more node instances would pass the limit of {InstancesMax} for one run"));
        else Emit(new RunEvent.Expanded(instance, opening));
    }

    private void HoldStopWhen(int instance)
    {
        if (State.StatusOf(instance) != NodeStatus.Open || IsOver(instance) || State.DetailOf(instance) is { StopWhenHeld: true } or { IsCancelling: true }) return;
        Emit(new RunEvent.Cancelling(instance, null, KeepsResult: true));
        CancelChildren(instance);
    }

    /// <summary>Ends an instance before its time, whatever it is doing; what runs is told to stop and ends when it has.</summary>
    private void Cancel(int instance, NodeError? error)
    {
        switch (State.StatusOf(instance))
        {
            case NodeStatus.Running:
                if (State.DetailOf(instance) is { IsCancelling: true }) return;
                Emit(new RunEvent.Cancelling(instance, error, KeepsResult: false));
                Commands.Add(new(CommandKind.Cancel, instance));
                break;
            case NodeStatus.Open:
                if (State.DetailOf(instance) is { IsCancelling: true }) return;
                Emit(new RunEvent.Cancelling(instance, error, KeepsResult: false));
                CancelChildren(instance);
                break;
            case NodeStatus.Deciding: Emit(new RunEvent.Cancelling(instance, error, KeepsResult: false)); break;
            case NodeStatus.Pending or NodeStatus.Queued or NodeStatus.Waiting:
                if (error is not null) Emit(new RunEvent.Cancelling(instance, error, KeepsResult: false));
                EndCancelled(instance, State.Detail(instance));
                break;
        }
    }

    private void CancelChildren(int composite)
    {
        if (State.DetailOf(composite) is not { Scope: >= 0 } detail) return;
        var scope = State.Scopes[detail.Scope];
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            // Pending nodes are skipped as their parents end; what runs or is about to run is cancelled.
            if (!State.IsFinal(i) && State.StatusOf(i) is not (NodeStatus.Pending or NodeStatus.Dormant)) Cancel(i, null);
        }
    }

    private void EndCancelled(int instance, InstanceDetail detail)
    {
        var error = detail.CancelError ?? new NodeError(ErrorCode.Cancelled, State.StoppingAs is null ? "cancelled: nothing needs its result" : State.Reason);
        if (error.Code == ErrorCode.Budget || error.Code == ErrorCode.Timeout) Fail(instance, error);
        else End(instance, NodeStatus.Cancelled, null, error);
    }

    /// <summary>Composites whose <c>timeout_seconds</c> has passed; their children are cancelled and they fail.</summary>
    private void CheckDeadlines()
    {
        while (State.Deadlines.TryPeek(out var instance, out var dueMs) && (dueMs <= _nowMs || !IsDeadline(instance, dueMs)))
        {
            State.Deadlines.Dequeue();
            if (!IsDeadline(instance, dueMs) || IsHeld) continue;
            Cancel(instance, new NodeError(ErrorCode.Timeout, $"not done within timeout_seconds {State.NodeOf(instance).Settings.Timeout!.Value.TotalSeconds:0.###}"));
        }
    }

    /// <summary>Attempts that run for half as long again as was expected are reported, and go on: what ends them is their <c>timeout_seconds</c>.</summary>
    private void CheckOverdue()
    {
        while (State.OverdueAt.TryPeek(out var instance, out var dueMs) && (dueMs <= _nowMs || !State.IsOverdue(instance, dueMs)))
        {
            State.OverdueAt.Dequeue();
            if (State.IsOverdue(instance, dueMs)) Emit(new RunEvent.Overdue(instance));
        }
    }

    private bool IsDeadline(int instance, long dueMs) =>
        State.StatusOf(instance) == NodeStatus.Open && State.DetailOf(instance) is { IsCancelling: false } detail && detail.DeadlineMs == dueMs;

    private void RequestStop(Message.StopRequested request)
    {
        // What a run's end undoes is undone; it can only be put off.
        if (State.RollbackAs is not null && request.As != RunStatus.Interrupted) return;
        if (IsUndoing || Weight(request.As) > Weight(State.StoppingAs)) Stop(request.As, request.Reason);
    }

    private void Terminate(AttemptOutcome.Terminate terminate)
    {
        if (State.RollbackAs is null && Weight(terminate.Status) > Weight(State.StoppingAs)) Stop(terminate.Status, terminate.Reason);
    }

    /// <summary>Which of two ways to stop wins: waiting for calls in flight, letting go of them for now, ending, ending by hand.</summary>
    private static int Weight(RunStatus? status) => status switch
    {
        null or RunStatus.Running => 0,
        RunStatus.Stopped or RunStatus.Paused => 1,
        RunStatus.Interrupted => 2,
        RunStatus.Cancelled => 4,
        _ => 3,
    };

    /// <summary>Ends the run: nothing new starts, what runs is told to stop.</summary>
    private void Stop(RunStatus status, string reason)
    {
        Emit(new RunEvent.Stopping(status, reason));
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.StatusOf(i) != NodeStatus.Running) continue;
            if (status == RunStatus.Interrupted) Commands.Add(new(CommandKind.Cancel, i));
            else Cancel(i, null);
        }
    }

    /// <summary>The run was ended by a node: what has not ended is cancelled where it had begun, else skipped. What is inside has the higher numbers.</summary>
    private void WindUp()
    {
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.StatusOf(i) == NodeStatus.Open && State.DetailOf(i) is not { IsCancelling: true }) Emit(new RunEvent.Cancelling(i, null, KeepsResult: false));
        }
        for (var i = State.InstanceCount - 1; i >= 0; i--)
        {
            if (State.IsFinal(i)) continue;
            CloseOpenSteps(i);
            var hasBegun = State.StatusOf(i) == NodeStatus.Open || State.AttemptOf(i) > 0;
            if (hasBegun) End(i, NodeStatus.Cancelled, null, new NodeError(ErrorCode.Cancelled, State.Reason));
            else Emit(new RunEvent.Skipped(i, SkipCause.Terminated));
        }
        State.Doomed.Clear();
        State.Losers.Clear();
        State.Hopeless.Clear();
    }

    private void CheckTimeBudgets()
    {
        if (State.StoppingAs is not null) return;
        if (State.RunAccount.Limits.MaxTime is { } limit && State.RunAccount.ActiveMs >= limit.TotalMilliseconds && !State.Scopes[0].HasEnded)
        {
            StopForBudget($"the run's budget is exceeded: max_seconds {limit.TotalSeconds:0.###} of work have passed", hasFallback: false);
        }
        for (var i = 0; i < State.Timed.Count; i++)
        {
            var (node, account) = State.Timed[i];
            if (account.ActiveMs < account.Limits.MaxTime!.Value.TotalMilliseconds || State.DetailOf(node) is { IsCancelling: true }) continue;
            Cancel(node, new NodeError(ErrorCode.Budget, $"the budget of node '{account.Owner}' is exceeded: max_seconds {account.Limits.MaxTime.Value.TotalSeconds:0.###} have passed"));
            i = -1;   // what ended with it left the list
        }
    }
}
