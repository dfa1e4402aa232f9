using Hydra.Policies;

namespace Hydra.Model;

/// <summary>Why a node was skipped.</summary>
public enum SkipCause : byte { When, UpstreamFailed, UpstreamSkipped, Join, Terminated, Rejected }

/// <summary>How a node stands. The names on the wire and on screen are those of the workflow format.</summary>
public enum NodeStatus : byte
{
    /// <summary>A map item whose turn has not come: takes no part yet.</summary>
    Dormant,
    Pending,
    /// <summary>Its <c>when</c> is being evaluated.</summary>
    Deciding,
    Queued,
    Running,
    /// <summary>Between attempts, or for time, a person or an event; holds no slot.</summary>
    Waiting,
    /// <summary>A composite whose children run; holds no slot.</summary>
    Open,
    Completed,
    Degraded,
    Failed,
    Skipped,
    Cancelled,
    BudgetExceeded,
}

public enum RunStatus : byte { Running, Paused, Interrupted, Stopped, Completed, Failed, Cancelled }

public enum ScopeKind : byte { Root, Items, Round, Nested, Undo, Revision }

public enum StepKind : byte { Model, Tool }

/// <summary>
/// One fact of a run. The journal keeps facts and nothing else; the state of a run is their fold. <c>Node</c> is an
/// instance's number: instances are numbered in the order in which their scopes were opened, so the number is the same
/// on every replay.
/// </summary>
public abstract record RunEvent
{
    private RunEvent() { }

    /// <summary>Version of the events as they are written today; each run's first event carries its own.</summary>
    public const int FormatVersion = 1;

