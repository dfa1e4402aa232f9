using Hydra.Model;

namespace Hydra.Scheduling;

/// <summary>
/// Decides what happens next in a run. Pure: it looks at the state, the messages and the time it is given, and answers
/// with facts (applied at once, to be made durable as one frame) and commands (to be carried out after that). It never
/// reads a value, a clock or a random source, so any interleaving and any crash can be simulated seed by seed.
/// </summary>
/// <remarks>
/// One turn is: <see cref="Begin"/>, any number of <see cref="Handle"/>, <see cref="Finish"/>. Then the caller commits
/// <see cref="Events"/>, carries out <see cref="Commands"/> and comes back at <see cref="NextDueMs"/> or with new messages.
/// </remarks>
public sealed partial class Reducer(RunState state)
{
    /// <summary>Starts put into one frame; more would only make the frame large.</summary>
    public const int StartsPerTurnMax = 65_536;
    /// <summary>Instances a run may hold; a run that opens more fails with a reason.</summary>
    public const int InstancesMax = 4_000_000;

    private readonly List<int> _parkedForResource = [];
    /// <summary>Instances whose <c>when</c> or next move is being worked out; an answer nobody asked for is ignored.</summary>
    private readonly HashSet<int> _asked = [];
    private long _nowMs;

    public RunState State { get; } = state;
    /// <summary>Calls are answered by a recording: nothing waits before it is tried again, and providers are not spared.</summary>
    public bool IsReplay { get; init; }
    public List<RunEvent> Events { get; } = [];
    public List<Command> Commands { get; } = [];
    /// <summary>When the run wants a <see cref="Message.Tick"/> (Unix milliseconds); null: nothing is due.</summary>
    public long? NextDueMs { get; private set; }

    public void Begin(long nowMs)
    {
        _nowMs = nowMs;
        Events.Clear();
        Commands.Clear();
    }

    /// <summary>The first turn of a new run.</summary>
    public void Open(RunEvent.RunStarted started) => Emit(started);

