using System.Collections.Concurrent;
using Hydra.Model;
using Hydra.Policies;
using Hydra.Scheduling;

namespace Hydra.Execution;

/// <summary>
/// The shell around the reducer: one loop per run, one inbox, no locks. Whoever brings a message while the loop rests
/// runs it, so a finished node starts its dependants on its own thread; whoever comes while it turns only leaves the
/// message. Every frame holds everything that happened while the one before it was written; only what is durable acts.
/// </summary>
internal sealed partial class RunLoop
{
    private static readonly TimeSpan InboxInterval = TimeSpan.FromMilliseconds(250);
    /// <summary>Messages taken at once.</summary>
    private const int MessagesPerTurnMax = 65_536;
    /// <summary>Frames that one thread writes before another goes on: whoever brought a message has work of its own.</summary>
    private const int FramesPerThreadMax = 16;

    private readonly NodeClock _nodeClock;
    private readonly ConcurrentQueue<Message> _inbox = new();
    private readonly ConcurrentDictionary<int, Attempt> _attempts = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunState _state;
    private readonly Reducer _reducer;
    private readonly IRunJournal _journal;
    private readonly RunInputs _inputs;
    private readonly AttemptServices _services;
    private readonly ReplayedWaits? _replayedWaits;
    private readonly IRunObserver? _observer;
    private readonly RunId _run;
    private readonly Func<RunState, IReadOnlyDictionary<string, float>?, RunInfo> _describe;
    private readonly Dictionary<Plan, PolicyBook> _policies = [];
    private int _isTaking;
    /// <summary>What was left for an owner that died has been taken: all else is asked of this one, whatever the clocks say.</summary>
    private bool _hasTakenLeft;
    private KillSwitch _switch = KillSwitch.Off;
    /// <summary>The next turn is decided while the frame of the last one is written.</summary>
    private readonly bool _runsAhead;
    /// <summary>1: a thread has the turn. Everything below and the state are that thread's alone.</summary>
    private int _turning;
    private readonly List<long> _heard = [];
    private Action<Reducer>? _first;
    private long _turnMs;
    private FrameInFlight? _inFlight;
    /// <summary>It has landed and the observer has not seen it: that can wait until the frame after it is being written.</summary>
    private FrameInFlight? _unseen;
    /// <summary>What the kill switch refused: it is written with the next frame.</summary>
    private FrameInFlight? _refused;
    /// <summary>Set by the thread that wrote the frame in flight.</summary>
    private volatile bool _hasLanded;

    public RunLoop(RunId run, RunState state, IRunJournal journal, IArtifactStore artifacts, RunInputs inputs, AttemptServices services, IRunObserver? observer, Func<RunState, IReadOnlyDictionary<string, float>?, RunInfo> describe)
    {
        _run = run;
        _state = state;
        _reducer = new Reducer(state) { IsReplay = services.Cassette is not null };
        _journal = journal;
        _inputs = inputs;
        _services = services;
        _replayedWaits = services.Cassette is null ? null : new ReplayedWaits(services.Cassette);
        _observer = observer;
        _runsAhead = observer is null or { NeedsStateOfFrame: false };
        _describe = describe;
        _nodeClock = new NodeClock(state);
        Artifacts = new GuardedArtifacts(artifacts, Stop);
    }

    public IArtifactStore Artifacts { get; }
    /// <summary>Where earlier results are found; null: every node does its own work.</summary>
    public ReuseDesk? Reuse { get; init; }

    /// <inheritdoc cref="Reducer.StaysForPeople"/>
    public bool StaysForPeople { init => _reducer.StaysForPeople = value; }