    /// <summary>The first fact of a run.</summary>
    /// <param name="Bundle">All that the run is pinned to: definition, files, inputs, options.</param>
    public sealed record RunStarted(string Run, string Workflow, string DefinitionHash, ValueRef Bundle, RunLimits Limits) : RunEvent;
    /// <summary>A process took the run up again. Attempts it finds unfinished begin a new incarnation.</summary>
    public sealed record RunResumed(int Epoch, RunLimits Limits) : RunEvent;
    /// <summary>The <c>when</c> of the node held; the opposite is <see cref="Skipped"/>.</summary>
    public sealed record Decided(int Node) : RunEvent;
    /// <param name="Attempt">Counts from 1 over all variants.</param>
    /// <param name="Incarnation">Counts from 0; a crash, an interruption or a wait makes a new one of the same attempt.</param>
    public sealed record Started(int Node, int Attempt, int Incarnation, int Variant) : RunEvent;
    /// <param name="Step">Counts from 0 within the attempt.</param>
    /// <param name="Call">What the step will cost at most and what it asks.</param>
    public sealed record StepIntended(int Node, int Step, StepCall Call) : RunEvent;
    public sealed record StepEnded(int Node, int Step, StepResult Result) : RunEvent;
    /// <summary>An attempt failed and another will follow, at <paramref name="RetryAtMs"/> (Unix milliseconds, 0 = at once).</summary>
    public sealed record AttemptFailed(int Node, NodeError Error, int NextVariant, long RetryAtMs) : RunEvent;
    /// <summary>The attempt waits without task or slot until the time given (Unix milliseconds).</summary>
    public sealed record Suspended(int Node, long UntilMs) : RunEvent;
    /// <summary>The node ended; final unless a resume gives it new attempts (<see cref="Reopened"/>).</summary>
    public sealed record Ended(int Node, NodeStatus Status, ValueRef? Output, NodeError? Error, Value Signal) : RunEvent;
    public sealed record Skipped(int Node, SkipCause Because) : RunEvent;
    public sealed record Expanded(int Node, ScopeOpening Opening) : RunEvent;
    /// <summary>A failed or budget-stopped node gets new attempts because its run was resumed.</summary>
    public sealed record Reopened(int Node) : RunEvent;
    /// <summary>A process that was asked to stop let go of this attempt; it is no crash.</summary>
    public sealed record AttemptInterrupted(int Node) : RunEvent;
    /// <summary>The instance is being ended before its time: by a join, a limit or its <c>stop_when</c> (<paramref name="KeepsResult"/>).</summary>
    public sealed record Cancelling(int Node, NodeError? Error, bool KeepsResult) : RunEvent;
    /// <summary>Nothing new starts from here on; <paramref name="Status"/> is how the run will end once running work has.</summary>
    public sealed record Stopping(RunStatus Status, string Reason) : RunEvent;
    public sealed record RunEnded(RunStatus Status, string Reason) : RunEvent;
    /// <summary>The node's work was not done: the result of an earlier execution stands for it, at no cost. Its end follows in the same frame.</summary>
    public sealed record Reused(int Node, string Run, string Path) : RunEvent;
    /// <summary>A person, or the kill switch, asked something of the run.</summary>
    /// <param name="Verb"><c>pause</c>, <c>cancel</c>, <c>kill-switch</c>.</param>
    /// <param name="By">Who, as they say: a claim, not a proof.</param>
    /// <param name="Rollback">What completed is to be undone at the run's end.</param>
    public sealed record Asked(string Verb, string By, string Reason, bool Rollback = false) : RunEvent;
    /// <summary>A person said whether an effect whose outcome was unknown has happened; <paramref name="Output"/> stands for its answer.</summary>
    public sealed record Assumed(int Node, bool Happened, ValueRef? Output, string By) : RunEvent;
    /// <summary>The run is over and what it did is being undone; <paramref name="Status"/> is how it ends after that.</summary>
    /// <param name="All">All that completed; false: only effects of unknown outcome that are to be undone.</param>
    public sealed record RollingBack(RunStatus Status, string Reason, bool All) : RunEvent;
    /// <summary>The first fact of a fork: its state is that of <paramref name="Parent"/> after frame <paramref name="UpTo"/>.</summary>
    /// <param name="Definition">What the fork is pinned to where that is another definition; null: that of the parent.</param>
    public sealed record Forked(string Run, string Parent, long UpTo, ForkDefinition? Definition) : RunEvent;
    /// <summary>Work of the parent that a fork does anew: these instances, all that depends on them and all they opened.</summary>
    public sealed record Invalidated(IReadOnlyList<int> Nodes) : RunEvent
    {
        /// <summary>Those that a person asked to be done anew: no earlier result stands for them.</summary>
        public IReadOnlyList<int> Named { get; init; } = [];
    }
    /// <summary>The instance counts as completed with an output that a person put there.</summary>
    public sealed record OutputSet(int Node, ValueRef Output) : RunEvent;
    /// <summary>The attempt waits for people, without task or slot.</summary>
    /// <param name="Wait">The wait's id: run, path and attempt.</param>
    public sealed record WaitOpened(int Node, string Wait, WaitRequest Request) : RunEvent;
    /// <summary>Somebody answered. Where a quorum is needed, that alone may not decide.</summary>
    /// <param name="Who">A claim, unless <paramref name="IsAuthenticated"/>.</param>
    /// <param name="PayloadSha256">What the answer is bound to.</param>
    /// <param name="IsAlone">Written by the verb that brought it, because no process owned the run.</param>
    public sealed record WaitAnswered(int Node, string Wait, Value Answer, string Who, bool IsAuthenticated, string Comment, string PayloadSha256, bool IsAlone) : RunEvent;
    /// <summary>The attempt runs for half as long again as its node's <c>estimate_seconds</c>, and goes on. Once for each attempt.</summary>
    public sealed record Overdue(int Node) : RunEvent;
    public sealed record WaitReminded(int Node, string Wait) : RunEvent;
    /// <summary>Nobody answered in time.</summary>
    /// <param name="NextDeadlineMs">With <see cref="WaitExpiry.Escalate"/>: when the new time ends (Unix milliseconds).</param>
    public sealed record WaitExpired(int Node, string Wait, WaitExpiry As, long NextDeadlineMs) : RunEvent;
}

/// <summary>The definition of a fork that is not its parent's.</summary>
public sealed record ForkDefinition(string Hash, ValueRef Bundle);

/// <summary>The limits of a run that a resume may change.</summary>
/// <param name="Rpm">Model calls in any 60 s; null: no limit.</param>
/// <param name="Tpm">Tokens in any 60 s; null: no limit.</param>
/// <param name="Budget">The run's own budget with everything added to it.</param>
public sealed record RunLimits(int MaxConcurrent, int? Rpm, long? Tpm, BudgetSpec? Budget);

