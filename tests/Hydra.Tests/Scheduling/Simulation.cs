using System.Text;
using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

/// <summary>Faults that are put between the reducer and the world on purpose, to show that the checker sees them.</summary>
internal enum PlantedBug
{
    None, ReservationReleasedTwice, IdentityNotChecked, StartsBeforeParents, EventMissingFromFrame, CapTooHigh, RateTooHigh, ResourcesForgotten,
    StartCommandLost, BudgetTooLarge, CallMadeTwice, LastFrameLost, LostCallNotCharged, FailureForgotten, EffectBeforeIntent,
}

internal sealed record SimulationFigures(int Turns, int Events, int Crashes, int Resumes, int Instances, int Starts, int Calls, int Replays, int Stale, int Interrupted, RunStatus Status, long Hash)
{
    public HashSet<string> Seen { get; init; } = [];
}

/// <summary>
/// One seed: a random graph, a world that answers in random order and fails, dies, repeats itself and asks to stop at
/// random, and a checker that watches. Faults cease after a while; from then on the run has to come to its end.
/// </summary>
internal sealed class Simulation
{
    private const int FaultTurnsMax = 400, RaisesMax = 20;

    private sealed class Attempt(RunEvent.Started started, Random script)
    {
        public RunEvent.Started Started { get; } = started;
        public Random Script { get; } = script;
        public int StepsLeft { get; set; } = script.Next(4);
        public int Asked { get; set; }
        public Ticket? Ticket { get; set; }
        public StepAnswer? Denied { get; set; }
        public bool IsCancelled { get; set; }
    }

    private readonly int _seed;
    private readonly PlantedBug _bug;
    private readonly Random _random;
    private readonly string _graph;
    private readonly Plan _plan;
    private readonly RunChecker _checker;
    private readonly List<Frame> _frames = [];
    private readonly Dictionary<int, Attempt> _attempts = [];
    private readonly List<Message> _answers = [];
    private readonly List<Message> _said = [];
    private readonly Dictionary<(int Node, int Attempt, string Key), int> _made = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly bool _isHostile, _stops, _suspends, _lies, _crashes, _asks, _controls;
    private RunLimits _limits;
    private Reducer _reducer;
    private RunState _replica;
    private readonly Random _people;
    private long _nowMs = 1_000_000;
    private int _turns, _crashCount, _resumes, _starts, _calls, _replays, _stale, _interrupted, _raises;
    private bool _isHealed, _isPlanted;

    public Simulation(int seed, PlantedBug bug = PlantedBug.None)
    {
        _seed = seed;
        _bug = bug;
        _random = new Random(seed);
        _asks = seed % 3 == 0;   // not drawn: seeds keep the runs they always gave
        _graph = new RandomGraph(_random, undoes: true).Next();
        if (_asks) _graph = RevisingGates.In(_graph, new Random(seed));
        if (seed % 5 == 0) _graph = Hurried(_graph, new Random(seed));
        _plan = TestGraph.PlanOf(_graph);
        _isHostile = _random.Next(5) > 0;
        _stops = _random.Next(5) == 0;
        _suspends = _random.Next(3) == 0;
        _lies = _random.Next(6) == 0;
        _crashes = _random.Next(3) > 0;
        var budget = _random.Next(3) > 0 ? null : new BudgetSpec
        {
            MaxTokens = _random.Next(2) == 0 ? 500 + _random.Next(8000) : null,
            MaxSteps = _random.Next(5) == 0 ? 3 + _random.Next(30) : null,
            MaxModelCalls = _random.Next(5) == 0 ? 3 + _random.Next(30) : null,
            MaxRetries = _random.Next(4) == 0 ? _random.Next(4) : null,
            MaxTime = _random.Next(5) == 0 ? TimeSpan.FromSeconds(1 + _random.Next(20)) : null,
            OnExceeded = (BudgetPolicy)_random.Next(5),
        };
        var cap = _random.Next(3) == 0 ? 1000 : 1 + _random.Next(5);
        _limits = new RunLimits(cap, _random.Next(4) == 0 ? 2 + _random.Next(8) : null, _random.Next(5) == 0 ? 300 + _random.Next(2000) : null, budget);
        _checker = new RunChecker(cap) { RunBudget = budget };
        _people = new Random(seed);
        _replica = new RunState(_plan);
        _reducer = NewReducer(new RunState(_plan));
        _controls = _random.Next(4) == 0;
    }

