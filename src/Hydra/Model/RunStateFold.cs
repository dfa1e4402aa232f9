using System.Diagnostics;

namespace Hydra.Model;

// The fold: what each fact changes.
public sealed partial class RunState
{
    /// <summary>Calls of the last minute are what the rate limits look at.</summary>
    public const long RateWindowMs = 60_000;

    public void Apply(RunEvent happened, long atMs)
    {
        switch (happened)
        {
            case RunEvent.Started e: Start(e); break;
            case RunEvent.Ended e: End(e, atMs); break;
            case RunEvent.Skipped e: Skip(e); break;
            case RunEvent.StepIntended e: Intend(e, atMs); break;
            case RunEvent.StepEnded e: EndStep(e, atMs); break;
            case RunEvent.AttemptFailed e: FailAttempt(e, atMs); break;
            case RunEvent.Suspended e: Suspend(e); break;
            case RunEvent.Decided e: MakeReady(e.Node); break;
            case RunEvent.Expanded e: Expand(e); break;
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
        HasEnded = false;
        StoppingAs = null;
        Status = RunStatus.Running;
        Reason = "";
        LastFrameMs = atMs;
        SetLimits(e.Limits);
        for (var i = 0; i < InstanceCount; i++)
        {
            if (_status[i] == NodeStatus.Running) Requeue(i, wasCut: true);
        }
    }

    private void Start(RunEvent.Started e)
    {
        var node = NodeOf(e.Node);
        LeaveWaiting(e.Node);
        _status[e.Node] = NodeStatus.Running;
        _attempt[e.Node] = (ushort)e.Attempt;
        RunningCount++;
        if (node.Resources is { } resources) HeldResources.UnionWith(resources);
        if (node.Settings.Breaker is not null) BreakerOf(node)!.Enter();
        StartClock(e.Node);
        if (e.Incarnation == 0 && e.Variant == 0 && _detail[e.Node] is null) return;
        var detail = Detail(e.Node);
        detail.Incarnation = e.Incarnation;
        detail.Variant = e.Variant;
        detail.WasCut = false;
        detail.IsCancelling = false;
    }

    /// <summary>The instance no longer runs: its slot and its resources are free.</summary>
    private void Release(int instance)
    {
        if (_status[instance] != NodeStatus.Running) return;
        RunningCount--;
        if (NodeOf(instance).Resources is { } resources) HeldResources.ExceptWith(resources);
    }

    private void LeaveWaiting(int instance)
    {
        if (_status[instance] == NodeStatus.Waiting) WaitingCount--;
    }

    private void End(RunEvent.Ended e, long atMs)
    {
        Release(e.Node);
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
            detail.Steps = null;
            detail.AwaitsAdvance = false;
        }
        if (NodeOf(e.Node).Settings.Breaker is not null) Judge(BreakerOf(NodeOf(e.Node))!, e.Error, atMs);
        _output[e.Node] = e.Output;
        _status[e.Node] = e.Status;
        AfterEnd(e.Node);
    }

    private static void Judge(Breaker breaker, NodeError? error, long atMs)
    {
        if (error is null) breaker.Succeeded();
        else if (error.Code == ErrorCode.Cancelled || error.Code == ErrorCode.Budget) breaker.Abandoned();
        else breaker.Failed(atMs);
    }

    private void Skip(RunEvent.Skipped e)
    {
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
        if (scope.HasEnded) AwaitAdvance(e.Node);
    }

    /// <summary>Instances whose <c>budget</c> has a <c>max_seconds</c> that is running.</summary>
    public List<(int Node, Account Account)> Timed { get; } = [];

    private void StartClock(int instance)
    {
        if (NodeOf(instance).Settings.Budget?.MaxTime is null || Timed.Exists(entry => entry.Node == instance)) return;
        Timed.Add((instance, AccountOf(instance)));
    }

    private void StopClock(int instance)
    {
        if (Timed.Count > 0) Timed.RemoveAll(entry => entry.Node == instance);
    }

    private void Intend(RunEvent.StepIntended e, long atMs)
    {
        RateEntry? rate = null;
        if (e.Call.Kind == StepKind.Model && (Limits.Rpm is not null || Limits.Tpm is not null))
        {
            rate = new RateEntry(atMs, e.Call.TokensMax);
            RecentCalls.Enqueue(rate);
        }
        (Detail(e.Node).Steps ??= []).Add(new StepState(e.Call) { Rate = rate });
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Reserve(e.Call);
        if (e.Call.Provider.Length > 0) ProviderBreaker(e.Call.Provider).Enter();
    }

    private void EndStep(RunEvent.StepEnded e, long atMs)
    {
        var step = _detail[e.Node]!.Steps![e.Step];
        step.Result = e.Result;
        if (step.Rate is { } rate) rate.Tokens = e.Result.Usage.Total;
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Settle(step.Call, e.Result);
        if (step.Call.Provider.Length == 0) return;
        var breaker = ProviderBreaker(step.Call.Provider);
        if (e.Result.Error is not { } error) breaker.Succeeded();
        else if (error.Code == ErrorCode.ProviderError || error.Code == ErrorCode.Network
            || error.Code == ErrorCode.Timeout || error.Code == ErrorCode.IdleTimeout) breaker.Failed(atMs);
        else breaker.Abandoned();
    }

    private void FailAttempt(RunEvent.AttemptFailed e, long atMs)
    {
        Release(e.Node);
        var detail = Detail(e.Node);
        detail.Error = e.Error;
        detail.Steps = null;
        detail.AttemptsInVariant = e.NextVariant == detail.Variant ? detail.AttemptsInVariant + 1 : 0;
        detail.Variant = e.NextVariant;
        detail.Incarnation = 0;
        detail.ResumedAtMs = 0;
        if (NodeOf(e.Node).Settings.Breaker is not null) Judge(BreakerOf(NodeOf(e.Node))!, e.Error, atMs);
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Retries++;
        Await(e.Node, e.RetryAtMs);
    }

    private void Suspend(RunEvent.Suspended e)
    {
        Release(e.Node);
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

    private void Interrupt(int instance)
    {
        Release(instance);
        Queue(instance);
        if (_detail[instance]?.Steps is not null) Detail(instance).WasCut = true;
    }

    /// <summary>An attempt whose process is gone goes back to the queue, its step log with it.</summary>
    private void Requeue(int instance, bool wasCut)
    {
        Release(instance);
        Queue(instance);
        Detail(instance).WasCut = wasCut;
    }

    /// <summary>The wait of an instance is over: it competes for a slot again.</summary>
    public void Wake(int instance)
    {
        LeaveWaiting(instance);
        Queue(instance);
    }

    private void Queue(int instance)
    {
        _status[instance] = NodeStatus.Queued;
        Enqueue(instance);
    }

    /// <summary>Puts a queued instance into the heap once more, after a resource kept it from starting.</summary>
    public void Enqueue(int instance)
    {
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        Ready.Push(instance, scope.Plan.Nodes[index].Settings.Priority, scope.Rank + scope.Plan.Rank[index]);
    }

    private void Expand(RunEvent.Expanded e)
    {
        var detail = Detail(e.Node);
        detail.AwaitsAdvance = false;
        StartClock(e.Node);
        detail.Scope = Open(e.Node, NodeOf(e.Node).Fragments[e.Opening.Fragment], e.Opening);
        if (Scopes[detail.Scope].HasEnded) AwaitAdvance(e.Node);
    }
}