/// <param name="Code">One of the format's error codes.</param>
public sealed record NodeError(ErrorCode Code, string Message)
{
    /// <summary>Those of what the attempt had read: a message may quote it.</summary>
    public Labels Labels { get; init; }
}

/// <summary>One call out of an attempt, before it is made.</summary>
/// <param name="Name">The model or tool.</param>
/// <param name="Key">Hash of what is asked, so that a replayed step is recognised.</param>
/// <param name="PromptTokensMax">Bound on the prompt, 0 for tools.</param>
/// <param name="TokensMax">Bound on prompt and answer together.</param>
/// <param name="UsdMax">Bound on the price; null: unknown.</param>
/// <param name="Request">The prompt or arguments; only what is new of it where <see cref="After"/> is set.</param>
public sealed record StepCall(StepKind Kind, string Name, string Key, long PromptTokensMax, long TokensMax, MicroUsd? UsdMax, ValueRef? Request)
{
    /// <summary>Who answers (<c>openai</c>, <c>offline</c>, …): the name of its circuit breaker.</summary>
    public string Provider { get; init; } = "";
    public EffectClass Effect { get; init; } = EffectClass.Pure;
    /// <summary>The agent that asks, with its version (<c>critic sha256:…</c>); empty: none.</summary>
    public string Agent { get; init; } = "";
    /// <summary>
    /// The step of the same attempt that this one goes on from: what that one asked and was answered comes before
    /// <see cref="Request"/>, so that each message of a conversation is stored once. Null: the request is whole.
    /// </summary>
    public int? After { get; init; }
    /// <summary>What the policy said; null: a model was asked, which no policy decides.</summary>
    public PolicyRuling? Ruling { get; init; }
}

/// <summary>What came of a call.</summary>
/// <param name="Error">Null when the call was answered.</param>
/// <param name="DurationMs">From sending to the last byte.</param>
public sealed record StepResult(ValueRef? Response, TokenUsage Usage, MicroUsd Cost, NodeError? Error, double DurationMs)
{
    /// <summary>Whether tokens were used at a price that nobody knows, so that <see cref="Cost"/> says nothing of them.</summary>
    public bool HasUnknownCost(StepCall call) => call is { Kind: StepKind.Model, UsdMax: null } && Usage.Total > 0 && Cost.Amount == 0;
    /// <summary>The model that answered, where it said so.</summary>
    public string? AnsweredBy { get; init; }
    /// <summary>Milliseconds to the first token; 0 when the answer was not streamed.</summary>
    public double FirstTokenMs { get; init; }
    public string? FinishReason { get; init; }
    /// <summary>The charge is the bound, because the process died before the answer was known.</summary>
    public bool IsBound { get; init; }
    /// <summary>The call was never made: the kill switch refused it, or a person said that it did not happen.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>A graph opened below a composite.</summary>
/// <param name="Fragment">Index into <see cref="PlannedNode.Fragments"/>.</param>
/// <param name="Ordinal">Round number from 1 (revisions of one gate from 2); 0 for items and nested graphs.</param>
/// <param name="Count">How many items; 1 for rounds and nested graphs.</param>
/// <param name="Bindings">Object of names bound inside; for items, with a list under <c>items</c>.</param>
/// <param name="ConcurrencyMax">Items open at once; 0: no limit of its own.</param>
/// <param name="FailuresMax">Items that may fail; with one more, the items not yet started are cancelled. −1: any number.</param>
public sealed record ScopeOpening(ScopeKind Kind, int Fragment, int Ordinal, int Count, ValueRef? Bindings, int ConcurrencyMax = 0, int FailuresMax = -1)
{
    /// <summary>The definition of a fragment that came up during the run (<see cref="Proposal"/>); null: one of the node's own, by <see cref="Fragment"/>.</summary>
    public ValueRef? Proposed { get; init; }
}

/// <summary>All facts of one turn of the run's loop: the unit on disk.</summary>
/// <param name="Sequence">Counts from 0 without gaps.</param>
/// <param name="AtMs">Unix milliseconds.</param>
public sealed record Frame(long Sequence, long AtMs, IReadOnlyList<RunEvent> Events);
