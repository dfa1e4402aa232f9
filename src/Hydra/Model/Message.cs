namespace Hydra.Model;

/// <summary>What reaches a run's loop from outside: outcomes, decisions, requests, the passing of time.</summary>
public abstract record Message
{
    private Message() { }

    /// <summary>The command of the run's inbox that brought it (<see cref="InboxCommand.Id"/>); 0: none.</summary>
    public long InboxId { get; init; }

    /// <summary>The <c>when</c> of an instance was evaluated.</summary>
    public sealed record WhenDecided(int Node, bool Holds, NodeError? Error) : Message;
    /// <summary>A composite said how to go on; <paramref name="Output"/> is the kept output of an end.</summary>
    public sealed record Advanced(int Node, Advance Move, ValueRef? Output) : Message;
    /// <summary>An attempt wants to make a call.</summary>
    public sealed record StepRequested(int Node, int Attempt, int Incarnation, StepCall Call, object Ticket) : Message;
    public sealed record StepReported(int Node, int Attempt, int Incarnation, int Step, StepResult Result) : Message;
    /// <summary>An attempt ended; <paramref name="Output"/> is its kept output.</summary>
    public sealed record AttemptEnded(int Node, int Attempt, int Incarnation, AttemptOutcome Outcome, ValueRef? Output) : Message
    {
        /// <summary>The earlier execution whose result this is; null: the attempt did the work.</summary>
        public ReuseSource? Source { get; init; }
    }
    /// <summary>The node's <c>stop_when</c> held over the results so far.</summary>
    public sealed record StopWhenHeld(int Node) : Message;
    /// <summary>Somebody ends the run: cancelled for good, or interrupted to go on later.</summary>
    public sealed record StopRequested(RunStatus As, string Reason) : Message;
    /// <summary>Somebody answers a wait.</summary>
    public sealed record WaitAnswered(GivenAnswer Given) : Message;
    /// <summary>A person asks something of the run.</summary>
    public sealed record ControlAsked(ControlRequest Request) : Message;
    /// <summary>The kill switch was looked at and has changed.</summary>
    public sealed record SwitchRead(KillSwitch Switch) : Message;
    /// <summary>Time has passed; sent when something was due.</summary>
    public sealed record Tick : Message
    {
        public static Tick Now { get; } = new();
    }
}

public enum CommandKind : byte
{
    Decide, Advance, CheckStop, Start, Grant, Deny, Cancel,
    /// <summary>A <see cref="Start"/> that the loop has carried out already.</summary>
    Begun,
}

/// <summary>What the loop must do once the frame with the reasons is durable.</summary>
/// <param name="Detail">Grant and Deny: the <see cref="StepAnswer"/>.</param>
public readonly record struct Command(CommandKind Kind, int Node, object? Detail = null)
{
    public bool IsStart => Kind == CommandKind.Start;

    /// <summary>The same start, of an attempt that has begun already.</summary>
    public Command AsBegun() => this with { Kind = CommandKind.Begun };
}

/// <summary>The answer to a <see cref="Message.StepRequested"/>.</summary>
/// <param name="Error">Null: granted.</param>
/// <param name="Known">The answer of an earlier incarnation.</param>
public sealed record StepAnswer(object Ticket, int Step, StepResult? Known, NodeError? Error, TimeSpan? RetryAfter = null)
{
    /// <summary>A budget in dollars or tokens covers the call.</summary>
    public bool IsUnderBudget { get; init; }
}
