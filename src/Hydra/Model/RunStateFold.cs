using System.Diagnostics;
using Hydra.Policies;

namespace Hydra.Model;

// The fold: what each fact changes.
public sealed partial class RunState
{
    public void Apply(RunEvent happened, long atMs)
    {
        LatestMs = Math.Max(LatestMs, atMs);
        switch (happened)
        {
            case RunEvent.Started e: Start(e, atMs); break;
            case RunEvent.Ended e: End(e, atMs); break;
            case RunEvent.Skipped e: Skip(e); break;
            case RunEvent.StepIntended e: Intend(e, atMs); break;
            case RunEvent.StepEnded e: EndStep(e, atMs); break;
            case RunEvent.AttemptFailed e: FailAttempt(e, atMs); break;
            case RunEvent.Suspended e: Suspend(e); break;
            case RunEvent.Decided e: MakeReady(e.Node); break;
            case RunEvent.Expanded e: Expand(e, atMs); break;
            case RunEvent.Reopened e: Reopen(e.Node); break;
            case RunEvent.AttemptInterrupted e: Interrupt(e.Node); break;
            case RunEvent.Cancelling e: Cancel(e); break;
            case RunEvent.Stopping e:
                StoppingAs = e.Status;
                Reason = e.Reason;
                break;
            case RunEvent.RunEnded e:
                HasEnded = true;
                Status = e.Status;
                Reason = e.Reason;
                break;
            case RunEvent.RunStarted e:
                HasStarted = true;
                RunName = e.Run;
                Bundle = e.Bundle;
                StartedAtMs = atMs;
                SetLimits(e.Limits);
                break;
            case RunEvent.RunResumed e: Resume(e, atMs); break;
            case RunEvent.Reused e: Detail(e.Node).ReusedFrom = (e.Run, e.Path); break;
            case RunEvent.Asked e: HearAsked(e); break;
            case RunEvent.Assumed e: Assume(e); break;
            case RunEvent.RollingBack e: RollBack(e); break;
            case RunEvent.Forked e: Fork(e, atMs); break;
            case RunEvent.Invalidated e:
                Invalidate(e, atMs);
                AskAnew(atMs);
                break;
            case RunEvent.OutputSet e:
                End(new RunEvent.Ended(e.Node, NodeStatus.Completed, e.Output, null, Value.Null), atMs);
                Detail(e.Node).IsSetByHand = true;
                break;
            case RunEvent.WaitOpened e: OpenWait(e, atMs); break;
            case RunEvent.WaitAnswered e: AnswerWait(e, atMs); break;
            case RunEvent.Overdue e: Detail(e.Node).OverdueAttempt = _attempt[e.Node]; break;
            case RunEvent.WaitReminded e: RemindOfWait(e); break;
            case RunEvent.WaitExpired e: ExpireWait(e, atMs); break;
            default: throw new UnreachableException($"No fold for {happened.GetType().Name}.");
        }
    }

    private void SetLimits(RunLimits limits)
    {
        Limits = limits;
        RunAccount.Limits = limits.Budget ?? new BudgetSpec();
    }

    private void Resume(RunEvent.RunResumed e, long atMs)
    {
        Epoch = e.Epoch;
        // A run that was being cancelled when its process died is not brought back by a crash, and one that was terminated by nothing.
        var endsAnyway = StoppingAs is RunStatus.Completed or RunStatus.Failed || (!HasEnded && StoppingAs == RunStatus.Cancelled);
        if (!endsAnyway)
        {
            StoppingAs = null;
            Reason = "";
        }
        HasEnded = false;
        Status = RunStatus.Running;
        LastFrameMs = atMs;
        SetLimits(e.Limits);
        ResumeControl(atMs);
        RebuildWorkLists();
        Deadlines.Clear();
        for (var i = 0; i < InstanceCount; i++)
        {
            if (_status[i] == NodeStatus.Open && _detail[i] is { DeadlineMs: > 0 }) SetDeadline(i, atMs);   // time without a process does not count
        }
    }

