using Hydra.Model;

namespace Hydra.Scheduling;

// What people and the kill switch ask, and undoing what was done before the run ends.
public sealed partial class Reducer
{
    private KillSwitch _switch = KillSwitch.Off;

    /// <summary>What the run did is being undone, and nothing holds that up.</summary>
    private bool IsUndoing => State.RollbackAs is { } status && State.StoppingAs == status;
    /// <summary>Nothing new may start.</summary>
    private bool IsHeld => State.StoppingAs is not null && !IsUndoing;

    /// <summary>The first turn of a run that nobody runs and of which somebody asks something.</summary>
    public void ResumeFor(ControlRequest request)
    {
        Resume(State.Limits);
        Hear(request);
    }

    /// <summary>The first turn of a run taken up again by somebody who knows what came of effects whose outcome was unknown.</summary>
    public void Resume(RunLimits limits, IReadOnlyList<RunEvent.Assumed> said)
    {
        Resume(limits);
        foreach (var assumed in said) Emit(assumed);
    }

    private void Hear(ControlRequest request)
    {
        if (request.AtMs != 0 && request.AtMs < State.TakenUpAtMs) return;   // who resumed the run since then has overtaken it
        Emit(new RunEvent.Asked(request.Verb, request.By, request.Reason, request.Rollback));
        if (request.Verb == ControlRequest.Cancel)
        {
            if (State.RollbackAs is null) RequestStop(new Message.StopRequested(RunStatus.Cancelled, $"cancelled by {request.By}: {request.Reason}"));
            return;
        }
        if (State.StoppingAs is null || IsUndoing) Emit(new RunEvent.Stopping(RunStatus.Paused, $"paused by {request.By}: {request.Reason}"));
        if (request.Now && State.StoppingAs == RunStatus.Paused) LetGo(static _ => true);
    }

    /// <summary>Tells running attempts to stop; they are not ended and begin a new incarnation when the run goes on.</summary>
    private bool LetGo(Func<InstanceDetail?, bool> which)
    {
        var any = false;
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.StatusOf(i) != NodeStatus.Running || !which(State.DetailOf(i))) continue;
            Commands.Add(new(CommandKind.Cancel, i));
            any = true;
        }
        return any;
    }

    private void HearSwitch(KillSwitch now)
    {
        _switch = now;
        if (!now.IsOn) return;
        var hits = LetGo(detail => detail?.Steps is { } steps && steps.Exists(step => step.Result is null && now.Covers(step.Call.Kind)));
        if (hits) Halt();
    }

    /// <summary>The kill switch stops the run: it ends paused once what runs has let go, and goes on after the switch is off.</summary>
    private void Halt()
    {
        if (!State.IsSwitchedOff) Emit(new RunEvent.Asked("kill-switch", _switch.By, _switch.Reason));
        if (State.StoppingAs is null || IsUndoing) Emit(new RunEvent.Stopping(RunStatus.Paused, _switch.Because));
    }

    private Verdict RefuseBySwitch(Message.StepRequested request)
    {
        Halt();
        return Deny(request, SwitchedOff(), null);
    }

    private NodeError SwitchedOff() => new(ErrorCode.PolicyDenied, _switch.Because);

    /// <summary>
    /// The store refused a frame because the switch was turned on meanwhile: every call it forbids gets its refusal in
    /// this turn, and is denied in place of granted. The frames are written together, so that no intent stands without one.
    /// </summary>
    /// <param name="commands">Those of the frame; they are carried out behind this turn's.</param>
    public void Refuse(KillSwitch now, IEnumerable<Command> commands)
    {
        _switch = now;
        var known = Events.Count;
        Commands.InsertRange(0, commands);
        for (var i = 0; i < Commands.Count; i++)
        {
            var command = Commands[i];
            if (command is not { Kind: CommandKind.Grant, Detail: StepAnswer { Known: null } answer }) continue;
            var step = State.DetailOf(command.Node)?.Steps?.ElementAtOrDefault(answer.Step);
            if (step is not null && !now.Covers(step.Call.Kind)) continue;
            // An attempt that ended meanwhile has closed its calls.
            if (step is { Result: null }) Emit(new RunEvent.StepEnded(command.Node, answer.Step, new StepResult(null, default, MicroUsd.Zero, SwitchedOff(), 0) { IsRefused = true }));
            Commands[i] = new(CommandKind.Deny, command.Node, answer with { Error = SwitchedOff() });
        }
        if (!State.HasEnded) Halt();
        if (Events.Count == known) Emit(new RunEvent.Asked("kill-switch", now.By, now.Reason));   // there must be a frame to write the refused one with
        FindNextDue();
    }

    /// <summary>Ends the run, or first undoes what it did.</summary>
    /// <param name="failed">The first failure that stands; −1: none.</param>
    private bool EndOrRollBack(RunStatus status, string reason, int failed)
    {
        var undoesAll = UndoesAll(status, failed);
        if (status is RunStatus.Paused or RunStatus.Interrupted || State.ToUndo(undoesAll).Count == 0)
        {
            Emit(new RunEvent.RunEnded(status, undoesAll && RollbackReceipt.LeftDone(State) is { } left ? $"{reason}; {left}" : reason));
            return false;
        }
        Emit(new RunEvent.RollingBack(status, reason, undoesAll));
        return Undo();
    }

    private bool UndoesAll(RunStatus status, int failed)
    {
        switch (status)
        {
            case RunStatus.Cancelled: return State.WantsRollback;
            case RunStatus.Stopped:
                for (var account = failed < 0 ? State.RunAccount : State.AccountOf(failed); account is not null; account = account.Parent)
                {
                    if (account.Limits.OnExceeded == BudgetPolicy.Rollback) return true;
                }
                return false;
            case RunStatus.Failed:
                // A question to a person is open: its answer may yet let the run go on.
                for (var i = 0; i < State.InstanceCount; i++)
                {
                    if (State.AwaitsAssumption(i)) return false;
                }
                return true;
            default: return false;
        }
    }

    /// <summary>Opens the next compensation, the last completed first, one after another; ends the run after the last. True: something may start.</summary>
    private bool Undo()
    {
        if (!IsUndoing)
        {
            if (State.RunningCount == 0) Emit(new RunEvent.RunEnded(State.StoppingAs ?? RunStatus.Interrupted, State.Reason));
            return false;
        }
        foreach (var (_, scope) in State.Undone)
        {
            if (scope.HasEnded) continue;
            if (!IsMoving && State.OpenWaits.Count > 0 && !StaysForPeople) PauseForPeople();   // a compensation may ask people, too
            return false;
        }
        var left = State.ToUndo(State.RollsBackAll);
        if (left.Count == 0)
        {
            Emit(new RunEvent.RunEnded(State.RollbackAs!.Value, $"{State.RollbackReason}; {RollbackReceipt.Of(State)}"));
            return false;
        }
        Emit(new RunEvent.Expanded(left[^1], new ScopeOpening(ScopeKind.Undo, 0, 0, 1, null)));
        return true;
    }
}
