using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Execution;

// Turns, and the frames that they close. A turn that begins while a frame is being written stays open until that frame is durable.
internal sealed partial class RunLoop
{
    /// <summary>Messages taken at once.</summary>
    private const int MessagesPerTurnMax = 65_536;

    private readonly NodeClock _nodeClock;
    private readonly List<long> _heard = [];
    /// <summary>The next turn is decided while the frame of the last one is written.</summary>
    private readonly bool _runsAhead;
    /// <summary>1: a thread has the turn. Everything below and the state are that thread's alone.</summary>
    private int _turning;
    private Action<Reducer>? _first;
    private long _turnMs;
    private FrameInFlight? _inFlight;
    /// <summary>What the kill switch refused: it is written with the next frame.</summary>
    private FrameInFlight? _refused;
    /// <summary>Set by the thread that wrote the frame in flight.</summary>
    private volatile bool _hasLanded;

    /// <summary>A closed frame: all that is left is to write it, and then to carry out what it decided.</summary>
    /// <param name="Frames">One, behind those that were refused.</param>
    private sealed record FrameInFlight(IReadOnlyList<(Frame Frame, RunInfo? Info)> Frames, List<Command> Commands, bool EndsRun)
    {
        /// <summary>Null: it was written.</summary>
        public KillSwitch? RefusedBy { get; set; }
    }

    private bool HasWork => !_ended.Task.IsCompleted && (_hasLanded || _first is not null || !_inbox.IsEmpty);

    /// <summary>
    /// Turns until there is nothing to do, then rests; a message that slips in between is not lost. Called by the thread that has the turn;
    /// while it writes a frame, whoever brings a message has it.
    /// </summary>
    private void Continue()
    {
        try
        {
            while (true)
            {
                FrameInFlight? closed = null;
                while (closed is null && HasWork) closed = Turn();
                if (closed is null || _runsAhead) Interlocked.Exchange(ref _turning, 0);
                if (closed is not null) Write(closed);
                if (closed is not null && !_runsAhead) continue;
                if (!HasWork || Interlocked.CompareExchange(ref _turning, 1, 0) != 0) return;
            }
        }
        catch (Exception failed)   // a store that cannot commit, or a defect: the run must not go on from memory alone
        {
            Stop(failed);
        }
    }

    /// <summary>What follows from everything that has happened. Gives the frame that holds it; null: nothing to write, or the frame before it is not durable yet.</summary>
    private FrameInFlight? Turn()
    {
        var isOpen = _reducer.Events.Count + _reducer.Commands.Count > 0;
        if (!isOpen) _reducer.Begin(_turnMs = NowMs());
        if (_hasLanded) Land();
        if (_ended.Task.IsCompleted) return null;
        _first?.Invoke(_reducer);
        _first = null;
        Drain();
        _reducer.Finish();
        if (BeginEarly())
        {
            Drain();
            _reducer.Finish();
        }
        if (_inFlight is null) return Close();
        if (_reducer.Events.Count > 0) _journal.Foresee(_reducer.Events);
        return null;
    }

    private void Drain()
    {
        for (var i = 0; i < MessagesPerTurnMax && _inbox.TryDequeue(out var message); i++)
        {
            if (message.InboxId != 0 && !_state.HasEnded) _heard.Add(message.InboxId);
            _reducer.Handle(message);
        }
    }

    private FrameInFlight? Close()
    {
        var (events, commands) = _reducer.Take();
        if (!_state.HasEnded) ArmTimer();
        if (events.Count == 0)
        {
            CarryOut(commands, endsRun: _state.HasEnded);
            return null;
        }
        var frame = new Frame(_state.NextSequence, _turnMs, events);
        _nodeClock.Read(frame);
        if (Reuse?.Completed(frame) is { Count: > 0 } completed) _journal.Remember(completed);
        if (_heard.Count > 0) _journal.Heard([.. _heard]);
        _heard.Clear();
        _state.CloseFrame(frame.Sequence);
        var info = InfoAfter(frame);
        _inFlight = new FrameInFlight(_refused is null ? [(frame, info)] : [.. _refused.Frames, (frame, info)], commands, _state.HasEnded);
        _refused = null;
        return _inFlight;
    }

    private void Write(FrameInFlight closed)
    {
        try
        {
            _journal.Commit(closed.Frames);
        }
        catch (SwitchedOffException off)
        {
            closed.RefusedBy = off.Switch;
        }
        _hasLanded = true;
    }

    private void Land()
    {
        var landed = _inFlight!;
        _inFlight = null;
        _hasLanded = false;
        if (landed.RefusedBy is { } off)
        {
            _refused = landed;
            _reducer.Refuse(off, landed.Commands);
            return;
        }
        foreach (var (frame, _) in landed.Frames) _observer?.OnFrame(frame, _state);
        CarryOut(landed.Commands, landed.EndsRun);
    }

    private void CarryOut(List<Command> commands, bool endsRun)
    {
        foreach (var command in commands) Carry(command);
        if (endsRun) _ended.TrySetResult();
    }

    /// <summary>The run's new line in the list; null: it stays as it is.</summary>
    private RunInfo? InfoAfter(Frame frame)
    {
        foreach (var happened in frame.Events)
        {
            if (happened is RunEvent.RunStarted or RunEvent.RunResumed or RunEvent.RunEnded) return _describe(_state, _nodeClock.Seconds);
        }
        return null;
    }
}