    private void SetDeadline(int composite, long atMs)
    {
        if (NodeOf(composite) is not { Composite: not null, Settings.Timeout: { } timeout }) return;   // a gate's own is that of its wait
        var dueMs = atMs + Math.Max(1, (long)timeout.TotalMilliseconds);
        Detail(composite).DeadlineMs = dueMs;
        Deadlines.Enqueue(composite, dueMs);
    }

    /// <summary>Puts everything that can go on where the reducer finds it; attempts whose process is gone are queued, their step log with them.</summary>
    private void RebuildWorkLists()
    {
        Ready.Clear();
        ToDecide.Clear();
        ToAdvance.Clear();
        ToCheckStop.Clear();
        Due.Clear();
        WaitsDue.Clear();
        OverdueAt.Clear();
        for (var i = 0; i < InstanceCount; i++)
        {
            switch (_status[i])
            {
                case NodeStatus.Running:
                    Leave(i);
                    Queue(i);
                    Detail(i).Crashes++;
                    break;
                case NodeStatus.Queued: Enqueue(i); break;
                case NodeStatus.Waiting when OpenWaits.Contains(i): WaitsDue.Enqueue(i, _detail[i]!.Wait!.NextDueMs); break;
                case NodeStatus.Waiting: Due.Enqueue(i, _detail[i]!.DueMs); break;
                case NodeStatus.Deciding: ToDecide.Enqueue(i); break;
                case NodeStatus.Open:
                    if (_detail[i]!.AwaitsAdvance) ToAdvance.Enqueue(i);
                    if (NodeOf(i) is { Composite: not null, Settings.StopWhen: not null }) ToCheckStop.Enqueue(i);
                    break;
            }
        }
    }

    private void Start(RunEvent.Started e, long atMs)
    {
        var node = NodeOf(e.Node);
        LeaveWaiting(e.Node);
        _status[e.Node] = NodeStatus.Running;
        _attempt[e.Node] = (ushort)e.Attempt;
        RunningCount++;
        if (node.Resources is { } resources) HeldResources.UnionWith(resources);
        if (e.Variant == 0 && node.Settings.Breaker is not null) BreakerOf(node)!.Enter(e.Node);
        StartClock(e.Node);
        if (node.Settings.OverdueAfter is { } limit) Expect(e, atMs + Math.Max(1, (long)limit.TotalMilliseconds));
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Running++;
        if (e.Incarnation == 0 && e.Variant == 0 && _detail[e.Node] is null) return;
        var detail = Detail(e.Node);
        detail.Incarnation = e.Incarnation;
        detail.Variant = e.Variant;
        detail.Reenters = false;
        if (e.Incarnation == 0) (detail.Steps, detail.Wait, detail.EarlierWaits, detail.WasDenied) = (null, null, null, false);
    }

    private void Expect(RunEvent.Started e, long dueMs)
    {
        var detail = Detail(e.Node);
        if (detail.OverdueAttempt == e.Attempt) return;   // it was reported before its process died
        detail.OverdueAtMs = dueMs;
        OverdueAt.Enqueue(e.Node, dueMs);
    }

    /// <summary>The attempt runs, was expected to have ended long before <paramref name="dueMs"/>, and was not reported.</summary>
    public bool IsOverdue(int instance, long dueMs) =>
        _status[instance] == NodeStatus.Running && _detail[instance]!.OverdueAtMs == dueMs && _detail[instance]!.OverdueAttempt != _attempt[instance];

    /// <summary>If the instance runs, its slot and its resources become free and its breaker learns how it went; <paramref name="error"/> null: well.</summary>
    private void Release(int instance, NodeError? error, long atMs)
    {
        if (_status[instance] != NodeStatus.Running) return;
        RunningCount--;
        var node = NodeOf(instance);
        if (node.Resources is { } resources) HeldResources.ExceptWith(resources);
        for (var account = AccountOf(instance); account is not null; account = account.Parent) account.Running--;
        // The breaker guards the node as written; what stands in for it is another matter.
        if (node.Settings.Breaker is not null && (_detail[instance]?.Variant ?? 0) == 0) Judge(BreakerOf(node)!, instance, error, atMs);
    }

