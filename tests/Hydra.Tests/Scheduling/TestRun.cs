using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

/// <summary>
/// A run whose attempts a test answers by hand, on a clock that moves by hand. Every turn's frame is kept and folded
/// into a second state, which must be the same as the live one.
/// </summary>
internal sealed class TestRun
{
    private readonly List<Frame> _frames = [];
    private readonly Dictionary<int, RunEvent.Started> _attempts = [];
    private RunState _replica;
    private Reducer _reducer;

    private TestRun(string graph, RunLimits limits)
    {
        Plan = TestGraph.PlanOf(graph);
        Limits = limits;
        _replica = new RunState(Plan);
        _reducer = new Reducer(new RunState(Plan));
        _reducer.Begin(NowMs);
        _reducer.Open(new RunEvent.RunStarted("run", "test", "", ValueRef.EmptyText, limits));
        Finish();
    }

    public static TestRun Of(string graph, int cap = 100, int? rpm = null, long? tpm = null, BudgetSpec? budget = null) => new(graph, new RunLimits(cap, rpm, tpm, budget));

    public Plan Plan { get; private set; }
    public RunLimits Limits { get; private set; }
    public RunState State => _reducer.State;
    public long NowMs { get; private set; } = 1_000_000;
    public long? NextDueMs => _reducer.NextDueMs;
    public IReadOnlyList<Frame> Frames => _frames;
    public IEnumerable<RunEvent> Events => _frames.SelectMany(frame => frame.Events);
    public List<string> CancelAsked { get; } = [];
    /// <summary>Paths in the order in which they were started, over the whole run.</summary>
    public List<string> StartOrder { get; } = [];
    /// <summary>Whether decisions and moves of composites are answered in the turn after they were asked for.</summary>
    public bool AnswersDecisions { get; set; } = true;
    /// <summary>Whether the run goes on when only people are left to wait for; else it pauses.</summary>
    public bool StaysForPeople { get; set; }

    public IReadOnlyList<string> Running => [.. Paths(NodeStatus.Running)];
    public IReadOnlyList<string> Queued => [.. Paths(NodeStatus.Queued)];
    /// <summary>What may run: started already or kept back by a cap alone.</summary>
    public IReadOnlyList<string> Ready => [.. Running, .. Queued];
    public RunStatus? Ended => State.HasEnded ? State.Status : null;

    public NodeStatus StatusOf(string path) => State.StatusOf(Find(path));
    public SkipCause BecauseOf(string path) => State.DetailOf(Find(path))!.SkippedBecause;
    public ErrorCode? ErrorOf(string path) => State.DetailOf(Find(path))?.Error?.Code;
    public string? OutputOf(string path) => State.OutputOf(Find(path))?.Inline.ToDisplayText();
    public int AttemptOf(string path) => State.AttemptOf(Find(path));
    public RunEvent.Started LastStartOf(string path) => _attempts[Find(path)];

    public void Complete(params string[] paths) => Turn([.. paths.Select(path => Outcome(path, new AttemptOutcome.Completed(path + "!")))]);
    public void Degrade(string path) => Turn(Outcome(path, new AttemptOutcome.Degraded("half", "half only")));
    public void Fail(string path, ErrorCode? code = null, TimeSpan? retryAfter = null) => Turn(Failure(path, code, retryAfter));
    public void Suspend(string path, long untilMs) => Turn(Outcome(path, new AttemptOutcome.Suspend(untilMs)));
    public void Stop(RunStatus status) => Turn(new Message.StopRequested(status, $"asked to be {status}"));
    public void StopWhen(string path) => Turn(new Message.StopWhenHeld(Find(path)));
    public void AcknowledgeCancels() => Turn([.. CancelAsked.Where(path => StatusOf(path) == NodeStatus.Running).Distinct().ToArray().Select(path => Failure(path, ErrorCode.Cancelled, null))]);

    public Message Failure(string path, ErrorCode? code = null, TimeSpan? retryAfter = null) => Outcome(path, new AttemptOutcome.Failed(code ?? ErrorCode.ToolFailed, "boom", retryAfter));

    public Message Outcome(string path, AttemptOutcome outcome)
    {
        var started = _attempts[Find(path)];
        var output = outcome switch { AttemptOutcome.Completed c => ValueRef.Of(c.Output), AttemptOutcome.Degraded d => ValueRef.Of(d.Output), _ => null };
        return new Message.AttemptEnded(started.Node, started.Attempt, started.Incarnation, outcome, output);
    }

    /// <summary>Asks for a call; the answer is in the ticket as soon as there is one.</summary>
    public Ticket Ask(string path, long tokens = 0, string key = "call", StepKind kind = StepKind.Model, MicroUsd? usd = null, long prompt = 0, string provider = "", EffectClass effect = EffectClass.Pure)
    {
        var ticket = TicketOf(path, tokens, key, kind, usd, prompt, provider, effect);
        Turn(ticket.Request);
        return ticket;
    }

