using System.Text;
using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

/// <summary>Faults that are put between the reducer and the world on purpose, to show that the checker sees them.</summary>
internal enum PlantedBug
{
    None, ReservationReleasedTwice, IdentityNotChecked, StartsBeforeParents, EventMissingFromFrame, CapTooHigh, RateTooHigh, ResourcesForgotten,
    StartCommandLost, BudgetTooLarge, CallMadeTwice, LastFrameLost, LostCallNotCharged, FailureForgotten, EffectBeforeIntent, ActsWhileFrameIsWritten,
}

internal sealed record SimulationFigures(int Turns, int Events, int Crashes, int Resumes, int Instances, int Starts, int Calls, int Replays, int Stale, int Interrupted, RunStatus Status, long Hash)
{
    public HashSet<string> Seen { get; init; } = [];
}

/// <summary>
/// One seed: a random graph, a world that answers in random order and fails, dies, repeats itself and asks to stop at
/// random, and a checker that watches. Faults cease after a while; from then on the run has to come to its end.
/// </summary>
internal sealed partial class Simulation
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
    private long _nowMs = 1_000_000, _turnMs;
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
        _disk = new Random(seed);
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
                _reducer.Begin(_turnMs = _nowMs);
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
        if (State.HasEnded && _inFlight is null) return GoOnAfterEnd();
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
        if (messages.Count == 0 && _inFlight is not null) _mustLand = true;
        else if (messages.Count == 0)
        {
            if (_reducer.NextDueMs is not { } due) throw new InvariantBrokenException("nothing runs, nothing is due, and the run has not ended");
            _nowMs = Math.Max(_nowMs, due);
            messages.Add(Message.Tick.Now);
        }
        else if (_reducer.NextDueMs is { } soon && Chance(6)) _nowMs = Math.Max(_nowMs, soon);
        SpoilState();
        Begin();
        foreach (var message in messages) _reducer.Handle(message);
        EndTurn();
        return true;
    }

    private void EndTurn()
    {
        SpoilBooks();
        _reducer.Finish();
        if (_bug == PlantedBug.EffectBeforeIntent) foreach (var early in _reducer.Commands.Where(command => command.Kind == CommandKind.Grant)) Carry(early);
        if (_inFlight is not null) return;
        var (events, commands) = _reducer.Take();
        if (events.Count > 0)
        {
            var closed = Close(events, commands);
            if (StaysInFlight(closed)) return;
            if (_crashes && Chance(60))
            {
                Lose();   // the frame never became durable: nobody may know of it
                return;
            }
            if (_controls && Chance(30) && IsForbidden(closed))
            {
                Refuse(closed);
                EndTurn();
                return;
            }
            Commit(closed);
            if (_frames.Count % 16 == 0 || State.HasEnded || _bug != PlantedBug.None || RunsAhead) Compare();
        }
        if (_crashes && Chance(60))
        {
            Crash();   // the frame is durable and none of its commands was carried out
            return;
        }
        foreach (var command in commands)
        {
            if (_bug != PlantedBug.EffectBeforeIntent || command.Kind != CommandKind.Grant) Carry(command);
        }
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