    /// <summary>The attempt is left and not ended: its next start is a new incarnation of it.</summary>
    private void Leave(int instance)
    {
        Release(instance, CutShort, 0);
        Detail(instance).Reenters = true;
    }

    private void Interrupt(int instance)
    {
        Leave(instance);
        Queue(instance);
    }

    private static readonly NodeError CutShort = new(ErrorCode.Cancelled, "");

    private void LeaveWaiting(int instance)
    {
        if (_status[instance] == NodeStatus.Waiting) WaitingCount--;
        OpenWaits.Remove(instance);
    }

    private void End(RunEvent.Ended e, long atMs)
    {
        var wasRunning = _status[e.Node] == NodeStatus.Running;
        Release(e.Node, e.Error, atMs);
        LeaveWaiting(e.Node);
        StopClock(e.Node);
        var detail = _detail[e.Node];
        if (e.Error is not null || !e.Signal.IsNull)
        {
            detail = Detail(e.Node);
            detail.Error = e.Error;
            detail.Signal = e.Signal;
        }
        if (detail is not null)
        {
            detail.IsUnknown = e.Status is NodeStatus.Failed or NodeStatus.Cancelled && HasUnknownStep(e.Node);
            // With more budget the attempt goes on where it stood: what it has paid for stays. An unknown effect is not forgotten: what a
            // person says of it goes to the call that is in question. An attempt that was left (processes died in it) did not end itself:
            // taken up again, it goes on behind what it has done.
            var isBudget = e.Status == NodeStatus.BudgetExceeded;
            detail.Reenters = wasRunning ? isBudget || (e.Status == NodeStatus.Failed && detail.IsUnknown) : detail.Reenters && (isBudget || e.Status == NodeStatus.Failed);
            if (!detail.Reenters)
            {
                if (detail.Steps is not null) RuleUses.Forget(PathOf(e.Node));
                detail.Steps = null;
                ForgetOpened(e.Node, detail);
            }
            detail.AwaitsAdvance = false;
        }
        _output[e.Node] = e.Output;
        _status[e.Node] = e.Status;
        AfterEnd(e.Node);
    }

    private static void Judge(Breaker breaker, long caller, NodeError? error, long atMs)
    {
        if (error is null) breaker.Succeeded(caller);
        else if (error.Code == ErrorCode.Cancelled || error.Code == ErrorCode.Budget) breaker.Abandoned(caller);
        else breaker.Failed(caller, atMs);
    }

    private void Skip(RunEvent.Skipped e)
    {
        Release(e.Node, null, 0);
        StopClock(e.Node);
        _status[e.Node] = NodeStatus.Skipped;
        Detail(e.Node).SkippedBecause = e.Because;
        var failed = e.Because is SkipCause.UpstreamFailed or SkipCause.Terminated;
        if (!failed && NodeOf(e.Node).Settings.OnSkip is { Propagate: false } standIn) _output[e.Node] = ValueRef.Of(standIn.Default);
        AfterEnd(e.Node);
    }

    private void Cancel(RunEvent.Cancelling e)
    {
        var detail = Detail(e.Node);
        detail.IsCancelling = !e.KeepsResult;
        detail.StopWhenHeld = e.KeepsResult;
        detail.CancelError = e.Error;
        if (_status[e.Node] != NodeStatus.Open || detail.Scope < 0 || Scopes[detail.Scope] is not { HasEnded: false } scope) return;
        CutItems(scope);
        while (scope.Returning is { Count: > 0 } returning) ReturnItem(scope, returning.Dequeue());   // to be cancelled one by one
        if (scope.HasEnded) AwaitAdvance(e.Node);
    }

    /// <summary>Instances whose <c>budget</c> has a <c>max_seconds</c> that is running.</summary>
    public List<(int Node, Account Account)> Timed { get; } = [];