    public Ticket TicketOf(string path, long tokens = 0, string key = "call", StepKind kind = StepKind.Model, MicroUsd? usd = null, long prompt = 0, string provider = "", EffectClass effect = EffectClass.Pure)
    {
        var started = _attempts[Find(path)];
        var call = new StepCall(kind, "model", key, prompt, tokens, usd ?? MicroUsd.Zero, null) { Provider = provider, Effect = effect };
        return new Ticket(started, call);
    }

    public void Report(Ticket ticket, long tokens = 0, ErrorCode? error = null, MicroUsd usd = default) =>
        Turn(new Message.StepReported(ticket.Started.Node, ticket.Started.Attempt, ticket.Started.Incarnation, ticket.Answer!.Step,
            new StepResult(ValueRef.Of("answer"), new TokenUsage(tokens, 0), usd, error is { } code ? new NodeError(code, "boom") : null, 1)));

    public void Pause(bool now = false) => Turn(new Message.ControlAsked(new ControlRequest("pause", "ann", "lunch", Now: now)));
    public void Cancel(bool rollback = false) => Turn(new Message.ControlAsked(new ControlRequest("cancel", "ann", "wrong", Rollback: rollback)));
    public void ReadSwitch(SwitchScope scope) => Turn(new Message.SwitchRead(new KillSwitch(scope, "ann", "panic", NowMs)));

    /// <summary>The switch that the store finds in the transaction of the next frame with calls.</summary>
    public KillSwitch? FoundAtCommit { get; set; }

    /// <summary>Takes the run up again and says of a node whether its effect happened.</summary>
    public void Assume(string path, bool happened, string output = "")
    {
        Resume(null, [new RunEvent.Assumed(Find(path), happened, happened ? ValueRef.Of(output) : null, "ann")]);
    }

    /// <summary>Moves the clock and takes every turn that falls due on the way.</summary>
    public void Pass(double seconds)
    {
        var until = NowMs + (long)(seconds * 1000);
        while (NextDueMs is { } due && due <= until)
        {
            NowMs = Math.Max(NowMs, due);
            Turn(Message.Tick.Now);
        }
        NowMs = until;
        Turn(Message.Tick.Now);
    }

    /// <summary>The process dies and another takes the run up, from the frames alone.</summary>
    public void Crash(RunLimits? limits = null, double downForSeconds = 0)
    {
        NowMs += (long)(downForSeconds * 1000);
        Resume(limits);
    }

    /// <summary>Takes an ended run up again.</summary>
    public void Resume(RunLimits? limits = null, IReadOnlyList<RunEvent.Assumed>? said = null)
    {
        var state = new RunState(Plan);
        foreach (var frame in _frames) state.Apply(frame);
        _replica = new RunState(Plan);
        foreach (var frame in _frames) _replica.Apply(frame);
        _attempts.Clear();
        CancelAsked.Clear();
        _reducer = new Reducer(state);
        _reducer.StaysForPeople = StaysForPeople;
        _reducer.Begin(NowMs);
        _reducer.Resume(Limits = limits ?? Limits, said ?? []);
        Finish();
    }

    /// <summary>A fork of the run as its frames have it, taken up at once; <paramref name="next"/>: with another definition.</summary>
    public void Fork(IEnumerable<int> anew, IReadOnlyDictionary<int, ValueRef>? outputs = null, Plan? next = null, bool isTakenUp = true)
    {
        var state = new RunState(Plan);
        foreach (var frame in _frames) state.Apply(frame);
        if (next is not null)
        {
            state.Expect(next);
            _replica.Expect(next);
            Plan = Chained(next, Plan);
        }
        _attempts.Clear();
        CancelAsked.Clear();
        _reducer = new Reducer(state);
        _reducer.Begin(NowMs);
        var definition = next is null ? null : new ForkDefinition("h", ValueRef.EmptyText);
        _reducer.Fork(new RunEvent.Forked("fork", State.RunName, state.NextSequence - 1, definition), [.. anew], outputs ?? new Dictionary<int, ValueRef>());
        Commit();
        if (isTakenUp) Resume();
    }

    public void Fork(params string[] paths) => Fork(paths.Select(Find).ToList());

    private static Plan Chained(Plan next, Plan earlier)
    {
        next.Earlier = earlier;
        return next;
    }

    public void Turn(params Message[] messages)
    {
        _reducer.StaysForPeople = StaysForPeople;
        _reducer.Begin(NowMs);
        foreach (var message in messages) _reducer.Handle(message);
        Finish();
    }