    /// <summary>
    /// The first turn of a run taken up again: calls whose answer was lost are charged at their bound; what failed gets
    /// new attempts where the run had ended.
    /// </summary>
    public void Resume(RunLimits limits)
    {
        var ended = State.HasEnded ? State.Status : RunStatus.Running;
        _asked.Clear();
        _waitingSteps.Clear();
        _parkedForResource.Clear();
        Emit(new RunEvent.RunResumed(State.Epoch + 1, limits));
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.DetailOf(i)?.Steps is not null && !State.IsFinal(i)) CloseOpenSteps(i);
        }
        // A run that was only paused or interrupted goes on as if it never had been.
        if (State.IsTerminated || ended is not (RunStatus.Failed or RunStatus.Stopped or RunStatus.Cancelled)) return;
        foreach (var instance in State.Reopenable()) Emit(new RunEvent.Reopened(instance));
    }

    public void Handle(Message message)
    {
        if (State.HasEnded) return;
        State.CountTime(_nowMs);
        switch (message)
        {
            case Message.AttemptEnded m: EndAttempt(m); break;
            case Message.StepRequested m: RequestStep(m); break;
            case Message.StepReported m: ReportStep(m); break;
            case Message.WhenDecided m: DecideWhen(m); break;
            case Message.Advanced m: Advance(m); break;
            case Message.StopWhenHeld m: HoldStopWhen(m.Node); break;
            case Message.StopRequested m: RequestStop(m); break;
            case Message.WaitAnswered m: AnswerWait(m.Given); break;
            case Message.ControlAsked m: Hear(m.Request); break;
            case Message.SwitchRead m: HearSwitch(m.Switch); break;
            case Message.Tick: break;
            default: throw new ArgumentException($"No handling for {message.GetType().Name}.", nameof(message));
        }
    }

    /// <summary>Ends the turn: wakes what is due, skips what can no longer run, starts what may.</summary>
    public void Finish()
    {
        if (State.HasEnded) return;
        State.CountTime(_nowMs);
        WakeDue();
        CheckWaits();
        CheckOverdue();
        CheckTimeBudgets();
        CheckDeadlines();
        GrantWaitingSteps();
        do StartAll();
        while (CheckEnd());
        FindNextDue();
    }

    private void StartAll()
    {
        do
        {
            SkipDoomed();
            CancelLosers();
            CutQueuedItems();
            if (IsHeld) continue;
            IssueDecisions();
            StartReady();
        }
        while (State.Doomed.Count > 0 || State.Losers.Count > 0 || State.Hopeless.Count > 0 || (!IsHeld && State.ToDecide.Count + State.ToAdvance.Count > 0));
    }

    private void Emit(RunEvent happened)
    {
        Events.Add(happened);
        State.Apply(happened, _nowMs);
        var isRelease = happened is RunEvent.Ended or RunEvent.AttemptFailed or RunEvent.Suspended or RunEvent.AttemptInterrupted or RunEvent.WaitOpened or RunEvent.Skipped or RunEvent.Expanded;
        if (!isRelease || _parkedForResource.Count == 0) return;
        foreach (var parked in _parkedForResource) State.Enqueue(parked);
        _parkedForResource.Clear();
    }

    private void WakeDue()
    {
        while (State.Due.TryPeek(out var instance, out var dueMs) && dueMs <= _nowMs)
        {
            State.Due.Dequeue();
            if (IsDue(instance, dueMs)) State.Enqueue(instance);
        }
    }

    private bool IsDue(int instance, long dueMs) =>
        State.StatusOf(instance) == NodeStatus.Waiting && State.DetailOf(instance)!.DueMs == dueMs;

    private void SkipDoomed()
    {
        while (State.Doomed.TryDequeue(out var doomed))
        {
            if (State.IsDoomed(doomed.Node)) Emit(new RunEvent.Skipped(doomed.Node, doomed.Cause));
        }
    }

    private void CancelLosers()
    {
        while (State.Losers.TryDequeue(out var loser))
        {
            if (!State.IsFinal(loser)) Cancel(loser, null);
        }
    }

    /// <summary>Items that wait for a slot of the run have not started either: they go when their scope can no longer succeed.</summary>
    private void CutQueuedItems()
    {
        while (State.Hopeless.TryDequeue(out var scope))
        {
            if (scope.NodesPerItem != 1) continue;   // an item of several nodes counts as started
            for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
            {
                if (State.StatusOf(i) == NodeStatus.Queued && State.AttemptOf(i) == 0) Cancel(i, null);
            }
        }
    }

    private void IssueDecisions()
    {
        while (State.ToDecide.TryDequeue(out var instance))
        {
            if (State.StatusOf(instance) != NodeStatus.Deciding || IsOver(instance) || !_asked.Add(instance)) continue;
            Commands.Add(new(CommandKind.Decide, instance));
        }
        while (State.ToAdvance.TryDequeue(out var instance))
        {
            if (State.StatusOf(instance) != NodeStatus.Open || IsOver(instance) || State.DetailOf(instance) is not { AwaitsAdvance: true } detail) continue;
            if (detail.IsCancelling) EndCancelled(instance, detail);
            else if (State.NodeOf(instance).Composite is null) GoOn(instance, detail);
            else if (_asked.Add(instance)) Commands.Add(new(CommandKind.Advance, instance));
        }
        while (State.ToCheckStop.TryDequeue(out var instance))
        {
            if (State.StatusOf(instance) == NodeStatus.Open && State.DetailOf(instance) is { StopWhenHeld: false }) Commands.Add(new(CommandKind.CheckStop, instance));
        }
    }

    private void StartReady()
    {
        for (var started = 0; started < StartsPerTurnMax && State.RunningCount < State.Limits.MaxConcurrent;)
        {
            if (!State.Ready.TryPop(out var instance)) return;
            if (!MayStart(instance)) continue;
            if (State.DetailOf(instance) is { IsCancelling: true } detail)
            {
                EndCancelled(instance, detail);   // a crash came between the cancelling and its end
                continue;
            }
            var node = State.NodeOf(instance);
            if (node.Resources is { } resources && State.HeldResources.Overlaps(resources))
            {
                _parkedForResource.Add(instance);
                continue;
            }
            // An attempt that was left goes on whatever the breaker has heard since: one that began anew would repeat its calls.
            var goesOn = State.DetailOf(instance) is { Reenters: true };
            if (!goesOn && node.Settings.Breaker is not null && (State.DetailOf(instance)?.Variant ?? 0) == 0 && State.BreakerOf(node)!.Refuses(_nowMs))
            {
                RefuseByBreaker(instance, node, State.BreakerOf(node)!);
                continue;
            }
            Start(instance);
            started++;
        }
    }

    /// <summary>Queued, or waiting for a time that has come; entries of the heap may be stale.</summary>
    private bool MayStart(int instance) => !IsOver(instance) && State.StatusOf(instance) switch
    {
        NodeStatus.Queued => true,
        NodeStatus.Waiting => State.DetailOf(instance)!.DueMs <= _nowMs,
        _ => false,
    };

    /// <summary>The run only undoes what it did, and the instance is no part of that.</summary>
    private bool IsOver(int instance) => State.RollbackAs is not null && !State.IsUndo(instance);

    private void Start(int instance)
    {
        var detail = State.DetailOf(instance);
        var attempt = State.AttemptOf(instance);
        if (detail is { Crashes: >= RunState.CrashesMax })
        {
            var doubt = State.UnknownStep(instance) is { } call ? ". " + UnknownText(instance, call) : "";
            Fail(instance, new NodeError(ErrorCode.UnknownOutcome, $"the process died {RunState.CrashesMax} times while this attempt ran; it is not tried again on its own{doubt}"));
            return;
        }
        if (detail is { Reenters: true }) Emit(new RunEvent.Started(instance, attempt, detail.Incarnation + 1, detail.Variant));
        else Emit(new RunEvent.Started(instance, attempt + 1, 0, detail?.Variant ?? 0));
        if (detail is not null)
        {
            detail.RefusedBy = null;
            foreach (var step in detail.Steps ?? []) step.IsUsed = false;
        }
        Commands.Add(new(CommandKind.Start, instance));
    }

    /// <summary>Something runs, is about to, or comes by itself with time; only people are left to wait for otherwise.</summary>
    private bool IsMoving =>
        State.RunningCount > 0 || _asked.Count > 0 || State.WaitingCount > State.OpenWaits.Count || State.Ready.Count > 0
            || _waitingSteps.Count > 0 || Commands.Count > 0;

    /// <summary>Ends the run when it is over. True: there is more to start, because what it did is to be undone.</summary>
    private bool CheckEnd()
    {
        if (State.RollbackAs is not null) return Undo();
        // A run that was to stop, pause or be interrupted, and whose last node has ended meanwhile, has simply ended.
        if (State.Scopes[0].HasEnded && State.StoppingAs is null or RunStatus.Stopped or RunStatus.Paused or RunStatus.Interrupted)
        {
            var failed = FirstFailure();
            return failed < 0 ? EndOrRollBack(RunStatus.Completed, "every node has ended", -1) : EndOrRollBack(FailureStatusOf(failed), ReasonOf(failed), failed);
        }
        if (State.StoppingAs is { } status)
        {
            if (State.RunningCount > 0) return false;
            if (State.IsTerminated) WindUp();
            return EndOrRollBack(status, State.Reason, -1);
        }
        var isMoving = IsMoving;
        if (!isMoving && State.OpenWaits.Count > 0)
        {
            if (!StaysForPeople) PauseForPeople();
            return false;
        }
        if (!isMoving) Emit(new RunEvent.RunEnded(RunStatus.Failed, "no node can go on and none is running: this is a defect of Hydra; please report it with the run's events"));
        return false;
    }

    private RunStatus FailureStatusOf(int instance) =>
        State.StatusOf(instance) == NodeStatus.BudgetExceeded ? RunStatus.Stopped : RunStatus.Failed;

    private string ReasonOf(int instance)
    {
        var error = State.DetailOf(instance)?.Error;
        return error is null ? $"node '{State.PathOf(instance)}' {State.StatusOf(instance).ToString().ToLowerInvariant()}" : $"node '{State.PathOf(instance)}' failed: {error.Code}: {error.Message}";
    }

    private int FirstFailure()
    {
        var root = State.Scopes[0];
        if (!root.HasFailures) return -1;
        for (var i = 0; i < root.InstanceCount; i++)
        {
            if (State.IsUncaughtFailure(i)) return i;
        }
        return -1;
    }

    private void FindNextDue()
    {
        NextDueMs = null;
        if (State.HasEnded) return;
        while (State.Due.TryPeek(out var instance, out var dueMs))
        {
            if (!IsDue(instance, dueMs))
            {
                State.Due.Dequeue();
                continue;
            }
            NextDueMs = dueMs;
            break;
        }
        if (IsHeld) return;
        if (State.Deadlines.TryPeek(out _, out var deadlineMs)) Sooner(deadlineMs);
        if (State.WaitsDue.TryPeek(out _, out var waitDueMs)) Sooner(waitDueMs);
        if (State.OverdueAt.TryPeek(out _, out var overdueMs)) Sooner(overdueMs);
        if (State.RunningCount == 0) return;
        if (_rateOpensAtMs is { } opens) Sooner(opens);
        if (_agentOpensAtMs is { } agentOpens) Sooner(agentOpens);
        if (State.RunAccount.Limits.MaxTime is { } limit) Sooner(_nowMs + Math.Max(1, (long)limit.TotalMilliseconds - State.RunAccount.ActiveMs));
        foreach (var (node, account) in State.Timed)
        {
            if (account.Running > 0 && State.DetailOf(node) is not { IsCancelling: true }) Sooner(_nowMs + Math.Max(1, (long)account.Limits.MaxTime!.Value.TotalMilliseconds - account.ActiveMs));
        }
    }

    private void Sooner(long dueMs) => NextDueMs = NextDueMs is { } known ? Math.Min(known, dueMs) : dueMs;
}
