namespace Hydra.Model;

/// <summary>The part of an instance's state that most instances never need; made when first used.</summary>
public sealed class InstanceDetail
{
    public int Incarnation { get; set; }
    /// <summary>How often a process died while the present attempt ran.</summary>
    public int Crashes { get; set; }
    public int Variant { get; set; }
    /// <summary>Attempts made with the present variant.</summary>
    public int AttemptsInVariant { get; set; }
    /// <summary>When the instance may go on: a retry or the end of a wait (Unix milliseconds).</summary>
    public long DueMs { get; set; }
    /// <summary>The wait that has ended, for the re-entered attempt; 0: none.</summary>
    public long ResumedAtMs { get; set; }
    public NodeError? Error { get; set; }
    public Value Signal { get; set; }
    public SkipCause SkippedBecause { get; set; }
    /// <summary>Parents skipped without saying what stands for them.</summary>
    public int ParentsSkipped { get; set; }
    /// <summary>When a composite's <c>timeout_seconds</c> ends (Unix milliseconds); 0: it has none or has not begun.</summary>
    public long DeadlineMs { get; set; }
    /// <summary>When the running attempt becomes overdue (Unix milliseconds); 0: it has no estimate.</summary>
    public long OverdueAtMs { get; set; }
    /// <summary>The number of the attempt that was reported as overdue; 0: none.</summary>
    public int OverdueAttempt { get; set; }
    /// <summary>The composite's latest scope; −1: none yet.</summary>
    public int Scope { get; set; } = -1;
    /// <summary>The composite is to be asked how to go on.</summary>
    public bool AwaitsAdvance { get; set; }
    public bool IsCancelling { get; set; }
    /// <summary>Why it is being cancelled, where that is a limit; null: its end is plainly cancelled.</summary>
    public NodeError? CancelError { get; set; }
    /// <summary>The budget that refused the running attempt's last call. No part of the fold.</summary>
    public Account? RefusedBy { get; set; }
    public bool StopWhenHeld { get; set; }
    public Account? Account { get; set; }
    /// <summary>What all attempts of this instance have spent.</summary>
    public MicroUsd Cost { get; set; }
    public TokenUsage Usage { get; set; }
    /// <summary>Calls and retries of all attempts: what a fork that does the instance anew does not inherit.</summary>
    public int ModelCalls { get; set; }
    public int ToolCalls { get; set; }
    /// <summary>Of the calls to models those whose cost nobody knows.</summary>
    public int UnpricedCalls { get; set; }
    public int Retries { get; set; }
    /// <summary>Steps of the present attempt, in order.</summary>
    public List<StepState>? Steps { get; set; }
    /// <summary>The run and path whose result stands for this instance's; null: it did its own work.</summary>
    public (string Run, string Path)? ReusedFrom { get; set; }
    /// <summary>A fork was asked for it by name.</summary>
    public bool IsAskedAnew { get; set; }
    /// <summary>A fork was given its output: nothing was done for it.</summary>
    public bool IsSetByHand { get; set; }
    /// <summary>A loser of a join: its end is nobody's failure.</summary>
    public bool IsLoser { get; set; }
    /// <summary>The attempt was left and not ended (crash, interruption, wait): the next start is a new incarnation of it.</summary>
    public bool Reenters { get; set; }
    /// <summary>What the present attempt asked people for; null: nothing.</summary>
    public WaitState? Wait { get; set; }
    /// <summary>What the present attempt asked people for before and was told, in order; null: nothing.</summary>
    public List<WaitState>? EarlierWaits { get; set; }
    /// <summary>A policy, or a person whom it asked, refused a call of the present attempt.</summary>
    public bool WasDenied { get; set; }
    /// <summary>It ended without anybody knowing whether a call that may not be repeated took effect.</summary>
    public bool IsUnknown { get; set; }
    /// <summary>The scope that undoes this instance; −1: none was opened.</summary>
    public int UndoScope { get; set; } = -1;
}

/// <summary>One call of the present attempt.</summary>
public sealed class StepState(StepCall call)
{
    public StepCall Call { get; } = call;
    public StepResult? Result { get; set; }
    /// <summary>The running incarnation has made this call or been given its answer. No part of the fold.</summary>
    public bool IsUsed { get; set; }
    public RateEntry? Rate { get; init; }
    /// <summary>The load of the agent that makes the call; null: it has no limits.</summary>
    public AgentLoad? Load { get; init; }
}

/// <summary>A model call within the window of the rate limits.</summary>
public sealed class RateEntry(long atMs, long tokens)
{
    public long AtMs { get; } = atMs;
    /// <summary>The bound while the call is open, what it used afterwards.</summary>
    public long Tokens { get; set; } = tokens;
}