    private void StartClock(int instance)
    {
        if (NodeOf(instance).Settings.Budget?.MaxTime is null) return;
        foreach (var (node, _) in Timed)
        {
            if (node == instance) return;
        }
        Timed.Add((instance, AccountOf(instance)));
    }

    private void StopClock(int instance)
    {
        for (var i = Timed.Count - 1; i >= 0; i--)
        {
            if (Timed[i].Node == instance) Timed.RemoveAt(i);
        }
    }

    private void FailAttempt(RunEvent.AttemptFailed e, long atMs)
    {
        Release(e.Node, e.Error, atMs);
        var detail = Detail(e.Node);
        detail.Error = e.Error;
        if (detail.Steps is not null) RuleUses.Forget(PathOf(e.Node));
        detail.Steps = null;
        ForgetOpened(e.Node, detail);
        var isRetry = e.NextVariant == detail.Variant;
        detail.AttemptsInVariant = isRetry ? detail.AttemptsInVariant + 1 : 0;
        detail.Variant = e.NextVariant;
        detail.Incarnation = 0;
        detail.Crashes = 0;
        detail.Reenters = false;
        detail.ResumedAtMs = 0;
        if (isRetry)
        {
            detail.Retries++;
            for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Retries++;
        }
        Await(e.Node, e.RetryAtMs);
    }

    /// <summary>What a leaf's attempt opened belongs to that attempt: a further one begins without it.</summary>
    private void ForgetOpened(int instance, InstanceDetail detail)
    {
        if (detail.Scope >= 0 && NodeOf(instance).Composite is null && Scopes[detail.Scope].Opening.Kind != ScopeKind.Revision) detail.Scope = -1;
    }

    /// <summary>How many graphs the instance has opened, in all attempts.</summary>
    public int OpenedBy(int instance) => Scopes.Count(scope => scope.Parent == instance && scope.Opening.Kind == ScopeKind.Round);

    private void Suspend(RunEvent.Suspended e)
    {
        Leave(e.Node);
        Detail(e.Node).AwaitsAdvance = false;
        Detail(e.Node).ResumedAtMs = e.UntilMs;
        Await(e.Node, e.UntilMs);
    }

    private void Await(int instance, long dueMs)
    {
        if (dueMs == 0)
        {
            Queue(instance);
            return;
        }
        if (_status[instance] != NodeStatus.Waiting) WaitingCount++;
        _status[instance] = NodeStatus.Waiting;
        Detail(instance).DueMs = dueMs;
        Due.Enqueue(instance, dueMs);
    }

    private void Queue(int instance)
    {
        _status[instance] = NodeStatus.Queued;
        Enqueue(instance);
    }

    /// <summary>
    /// Puts an instance into the heap: when it is queued, when its wait is over (its status changes only as it starts), or
    /// once more after a resource kept it from starting.
    /// </summary>
    public void Enqueue(int instance)
    {
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        Ready.Push(instance, scope.Plan.Nodes[index].Settings.Priority, scope.Rank + scope.Plan.Rank[index]);
    }

    private void Expand(RunEvent.Expanded e, long atMs)
    {
        var detail = Detail(e.Node);
        if (e.Opening.Kind == ScopeKind.Undo)
        {
            detail.UndoScope = Open(e.Node, PlanOf(e.Opening, e.Node), e.Opening);
            return;
        }
        if (e.Opening.Kind == ScopeKind.Revision)
        {
            OpenRevision(e);
            return;
        }
        detail.AwaitsAdvance = false;
        if (_status[e.Node] == NodeStatus.Running)
        {
            Leave(e.Node);   // a leaf's attempt: it is entered again when the graph has ended
            _status[e.Node] = NodeStatus.Open;
        }
        StartClock(e.Node);
        if (detail.DeadlineMs == 0) SetDeadline(e.Node, atMs);
        detail.Scope = Open(e.Node, PlanOf(e.Opening, e.Node), e.Opening);
        if (Scopes[detail.Scope].HasEnded) AwaitAdvance(e.Node);
    }
}
