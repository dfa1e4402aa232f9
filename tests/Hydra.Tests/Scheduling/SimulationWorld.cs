using System.Text;
using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

// What the attempts, the people and the world outside do.
internal sealed partial class Simulation
{
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
}
