namespace Hydra.Model;

// What people and the kill switch ask of a run, effects whose outcome is unknown, and undoing what was done.
public sealed partial class RunState
{
    /// <summary>When the present process took the run up (Unix milliseconds).</summary>
    public long TakenUpAtMs { get; private set; }
    /// <summary>How the run ends once what it did is undone; null: nothing is being undone. Survives a resume.</summary>
    public RunStatus? RollbackAs { get; private set; }
    /// <summary>Why the run ended, before anything was undone.</summary>
    public string RollbackReason { get; private set; } = "";
    /// <summary>Somebody asked that what completed be undone when the run ends.</summary>
    public bool WantsRollback { get; private set; }
    /// <summary>The kill switch stopped the run.</summary>
    public bool IsSwitchedOff { get; private set; }
    /// <summary>All that completed is undone, not only effects of unknown outcome.</summary>
    public bool RollsBackAll { get; private set; }

    /// <summary>The instance belongs to what undoes another.</summary>
    public bool IsUndo(int instance)
    {
        if (RollbackAs is null) return false;
        for (var scope = ScopeOf(instance); scope.Parent >= 0; scope = ScopeOf(scope.Parent))
        {
            if (scope.Opening.Kind == ScopeKind.Undo) return true;
        }
        return false;
    }

    /// <summary>Whether making the call once more is no more than making it once, or the author accepts it.</summary>
    public bool MayRepeat(int instance, StepCall call) =>
        call.Effect is EffectClass.Pure or EffectClass.Idempotent || NodeOf(instance).Settings.OnUnknown == UnknownOutcomePolicy.Retry;

    /// <summary>The present attempt holds a call that may not be repeated and whose answer was never known.</summary>
    public bool HasUnknownStep(int instance) => UnknownStep(instance) is not null;

    /// <summary>The first such call; null: there is none.</summary>
    public StepCall? UnknownStep(int instance)
    {
        if (_detail[instance]?.Steps is not { } steps) return null;
        foreach (var step in steps)
        {
            if (IsUnknown(instance, step)) return step.Call;
        }
        return null;
    }

    /// <summary>Waits for a person to say whether its effect happened (<c>on_unknown: ask</c>).</summary>
    public bool AwaitsAssumption(int instance) =>
        _status[instance] == NodeStatus.Failed && _detail[instance] is { IsUnknown: true } && NodeOf(instance).Settings.OnUnknown == UnknownOutcomePolicy.Ask && IsUncaughtFailure(instance);

    /// <summary>
    /// What there is to undo, in the order in which it ended: all that completed, where <paramref name="all"/>; and always
    /// what may have happened and says <c>on_unknown: compensate</c>. What has been undone already is left out, and so is
    /// what another run did.
    /// </summary>
    public List<int> ToUndo(bool all)
    {
        var found = new List<int>();
        for (var i = 0; i < InstanceCount; i++)
        {
            if (NodeOf(i).Undo is null || _detail[i] is { UndoScope: >= 0 } || IsOthersWork(i, out _)) continue;
            var isDone = all && IsDone(i);
            if (isDone || (_detail[i] is { IsUnknown: true } && NodeOf(i).Settings.OnUnknown == UnknownOutcomePolicy.Compensate)) found.Add(i);
        }
        found.Sort((x, y) => _endedAt[x].CompareTo(_endedAt[y]));
        return found;
    }

    /// <summary>What stands as done here, names a compensation and is not this run's to undo, with the run that did it; null: a hand did.</summary>
    public IEnumerable<(int Instance, string? Run)> LeftDone
    {
        get
        {
            for (var i = 0; i < InstanceCount; i++)
            {
                if (NodeOf(i).Undo is not null && IsDone(i) && IsOthersWork(i, out var run)) yield return (i, run);
            }
        }
    }

    /// <summary>The instance itself, or the nearest around it, that names a compensation, what undoes it among that; −1: none does.</summary>
    public int CompensatedBy(int instance)
    {
        for (; instance >= 0; instance = ScopeOf(BaseOf(instance)).Parent)
        {
            if (NodeOf(instance).Undo is not null) return instance;
        }
        return -1;
    }

    private bool IsDone(int instance) => _status[instance] is NodeStatus.Completed or NodeStatus.Degraded;

    /// <summary>This run did not do the work of an ended instance, or not all that lies in it: it was inherited, reused, or set by hand.</summary>
    private bool IsOthersWork(int instance, out string? run)
    {
        run = _detail[instance] is { ReusedFrom: { } source } ? source.Run : OriginOf(instance) ?? OriginInside(instance);
        return run is not null || _detail[instance] is { IsSetByHand: true };
    }

    /// <summary>The run that did some of what lies in a composite: what undoes the whole would undo that too.</summary>
    private string? OriginInside(int composite)
    {
        if (_forks is null || NodeOf(composite).Composite is null) return null;
        for (var i = composite + 1; i < InstanceCount; i++)   // what a composite opened has higher numbers
        {
            if (NodeOf(i).Composite is null && IsDone(i) && IsInside(i, composite) && OriginOf(i) is { } run) return run;
        }
        return null;
    }

    private bool IsInside(int instance, int composite)
    {
        while (instance > composite) instance = ScopeOf(BaseOf(instance)).Parent;
        return instance == composite;
    }

    /// <summary>The compensations so far: whose, and the scope that undoes it.</summary>
    public IEnumerable<(int Instance, Scope Undo)> Undone
    {
        get
        {
            foreach (var scope in Scopes)
            {
                if (scope.Opening.Kind == ScopeKind.Undo) yield return (scope.Parent, scope);
            }
        }
    }

    private bool IsUnknown(int instance, StepState step) =>
        step.Result is null or { IsBound: true, IsRefused: false } && !MayRepeat(instance, step.Call);

    private void HearAsked(RunEvent.Asked e)
    {
        WantsRollback |= e.Rollback;
        IsSwitchedOff |= e.Verb == "kill-switch";
    }

    private void Assume(RunEvent.Assumed e)
    {
        _detail[e.Node]!.Crashes = 0;   // a person has looked, and sends it on
        foreach (var step in _detail[e.Node]!.Steps!)
        {
            if (!IsUnknown(e.Node, step)) continue;
            var charged = step.Result ?? new StepResult(null, default, MicroUsd.Zero, null, 0);
            step.Result = e.Happened
                ? charged with { Response = e.Output, Error = null, IsBound = false }
                : charged with { IsRefused = true };
        }
    }

    private void RollBack(RunEvent.RollingBack e)
    {
        RollbackAs = StoppingAs = e.Status;
        RollbackReason = Reason = e.Reason;
        RollsBackAll = e.All;
    }

    /// <summary>A new process goes on undoing where the last one was; what was asked of the last one is done with.</summary>
    private void ResumeControl(long atMs)
    {
        TakenUpAtMs = atMs;
        IsSwitchedOff = false;
        if (RollbackAs is { } status)
        {
            StoppingAs = status;
            Reason = RollbackReason;
        }
        else if (StoppingAs is null) WantsRollback = false;
    }
}