    /// <summary>The attempt asks people and gives its slot back.</summary>
    public void AskPeople(string path, double seconds = 60, WaitExpiry onTimeout = WaitExpiry.Reject, int quorum = 1, double remind = 0, params string[] approvers) => Turn(Outcome(path, new AttemptOutcome.Wait(new WaitRequest
    {
        Kind = WaitKind.Approval,
        Prompt = "go on?",
        Payload = ValueRef.EmptyText,
        PayloadSha256 = "hash",
        DeadlineMs = NowMs + (long)(seconds * 1000),
        TimeoutMs = (long)(seconds * 1000),
        RemindAtMs = remind == 0 ? 0 : NowMs + (long)(remind * 1000),
        OnTimeout = onTimeout,
        EscalateTo = "boss",
        Quorum = quorum,
        Approvers = approvers,
    })));

    public void Answer(string target, string who = "anna", bool approves = true) => Turn(new Message.WaitAnswered(AnswerOf(target, who, approves)));
    public string? RefusalOf(string target, string who = "anna", bool approves = true, string hash = "") => WaitRules.Judge(State, AnswerOf(target, who, approves) with { PayloadSha256 = hash }, NowMs, isAlone: false).Refusal;
    public static GivenAnswer AnswerOf(string target, string who, bool approves) => new(target, WaitKind.Approval, approves, IsText: false, who, IsAuthenticated: false, "", "");

    /// <summary>Another process writes the answer, because nobody owns the run.</summary>
    public string? AnswerAlone(string target, string who = "anna", bool approves = true)
    {
        var state = new RunState(Plan);
        foreach (var frame in _frames) state.Apply(frame);
        var verb = new Reducer(state);
        verb.Begin(NowMs);
        var refusal = verb.AnswerAlone(AnswerOf(target, who, approves));
        if (verb.Events.Count > 0) _frames.Add(new Frame(state.NextSequence, NowMs, [.. verb.Events]));
        return refusal;
    }

    public void WaitUntil(double seconds) => NowMs += (long)(seconds * 1000);

    public int Find(string path)
    {
        for (var i = State.InstanceCount - 1; i >= 0; i--)
        {
            if (State.PathOf(i) == path) return i;
        }
        throw new ArgumentException($"No instance has the path '{path}'.", nameof(path));
    }

    private void Finish()
    {
        _reducer.Finish();
        if (FoundAtCommit is { } found && _reducer.Commands.Exists(command => command.Kind == CommandKind.Grant)) _reducer.Refuse(found, []);
        Commit();
        var answers = new List<Message>();
        foreach (var command in _reducer.Commands)
        {
            switch (command.Kind)
            {
                case CommandKind.Start:
                    StartOrder.Add(State.PathOf(command.Node));
                    break;
                case CommandKind.Cancel: CancelAsked.Add(State.PathOf(command.Node)); break;
                case CommandKind.Grant or CommandKind.Deny:
                    var answer = (StepAnswer)command.Detail!;
                    ((Ticket)answer.Ticket).Answer = answer;
                    break;
                case CommandKind.Decide when AnswersDecisions: answers.Add(DecisionOf(command.Node)); break;
                case CommandKind.Advance when AnswersDecisions: answers.Add(new Message.Advanced(command.Node, FakeAdvance.Of(State, command.Node), ValueRef.Of("composite"))); break;
            }
        }
        if (answers.Count > 0) Turn([.. answers]);
    }

    private Message.WhenDecided DecisionOf(int node) => TestGraph.Option(State.NodeOf(node).Spec, "when") switch
    {
        "error" => new(node, false, new NodeError(ErrorCode.BadRequest, "when is wrong")),
        var holds => new(node, holds != "false", null),
    };

    private void Commit()
    {
        if (_reducer.Events.Count == 0) return;
        var frame = new Frame(State.NextSequence, NowMs, [.. _reducer.Events]);
        State.CloseFrame(frame.Sequence);
        _frames.Add(frame);
        foreach (var started in frame.Events.OfType<RunEvent.Started>()) _attempts[started.Node] = started;
        _replica.Apply(frame);
        Assert.Equal(StateText.Of(_replica), StateText.Of(State));
    }

    private IEnumerable<string> Paths(NodeStatus status)
    {
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.StatusOf(i) == status) yield return State.PathOf(i);
        }
    }
}

/// <summary>One request of a call and its answer.</summary>
internal sealed class Ticket(RunEvent.Started started, StepCall call)
{
    public RunEvent.Started Started { get; } = started;
    public StepCall Call { get; } = call;
    public Message.StepRequested Request => new(Started.Node, Started.Attempt, Started.Incarnation, Call, this);
    public StepAnswer? Answer { get; set; }
    public bool IsGranted => Answer is { Error: null };
    public bool IsDenied => Answer is { Error: not null };
    public bool Waits => Answer is null;
}