    /// <summary>Runs to the end of the run. <paramref name="first"/> makes the first turn's facts.</summary>
    public async Task RunAsync(Action<Reducer> first, CancellationToken cancellationToken)
    {
        _turning = 1;   // what comes before the first turn is heard in it, after its own facts
        // Once off it is armed for nothing, and it may go off early by the clock that is read: the system counts timers by a coarser one.
        _timer = _services.Clock.CreateTimer(_ => { Volatile.Write(ref _timerDueMs, long.MaxValue); Post(Message.Tick.Now); }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var timer = _timer;
        await using var inbox = _services.Clock.CreateTimer(_ => TakeCommands(), null, InboxInterval, InboxInterval);
        await using var interrupt = cancellationToken.Register(() => Post(new Message.StopRequested(RunStatus.Interrupted, "interrupted")));
        ReadSwitch();
        TakeCommands();   // what was left for an owner that died
        _first = first;
        Continue();
        await _ended.Task;
    }

    /// <summary>Leaves a message and turns the loop unless somebody is turning it. A run that has stopped hears nothing more.</summary>
    public void Post(Message message)
    {
        if (_ended.Task.IsFaulted) return;
        _inbox.Enqueue(message);
        Wake();
    }

    private void Wake()
    {
        if (Interlocked.CompareExchange(ref _turning, 1, 0) == 0) Continue();
    }

    /// <summary>Leaves a message that another one will follow: it need not turn the loop.</summary>
    public void Enqueue(Message message) => _inbox.Enqueue(message);

    public void Progress(int instance, string? partial) => _observer?.OnProgress(instance, partial);

    public void EndAttempt(int instance, NodeAttempt given, AttemptOutcome outcome, ReuseSource? source)
    {
        _attempts.TryRemove(instance, out _);
        if (_ended.Task.IsFaulted) return;
        try
        {
            if (outcome is AttemptOutcome.Wait asked && _replayedWaits is not null)
            {
                (outcome, var answers) = _replayedWaits.Answer(instance, given.Path, asked, out var drift);
                Enqueue(Ended(instance, given, outcome));
                foreach (var answer in answers) Enqueue(new Message.WaitAnswered(answer));
                Post(drift is null ? Message.Tick.Now : new Message.StopRequested(RunStatus.Failed, drift));
                return;
            }
            Post(source is null
                ? Ended(instance, given, outcome)
                : new Message.AttemptEnded(instance, given.Attempt, given.Incarnation, outcome, source.Output) { Source = source });
        }
        catch (StoreException)
        {
            // Its output could not be kept: the run has stopped, and the attempt goes on when it is taken up again.
        }
    }

    private Message.AttemptEnded Ended(int instance, NodeAttempt given, AttemptOutcome outcome)
    {
        var settings = given.Node.Settings;
        // A replayed wait is over when the recorded one was.
        if (outcome is AttemptOutcome.Suspend && _services.Cassette?.TakeWait(given.Path) is { } endedMs) outcome = new AttemptOutcome.Suspend(endedMs);
        if (outcome is AttemptOutcome.Failed failed) outcome = failed with { Labels = given.Labels.Now.With(settings.Labels) };
        var output = outcome switch
        {
            AttemptOutcome.Completed done => Artifacts.Keep(done.Output, given.Labels.OfResult(settings.Labels)),
            AttemptOutcome.Degraded lesser => Artifacts.Keep(lesser.Output, given.Labels.OfResult(settings.Labels)),
            _ => null,
        };
        return new Message.AttemptEnded(instance, given.Attempt, given.Incarnation, outcome, output);
    }

    /// <summary>A closed frame: all that is left is to write it, and then to carry out what it decided.</summary>
    /// <param name="Frames">One, behind those that were refused.</param>
    private sealed record FrameInFlight(IReadOnlyList<(Frame Frame, RunInfo? Info)> Frames, List<Command> Commands, bool EndsRun)
    {
        /// <summary>Why it was not written; both null: it was.</summary>
        public KillSwitch? RefusedBy { get; set; }
        public Exception? Failure { get; set; }
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
            for (var written = 1; ; written++)
            {
                FrameInFlight? closed = null;
                while (closed is null && HasWork) closed = Turn();
                if (closed is null || _runsAhead) Interlocked.Exchange(ref _turning, 0);
                if (closed is not null) Write(closed);
                if ((closed is null || _runsAhead) && (!HasWork || Interlocked.CompareExchange(ref _turning, 1, 0) != 0)) return;
                if (written < FramesPerThreadMax) continue;
                ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Continue(), this, preferLocal: false);
                return;
            }
        }
        catch (Exception failed)   // a defect: the run must not go on from memory alone
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
        if (_inFlight is null && Close() is { } closed) return closed;
        if (_inFlight is not null && _reducer.Events.Count > 0) _journal.Foresee(_reducer.Events);
        Show();
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
        catch (Exception failed)   // a store that cannot commit: for whoever has the turn
        {
            closed.Failure = failed;
        }
        _hasLanded = true;
    }

    private void Land()
    {
        var landed = _inFlight!;
        _inFlight = null;
        _hasLanded = false;
        Show();
        if (landed.Failure is { } failed)
        {
            Stop(failed);
            return;
        }
        if (landed.RefusedBy is { } off)
        {
            _refused = landed;
            _reducer.Refuse(off, landed.Commands);
            return;
        }
        _unseen = landed;
        if (!_runsAhead) Show();
        CarryOut(landed.Commands, landed.EndsRun);
    }

    private void Show()
    {
        if (_unseen is not { } landed) return;
        _unseen = null;
        foreach (var (frame, _) in landed.Frames) _observer?.OnFrame(frame, _state);
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

    private void Stop(Exception failed)
    {
        if (!_ended.TrySetException(failed)) return;
        foreach (var attempt in _attempts.Values) attempt.Cancel();
    }

    private void TakeCommands()
    {
        if (Interlocked.Exchange(ref _isTaking, 1) != 0) return;   // a locked store holds the look before this one up
        try
        {
            foreach (var command in _journal.TakeCommands())
            {
                Message said = command.Verb == GivenAnswer.Verb && GivenAnswer.Read(command.Body) is { } given ? new Message.WaitAnswered(given)
                    : ControlRequest.Of(command) is { } request ? new Message.ControlAsked(_hasTakenLeft ? request with { AtMs = 0 } : request)
                    : Message.Tick.Now;   // no command of this version: it goes with the next frame
                Enqueue(said with { InboxId = command.Id });
            }
            _hasTakenLeft = true;
            ReadSwitch();
        }
        catch (StoreException)
        {
            // The inbox is read again at the next interval; a store that is truly broken shows at the next commit.
        }
        finally
        {
            Volatile.Write(ref _isTaking, 0);   // before this thread turns the loop, which may take long
        }
        Wake();
    }

    /// <summary>Leaves a message where the switch has changed. A switch turned on between two looks is found by the commit of the first call after it.</summary>
    private void ReadSwitch()
    {
        var now = _journal.ReadSwitch();
        if (now == _switch) return;
        _switch = now;
        Enqueue(new Message.SwitchRead(now));
    }
}