    /// <summary>Some leaves are expected to be done sooner than most of them are.</summary>
    private static string Hurried(string graph, Random random) => string.Concat(graph.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        (line.EndsWith(':') || line.Contains("body=", StringComparison.Ordinal) || random.Next(2) == 0 ? line : $"{line} estimate=0.{1 + random.Next(5)}") + "\n"));

    /// <summary>Some processes stay while people decide, some leave.</summary>
    private Reducer NewReducer(RunState state) => new(state) { StaysForPeople = _seed % 2 == 0 };

    private RunState State => _reducer.State;
    private bool Chance(int oneIn) => !_isHealed && _random.Next(oneIn) == 0;

    public SimulationFigures Run()
    {
        try
        {
            if (_frames.Count > 0) Crash();
            else
            {
                _reducer.Begin(_nowMs);
                _reducer.Open(new RunEvent.RunStarted($"seed{_seed}", "test", "", ValueRef.EmptyText, Told(_limits)));
                EndTurn();
            }
            while (Step())
            {
                if (++_turns > 20_000) throw new InvariantBrokenException("the run does not come to an end\n" + StateText.Of(State));
            }
            Compare();
        }
        catch (Exception e) when (e is not OutOfMemoryException)   // whatever the core throws is a finding of this seed
        {
            throw new InvariantBrokenException(Report(e));
        }
        return new(_turns, _frames.Sum(frame => frame.Events.Count), _crashCount, _resumes, State.InstanceCount, _starts, _calls, _replays, _stale, _interrupted, State.Status, Fingerprint()) { Seen = _seen };
    }

    /// <summary>Runs the seed, then kills the process behind every frame of that run in turn and lets it go on without faults. Gives the number of crash points.</summary>
    public static int RunCrashingEverywhere(int seed)
    {
        var whole = new Simulation(seed);
        whole.Run();
        for (var count = 1; count < whole._frames.Count; count++)
        {
            var cut = new Simulation(seed) { _isHealed = true };
            foreach (var frame in whole._frames.Take(count)) cut.Adopt(frame);
            cut.Run();
        }
        return whole._frames.Count - 1;
    }

    private void Adopt(Frame frame)
    {
        foreach (var happened in frame.Events)
        {
            var limits = happened switch { RunEvent.RunStarted e => e.Limits, RunEvent.RunResumed e => e.Limits, _ => null };
            if (limits is not null) (_limits, _checker.RunBudget) = (limits, limits.Budget);
        }
        _frames.Add(frame);
        State.Apply(frame);
        _replica.Apply(frame);
        _checker.Adopt(frame, State);
        _nowMs = frame.AtMs;
    }

    private bool Step()
    {
        if (State.HasEnded) return GoOnAfterEnd();
        _isHealed |= _turns > FaultTurnsMax;
        _nowMs += _random.Next(40);
        if (_crashes && Chance(25))
        {
            Crash();
            return true;
        }
        var messages = new List<Message>();
        var count = 1 + _random.Next(4);
        for (var i = 0; i < count; i++)
        {
            if (NextMessage() is { } message) messages.Add(message);
        }
        if (_stops && Chance(60)) messages.Add(new Message.StopRequested(_random.Next(3) == 0 ? RunStatus.Cancelled : RunStatus.Interrupted, "somebody asked"));
        if (_controls && Chance(80)) messages.Add(Control());
        if (_isHostile && _said.Count > 0 && Chance(8)) messages.Add(Again(_said[^(1 + _random.Next(Math.Min(8, _said.Count)))]));
        if (_asks && State.OpenWaits.Count > 0 && _people.Next(4) == 0) messages.Add(new Message.WaitAnswered(AnswerOf(State.OpenWaits.ElementAt(_people.Next(State.OpenWaits.Count)))));
        if (messages.Count == 0 && AnyMessage() is { } any) messages.Add(any);
        if (messages.Count == 0)
        {
            if (_reducer.NextDueMs is not { } due) throw new InvariantBrokenException("nothing runs, nothing is due, and the run has not ended");
            _nowMs = Math.Max(_nowMs, due);
            messages.Add(Message.Tick.Now);
        }
        else if (_reducer.NextDueMs is { } soon && Chance(6)) _nowMs = Math.Max(_nowMs, soon);
        SpoilState();
        _reducer.Begin(_nowMs);
        foreach (var message in messages) _reducer.Handle(message);
        EndTurn();
        return true;
    }

    /// <summary>What people and the switch ask.</summary>
    private Message Control() => _random.Next(4) switch
    {
        0 => new Message.ControlAsked(new ControlRequest(ControlRequest.Pause, "ann", "lunch", Now: _random.Next(2) == 0)),
        1 => new Message.ControlAsked(new ControlRequest(ControlRequest.Cancel, "ann", "wrong", Rollback: _random.Next(2) == 0)),
        2 => new Message.SwitchRead(KillSwitch.Off),
        _ => new Message.SwitchRead(SwitchedOn()),
    };

    private KillSwitch SwitchedOn() => new((SwitchScope)(1 + _random.Next(3)), "ann", "panic", _nowMs);

    /// <summary>A message that was sent before comes once more, or late.</summary>
    private Message Again(Message message)
    {
        _stale++;
        if (_bug != PlantedBug.IdentityNotChecked || message is not Message.AttemptEnded old || State.StatusOf(old.Node) != NodeStatus.Running) return message;
        return old with { Attempt = State.AttemptOf(old.Node), Incarnation = State.DetailOf(old.Node)?.Incarnation ?? 0 };
    }

    private Message? NextMessage()
    {
        var total = _attempts.Count + _answers.Count;
        if (total == 0) return null;
        var at = _random.Next(total);
        if (at < _answers.Count)
        {
            var answer = _answers[at];
            _answers.RemoveAt(at);
            return answer;
        }
        var attempt = _attempts.Values.ElementAt(at - _answers.Count);
        var message = Act(attempt);
        if (message is Message.AttemptEnded or Message.StepReported) _said.Add(message);
        return message;
    }

    private Message? AnyMessage()
    {
        foreach (var attempt in _attempts.Values)
        {
            if (Act(attempt) is { } message) return message;
        }
        return null;
    }

    private Message? Act(Attempt attempt)
    {
        var started = attempt.Started;
        if (attempt.IsCancelled && _random.Next(3) > 0) return EndOf(attempt, new AttemptOutcome.Failed(ErrorCode.Cancelled, "cancelled"));
        if (attempt.Denied is { Error: { } refused } denied) return EndOf(attempt, new AttemptOutcome.Failed(refused.Code, refused.Message, denied.RetryAfter));
        if (attempt.Ticket is { } ticket)
        {
            if (ticket.Answer is not { } answer) return null;
            if (Chance(12)) return EndOf(attempt, new AttemptOutcome.Failed(ErrorCode.Timeout, "too slow"));
            attempt.Ticket = null;
            if (answer.Known is not null) return Act(attempt);
            var fails = Chance(10);
            var used = fails ? 0 : _random.NextInt64(ticket.Call.TokensMax + 1);
            if (_lies && Chance(6)) used = _random.Next(2) == 0 ? -500 : ticket.Call.TokensMax + 200;
            return new Message.StepReported(started.Node, started.Attempt, started.Incarnation, answer.Step,
                new StepResult(null, new TokenUsage(used, 0), MicroUsd.Zero, fails ? new NodeError(ErrorCode.ProviderError, "down") : null, 1));
        }
        if (attempt.StepsLeft > 0)
        {
            attempt.StepsLeft--;
            var kind = attempt.Script.Next(4) == 0 ? StepKind.Tool : StepKind.Model;
            var call = new StepCall(kind, "m", "k" + attempt.Asked++, 0, 10 + attempt.Script.Next(300), MicroUsd.Zero, null)
            {
                Provider = attempt.Script.Next(3) == 0 ? "acme" : "",
                Effect = State.NodeOf(started.Node).Settings.Effect,
            };
            attempt.Ticket = new Ticket(started, call);
            return attempt.Ticket.Request;
        }
        return EndOf(attempt, OutcomeOf(attempt));
    }

    /// <summary>Three people, at random: approvals, rejections, answers to another run, the same answer again.</summary>
    private GivenAnswer AnswerOf(int instance)
    {
        var who = "p" + _people.Next(3);
        var wait = State.DetailOf(instance)!.Wait!;
        var target = _people.Next(8) switch { 0 => "other:" + State.PathOf(instance) + ":1", 1 => "nowhere", 2 => State.PathOf(instance), _ => wait.Id };
        var isStrict = TestGraph.Option(State.NodeOf(instance).Spec, "revise") is not null;
        return new GivenAnswer(target, WaitKind.Approval, _people.Next(6) > (isStrict ? 3 : 0), IsText: false, who, IsAuthenticated: false, "", _people.Next(10) == 0 ? "other" : wait.Request.PayloadSha256);
    }

    private AttemptOutcome.Wait AskOf(Attempt attempt) => new(new WaitRequest
    {
        Kind = WaitKind.Approval,
        Prompt = "go on?",
        Payload = ValueRef.EmptyText,
        PayloadSha256 = $"{attempt.Started.Node}",
        DeadlineMs = _nowMs + 5_000,
        TimeoutMs = 5_000,
        RemindAtMs = attempt.Script.Next(2) == 0 ? _nowMs + 1_000 : 0,
        OnTimeout = (WaitExpiry)attempt.Script.Next(3),
        EscalateTo = "p2",
        Quorum = 1 + attempt.Script.Next(2),
    });

    private AttemptOutcome OutcomeOf(Attempt attempt)
    {
        var revises = TestGraph.Option(State.NodeOf(attempt.Started.Node).Spec, "revise") is not null;
        if (_asks && (revises || attempt.Started.Node % 3 == 0))
        {
            if (State.DetailOf(attempt.Started.Node)?.Wait?.Decision is not { } decision) return AskOf(attempt);
            if (revises && decision is { IsApproved: false, Expired: null } && !(_isHealed && State.RevisionsBefore(attempt.Started.Node) > 0))
                return new AttemptOutcome.Revise(ValueRef.EmptyText, TestGraph.Number(State.NodeOf(attempt.Started.Node).Spec, "revisions"), new NodeError(ErrorCode.PolicyDenied, "rejected too often"));
            return decision.IsApproved || _isHealed ? new AttemptOutcome.Completed("ok") : attempt.Script.Next(3) == 0 ? new AttemptOutcome.Skip(SkipCause.Rejected) : new AttemptOutcome.Failed(ErrorCode.PolicyDenied, "rejected");
        }
        if (_suspends && Chance(12)) return new AttemptOutcome.Suspend(_nowMs + _random.Next(3000));
        if (_isHealed || !_isHostile) return new AttemptOutcome.Completed("ok");
        return attempt.Script.Next(40) switch
        {
            0 => new AttemptOutcome.Degraded("half", "half"),
            1 or 2 or 3 => new AttemptOutcome.Failed(ErrorCode.Timeout, "slow"),
            4 or 5 => new AttemptOutcome.Failed(ErrorCode.RateLimited, "later", TimeSpan.FromSeconds(_random.Next(4))),
            6 => new AttemptOutcome.Failed(ErrorCode.BadRequest, "wrong"),
            7 when _stops && attempt.Script.Next(4) == 0 => new AttemptOutcome.Terminate(RunStatus.Failed, "enough"),
            _ => new AttemptOutcome.Completed("ok"),
        };
    }

    private Message.AttemptEnded EndOf(Attempt attempt, AttemptOutcome outcome)
    {
        var started = attempt.Started;
        _attempts.Remove(started.Node);
        if (outcome is AttemptOutcome.Completed or AttemptOutcome.Terminate) _checker.Said.Add((started.Node, started.Attempt, started.Incarnation));
        return new Message.AttemptEnded(started.Node, started.Attempt, started.Incarnation, outcome, outcome is AttemptOutcome.Completed ? ValueRef.Of("ok") : null);
    }

    private void EndTurn()
    {
        SpoilBooks();
        _reducer.Finish();
        if (_bug == PlantedBug.EffectBeforeIntent) foreach (var early in _reducer.Commands.Where(command => command.Kind == CommandKind.Grant)) Carry(early);
        if (_reducer.Events.Count > 0)
        {
            if (_crashes && Chance(60))
            {
                Lose();   // the frame never became durable: nobody may know of it
                return;
            }
            if (_controls && Chance(30)) RefuseCalls();
            Commit();
        }
        if (_crashes && Chance(60))
        {
            Crash();   // the frame is durable and none of its commands was carried out
            return;
        }
        foreach (var command in _reducer.Commands)
        {
            if (_bug != PlantedBug.EffectBeforeIntent || command.Kind != CommandKind.Grant) Carry(command);
        }
    }

    /// <summary>The store finds the switch on in the transaction of the frame.</summary>
    private void RefuseCalls()
    {
        var found = SwitchedOn();
        if (!_reducer.Events.OfType<RunEvent.StepIntended>().Any(intent => found.Covers(intent.Call.Kind))) return;
        _reducer.Refuse(found);
        if (_reducer.Commands.Exists(command => command is { Kind: CommandKind.Grant, Detail: StepAnswer { Known: null } answer } && found.Covers(((Ticket)answer.Ticket).Call.Kind)))
            throw new InvariantBrokenException("a call was granted that the kill switch forbids");
    }

    private void Commit()
    {
        var events = _reducer.Events.ToArray();
        if (_bug == PlantedBug.EventMissingFromFrame && _turns > 3 && !_isPlanted && events.Length > 1) { events = events[..^1]; _isPlanted = true; }
        var frame = new Frame(State.NextSequence, _nowMs, events);
        State.CloseFrame(frame.Sequence);
        _frames.Add(frame);
        _replica.Apply(frame);
        foreach (var happened in events) _seen.Add(Kind(happened));
        _checker.Check(frame, State);
        if (_frames.Count % 16 == 0 || State.HasEnded || _bug != PlantedBug.None) Compare();
    }

    private static string Kind(RunEvent happened) => happened switch
    {
        RunEvent.Ended e => $"ended {e.Status}{(e.Error is { } error ? " " + error.Code.Name : "")}",
        RunEvent.Skipped e => $"skipped {e.Because}",
        RunEvent.RunEnded e => $"run {e.Status}",
        RunEvent.WaitExpired e => $"wait {e.As}",
        RunEvent.Cancelling { KeepsResult: true } => "stop_when held",
        RunEvent.StepEnded { Result.IsRefused: true } => "refused",
        RunEvent.Expanded { Opening.Kind: ScopeKind.Undo } => "undone",
        RunEvent.Expanded { Opening: { Kind: ScopeKind.Revision } opening } => $"revision {opening.Ordinal}",
        RunEvent.StepEnded { Result.IsBound: true } => "charged at its bound",
        _ => happened.GetType().Name,
    };

    private void Compare()
    {
        if (_bug == PlantedBug.RateTooHigh) return;   // it is to be seen from outside

        var live = StateText.Of(State);
        var folded = StateText.Of(_replica);
        if (string.Equals(live, folded, StringComparison.Ordinal)) return;
        var at = live.Split('\n').Zip(folded.Split('\n')).FirstOrDefault(pair => pair.First != pair.Second);
        throw new InvariantBrokenException($"the fold differs from the live state:\n  live   {at.First}\n  folded {at.Second}");
    }

    private void Carry(Command command)
    {
        switch (command.Kind)
        {
            case CommandKind.Start:
                if (_bug == PlantedBug.StartCommandLost && _turns > 3 && !_isPlanted) { _isPlanted = true; return; }
                _starts++;
                var started = new RunEvent.Started(command.Node, State.AttemptOf(command.Node), State.DetailOf(command.Node)?.Incarnation ?? 0, State.DetailOf(command.Node)?.Variant ?? 0);
                _attempts[command.Node] = new Attempt(started, new Random(unchecked((_seed * 1_000_003) + (command.Node * 7919) + (started.Attempt * 104_729) + started.Variant)));
                break;
            case CommandKind.Cancel:
                if (_attempts.TryGetValue(command.Node, out var cancelled)) cancelled.IsCancelled = true;
                break;
            case CommandKind.Decide:
                _answers.Add(TestGraph.Option(State.NodeOf(command.Node).Spec, "when") switch
                {
                    "error" when !_isHealed => new Message.WhenDecided(command.Node, false, new NodeError(ErrorCode.BadRequest, "when is wrong")),
                    var holds => new Message.WhenDecided(command.Node, holds != "false", null),
                });
                break;
            case CommandKind.Advance:
                _answers.Add(new Message.Advanced(command.Node, FakeAdvance.Of(State, command.Node), ValueRef.Of("composite")));
                break;
            case CommandKind.CheckStop:
                if (Chance(4)) _answers.Add(new Message.StopWhenHeld(command.Node));
                break;
            case CommandKind.Grant: Grant((StepAnswer)command.Detail!); break;
            case CommandKind.Deny:
                var refusal = (StepAnswer)command.Detail!;
                ((Ticket)refusal.Ticket).Answer = refusal;
                if (AttemptOf((Ticket)refusal.Ticket) is { } denied) denied.Denied = refusal;
                break;
        }
    }

    private Attempt? AttemptOf(Ticket ticket) => _attempts.TryGetValue(ticket.Started.Node, out var attempt) && attempt.Ticket == ticket ? attempt : null;

    /// <summary>The world outside: counts what is really called.</summary>
    private void Grant(StepAnswer answer)
    {
        var ticket = (Ticket)answer.Ticket;
        ticket.Answer = answer;
        if (answer.Known is not null)
        {
            _replays++;
            return;
        }
        _calls++;
        var key = (ticket.Started.Node, ticket.Started.Attempt, ticket.Call.Key);
        var times = _made[key] = _made.GetValueOrDefault(key) + (_bug == PlantedBug.CallMadeTwice ? 2 : 1);
        var mayRepeat = ticket.Call.Effect != EffectClass.Irreversible || State.NodeOf(ticket.Started.Node).Settings.OnUnknown == UnknownOutcomePolicy.Retry;
        if (times > 1 && !mayRepeat) throw new InvariantBrokenException($"the irreversible call {key} of {State.PathOf(key.Node)} was made {times} times");
    }

    /// <summary>What a person finds who looks outside.</summary>
    private bool Happened(RunState state, int instance) =>
        state.DetailOf(instance)!.Steps!.Exists(step => step.Result is null or { IsBound: true, IsRefused: false } && _made.ContainsKey((instance, state.AttemptOf(instance), step.Call.Key)));

    private void Lose()
    {
        Die();
        Restart(_frames);
    }

    private void Crash()
    {
        Die();
        if (_bug == PlantedBug.LastFrameLost && _frames.Count > 3)
        {
            _frames.RemoveAt(_frames.Count - 1);
            _replica = new RunState(_plan);
            foreach (var frame in _frames) _replica.Apply(frame);
        }
        Restart(_frames);
    }

    private void Die()
    {
        _crashCount++;
        _attempts.Clear();
        _answers.Clear();
        _nowMs += _random.Next(2000);
    }

    private void Restart(List<Frame> frames)
    {
        var state = new RunState(_plan);
        foreach (var frame in frames) state.Apply(frame);
        _reducer = NewReducer(state);
        _reducer.Begin(_nowMs);
        if (!state.HasStarted) _reducer.Open(new RunEvent.RunStarted($"seed{_seed}", "test", "", ValueRef.EmptyText, Told(_limits)));
        else if (state.HasEnded) return;
        else _reducer.Resume(Told(_limits));
        EndTurn();
    }

    private bool GoOnAfterEnd()
    {
        if (State.Status == RunStatus.Interrupted) _interrupted++;
        if (State.RollbackAs is not null && State.Status is not (RunStatus.Paused or RunStatus.Interrupted) && State.Reopenable().Count == 0) return false;
        if (State.Status is RunStatus.Completed or RunStatus.Cancelled || _resumes >= 6)
        {
            // Only what the file itself fixes may keep a run from completing once the faults are over.
            string[] excuses = ["tokens=", "steps=", "calls=", "seconds=", "breaker="];
            if (_bug == PlantedBug.None && _resumes >= 6 && !_stops && !Array.Exists(excuses, _graph.Contains)) throw new InvariantBrokenException($"the faults are over and the run still ends {State.Status}: {State.Reason}");
            return false;
        }
        if (_resumes >= 3)
        {
            _isHealed = true;
            _nowMs += 60_000;
            _limits = _limits with { Budget = null };
        }
        else if (_limits.Budget is { } budget && _raises++ < RaisesMax) _limits = _limits with { Budget = budget with { MaxTokens = budget.MaxTokens * 2, MaxSteps = budget.MaxSteps * 2, MaxModelCalls = budget.MaxModelCalls * 2, MaxTime = budget.MaxTime * 2 } };
        _checker.RunBudget = _limits.Budget;
        if (State is { Status: RunStatus.Paused, OpenWaits.Count: > 0 }) AnswerAlone();
        else _resumes++;
        _turns = Math.Max(_turns, 1);
        Die();
        _crashCount--;
        var state = new RunState(_plan);
        foreach (var frame in _frames) state.Apply(frame);
        _reducer = NewReducer(state);
        _reducer.Begin(_nowMs);
        var said = new List<RunEvent.Assumed>();
        for (var i = 0; i < state.InstanceCount; i++)
        {
            if (state.HasUnknownStep(i) && (_isHealed || Chance(2))) said.Add(new RunEvent.Assumed(i, Happened(state, i), ValueRef.Of("as they say"), "ann"));
        }
        _reducer.Resume(Told(_limits), said);
        EndTurn();
        return true;
    }

    /// <summary>A verb of another process writes an answer into the run that nobody owns.</summary>
    private void AnswerAlone()
    {
        if (_people.Next(3) == 0) _nowMs += _people.Next(10_000);   // nobody came in time
        var state = new RunState(_plan);
        foreach (var frame in _frames) state.Apply(frame);
        var verb = new Reducer(state);
        verb.Begin(_nowMs);
        var given = AnswerOf(state.OpenWaits.Min);
        verb.AnswerAlone(given);
        if (verb.Events.Count == 0) return;
        var alone = new Frame(state.NextSequence, _nowMs, [.. verb.Events]);
        _frames.Add(alone);
        _replica.Apply(alone);
        _seen.Add("answered alone");
        _checker.Check(alone, _replica);
    }

    /// <summary>What the engine is told of its limits; with a planted bug, not what the checker goes by.</summary>
    private RunLimits Told(RunLimits limits) => _bug switch
    {
        PlantedBug.CapTooHigh => limits with { MaxConcurrent = limits.MaxConcurrent + 1 },
        PlantedBug.BudgetTooLarge when limits.Budget is { } budget => limits with { Budget = budget with { MaxTokens = budget.MaxTokens + 100 } },
        _ => limits,
    };

    /// <summary>Spoils the accounts of the live state and its fold alike, as a bug in the fold would.</summary>
    private void SpoilBooks()
    {
        switch (_bug)
        {
            case PlantedBug.ReservationReleasedTwice:
                if (_reducer.Events.OfType<RunEvent.StepEnded>().FirstOrDefault() is { } ended && State.DetailOf(ended.Node)?.Steps is { } steps)
                {
                    State.RunAccount.Settle(steps[ended.Step].Call, ended.Result);
                    _replica.RunAccount.Settle(steps[ended.Step].Call, ended.Result);
                }
                break;
            case PlantedBug.LostCallNotCharged:
                if (_reducer.Events.OfType<RunEvent.StepEnded>().FirstOrDefault(e => e.Result.IsBound) is { Result: { } result })
                {
                    var refund = new StepCall(StepKind.Model, "", "", 0, result.Usage.Total, MicroUsd.Zero, null);
                    foreach (var account in new[] { State.RunAccount, _replica.RunAccount }) account.Settle(refund, new StepResult(null, default, MicroUsd.Zero, null, 0));
                }
                break;
        }
    }

    /// <summary>Spoils the live state and its fold alike, between two turns.</summary>
    private void SpoilState()
    {
        switch (_bug)
        {
            case PlantedBug.ResourcesForgotten:
                State.HeldResources.Clear();
                _replica.HeldResources.Clear();
                break;
            case PlantedBug.RateTooHigh when State.RecentCalls.Count > 0 && _replica.RecentCalls.Count == State.RecentCalls.Count:
                State.RecentCalls.Dequeue();
                _replica.RecentCalls.Dequeue();
                break;
            case PlantedBug.StartsBeforeParents when !_isPlanted && _turns > 2:
                for (var i = 0; i < State.InstanceCount && !_isPlanted; i++)
                {
                    if (State.StatusOf(i) != NodeStatus.Pending || State.IsDoomed(i)) continue;
                    _isPlanted = true;
                    State.Apply(new RunEvent.Decided(i), _nowMs);
                    _replica.Apply(new RunEvent.Decided(i), _nowMs);
                }
                break;
            case PlantedBug.FailureForgotten when !_isPlanted:
                for (var i = 0; i < State.InstanceCount && !_isPlanted; i++)
                {
                    if (State.StatusOf(i) != NodeStatus.Completed || State.NodeOf(i).Composite is not null) continue;
                    _isPlanted = true;
                    State.Apply(new RunEvent.Reopened(i), _nowMs);
                    _replica.Apply(new RunEvent.Reopened(i), _nowMs);
                }
                break;
        }
    }

    private long Fingerprint()
    {
        var hash = 14695981039346656037UL;
        foreach (var frame in _frames)
        {
            foreach (var happened in frame.Events)
            {
                foreach (var c in happened is RunEvent.RunStarted ? "" : happened.ToString()) hash = (hash ^ c) * 1099511628211UL;
            }
        }
        return (long)hash;
    }

    private string Report(Exception e)
    {
        var text = new StringBuilder($"seed {_seed}, turn {_turns}: {e.Message}\n");
        if (e is not InvariantBrokenException) text.Append(e.StackTrace).Append('\n');
        text.Append($"limits {_limits}\n").Append(_graph).Append("last events:\n");
        foreach (var frame in _frames.TakeLast(12))
        {
            foreach (var happened in frame.Events.TakeLast(8)) text.Append($"  #{frame.Sequence} {frame.AtMs} {happened}\n");
        }
        return text.ToString();
    }
}
