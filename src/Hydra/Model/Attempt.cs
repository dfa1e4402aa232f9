using Hydra.Policies;
using Hydra.Templates;

namespace Hydra.Model;

/// <summary>A node type whose work is done in one place, without children.</summary>
public interface ILeafNodeType : INodeType
{
    /// <summary>
    /// True where <see cref="RunAsync"/> neither blocks nor takes long (microseconds): the run's loop then calls it
    /// itself and saves two thread hops.
    /// </summary>
    bool RunsInline => false;

    /// <summary>
    /// True where <see cref="RunAsync"/> does nothing that others could see before its first call is granted, and mostly takes
    /// microseconds until it asks for it: the run's loop may begin an attempt before its start is durable, so that start and
    /// first intent share a frame.
    /// </summary>
    bool AsksBeforeItActs => false;

    /// <summary>True where <see cref="RunAsync"/> itself answers dry runs (<see cref="AttemptServices.IsDryRun"/>), without asking or calling anybody.</summary>
    bool AnswersDryRuns => false;

    /// <summary>
    /// What decides the result besides fields and the values they read (the model as resolved), by name, so that a later
    /// run with the same may reuse it. Null: it cannot be told, and only the node's own <c>cache</c> makes it reusable.
    /// </summary>
    ValueMap? ReuseParts(NodeAttempt attempt) => ValueMap.Empty;

    /// <summary>
    /// Does the node's work once. Expected failures come back as <see cref="AttemptOutcome.Failed"/> or are thrown as
    /// <see cref="CallFailedException"/> or <see cref="TemplateException"/>; every call that costs or acts goes through <paramref name="line"/>.
    /// </summary>
    ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken);
}

/// <summary>A node type that opens graphs below itself and decides from their results how to go on.</summary>
public interface ICompositeNodeType : INodeType
{
    /// <summary>Called when the node is ready and again whenever the scope it opened has ended. Pure over its context.</summary>
    Advance Advance(AdvanceContext context);
}

/// <summary>What a runner is given.</summary>
public sealed class NodeAttempt
{
    public required RunId Run { get; init; }
    /// <summary>The instance's path, such as <c>summaries[17]</c>.</summary>
    public required string Path { get; init; }
    public required PlannedNode Node { get; init; }
    /// <summary>Counts from 1.</summary>
    public required int Attempt { get; init; }
    public required int Incarnation { get; init; }
    public required Variant Variant { get; init; }
    /// <summary>Inputs, outputs of ancestors, names bound by composites: what templates see.</summary>
    public required ITemplateScope Scope { get; init; }
    public required AttemptServices Services { get; init; }
    /// <summary>When the node was last suspended and is re-entered: that time, in Unix milliseconds.</summary>
    public long ResumedAtMs { get; init; }
    /// <summary>The labels of all that the attempt has read so far; those of its result.</summary>
    public LabelContext Labels { get; init; } = new();
    /// <summary>A model wrote the node (a plan), so that what it calls is a model's wish, not an author's.</summary>
    public bool IsProposed { get; init; }
    /// <summary>The policies that hold here.</summary>
    public PolicyBook Policy { get; init; } = PolicyBook.Empty;
    /// <summary>What the run's capped rules have let through.</summary>
    public RuleUses RuleUses { get; init; } = new();
    /// <summary>Every wait of this attempt that has been decided, in order.</summary>
    public IReadOnlyList<WaitState> Decided { get; init; } = [];
    /// <summary>What people, or time, have decided of the wait that this attempt opened; null: it has not asked yet.</summary>
    public WaitDecision? Decision { get; init; }

    /// <summary>The graphs that this attempt has opened, all ended, in order.</summary>
    public IReadOnlyList<OpenedGraph> Opened { get; init; } = [];

    /// <summary>The same attempt with another working directory.</summary>
    public NodeAttempt In(string workingDirectory) => new()
    {
        Run = Run, Path = Path, Node = Node, Attempt = Attempt, Incarnation = Incarnation, Variant = Variant, Scope = Scope, ResumedAtMs = ResumedAtMs, Decision = Decision,
        Labels = Labels, IsProposed = IsProposed, Policy = Policy, RuleUses = RuleUses, Decided = Decided, Opened = Opened,
        Services = Services with { WorkingDirectory = workingDirectory },
    };
}

/// <summary>What runners share: the clock and what the run was told.</summary>
public sealed record AttemptServices
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    /// <summary>Folder against which relative paths of the workflow resolve.</summary>
    public string WorkingDirectory { get; init; } = ".";
    /// <summary>How programs are confined, by name; null: no node of the run starts one.</summary>
    public string? Sandbox { get; init; }
    /// <summary>Stubs instead of calls: every leaf answers with a sample of its shape.</summary>
    public bool IsDryRun { get; init; }
    /// <summary>Rules of the project, which no workflow loosens; null: none.</summary>
    public PolicySpec? ProjectPolicy { get; init; }
    /// <summary>Where the run goes on, for rules (<c>production</c>); empty: nobody says.</summary>
    public string EnvironmentName { get; init; } = "";
    /// <summary>The recording that answers calls in place of making them; null: calls are made.</summary>
    public Cassette? Cassette { get; init; }
}

/// <summary>The way from an attempt back to the owner of the run. Safe to call from any thread.</summary>
public interface ILine
{
    /// <summary>
    /// Announces a call and waits until it may be made: budget reserved, rate allowed, intent durable. When the run was
    /// resumed and the call had already been answered, that answer comes back and no call is to be made.
    /// Throws <see cref="CallFailedException"/> with <c>budget</c> or <c>provider_error</c> (breaker open) when it may not.
    /// </summary>
    ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken);

    /// <summary>Reports what came of a granted call; settles its reservation. Never waits.</summary>
    void Report(StepGrant grant, StepResult result);

    /// <summary>Says that the attempt is alive; resets its idle timeout. <paramref name="partial"/>: the text so far, for live views.</summary>
    void Progress(string? partial = null);

    /// <summary>Keeps a value: inline when small, else as a durable artifact.</summary>
    ValueRef Keep(Value value, Labels labels = default);

    Value Read(ValueRef reference);
}

/// <param name="Step">Counts from 0 within the attempt.</param>
/// <param name="Known">The answer of an earlier incarnation; null: make the call and report.</param>
public readonly record struct StepGrant(int Step, StepResult? Known)
{
    /// <summary>Whether a budget in dollars or tokens holds what the call may cost at most, and no more.</summary>
    public bool IsUnderBudget { get; init; }
}

/// <summary>How an attempt ended. A failure is data: nothing throws for it.</summary>
public abstract record AttemptOutcome
{
    private AttemptOutcome() { }

    /// <param name="Signal">Small typed facts for the scheduler and composites (score, approved), null when none.</param>
    public sealed record Completed(Value Output, Value Signal = default) : AttemptOutcome;
    /// <summary>A usable but lesser result, with the reason in words.</summary>
    public sealed record Degraded(Value Output, string Reason, Value Signal = default) : AttemptOutcome;
    public sealed record Failed(ErrorCode Code, string Message, TimeSpan? RetryAfter = null) : AttemptOutcome
    {
        /// <summary>The labels of the message, which may quote what the attempt has read; filled in where the attempt ends.</summary>
        public Labels Labels { get; init; }
        /// <summary>Small typed facts about the end of a composite (which limit ended it, what was left undone), null when none.</summary>
        public Value Signal { get; init; }
    }
    /// <summary>Give the slot back and enter again at that time (Unix milliseconds).</summary>
    public sealed record Suspend(long UntilMs) : AttemptOutcome;
    /// <summary>End the whole run with this status.</summary>
    public sealed record Terminate(RunStatus Status, string Reason) : AttemptOutcome;
    /// <summary>Give the slot back and enter again when people have decided (<see cref="NodeAttempt.Decision"/>).</summary>
    public sealed record Wait(WaitRequest Request) : AttemptOutcome;
    /// <summary>Give the slot back, open one of the node's own graphs, and enter again when it has ended (<see cref="NodeAttempt.Opened"/>).</summary>
    /// <param name="Opening">Its ordinal is set by the run: graphs that one node opened are numbered through.</param>
    public sealed record Open(ScopeOpening Opening) : AttemptOutcome;
    /// <summary>Have the work done again from <see cref="INodeType.RevisesFrom"/> on; with no revision left, fail with <paramref name="Otherwise"/>.</summary>
    /// <param name="Bindings">What the revised nodes see of it: <c>{comment}</c>.</param>
    /// <param name="RevisionsMax">Revisions that this node may ask for, one after another.</param>
    public sealed record Revise(ValueRef Bindings, int RevisionsMax, NodeError Otherwise) : AttemptOutcome;
    /// <summary>The node ends skipped.</summary>
    public sealed record Skip(SkipCause Because) : AttemptOutcome;
}

/// <summary>What a composite looks at when it decides.</summary>
public sealed class AdvanceContext
{
    public required string Path { get; init; }
    public required PlannedNode Node { get; init; }
    public required ITemplateScope Scope { get; init; }
    /// <summary>The scope that has just ended; null when the node has just become ready.</summary>
    public EndedScope? Last { get; init; }
    /// <summary>All scopes that the node has opened, in order, <see cref="Last"/> at the end; read anew at each use.</summary>
    public IEnumerable<EndedScope> History { get; init; } = [];
    /// <summary>How many of the composites around it work on fragments that came up during the run.</summary>
    public int ProposedDepth { get; init; }
    /// <summary>The workflow's tags, overlaid with those of the run and of the node.</summary>
    public ValueMap Tags { get; init; } = ValueMap.Empty;
    /// <summary>Checks a graph that came up and makes a fragment of it; what is wrong with it comes back as text.</summary>
    public Func<Proposal, ProposalRules?, ProposedGraph> Propose { get; init; } = static (_, _) => throw new InvalidOperationException("No fragments can be proposed here.");
    /// <summary>Options of the run: the cap that a map without one takes.</summary>
    public required int MaxConcurrent { get; init; }
    /// <summary>The node's <c>stop_when</c> held.</summary>
    public bool StopWhenHeld { get; init; }
    /// <summary>Nothing is called: leaves answer samples, so what decides over their results may be generous.</summary>
    public bool IsDryRun { get; init; }
    /// <summary>The labels of all that was read to decide: those of what is kept and of the result.</summary>
    public LabelContext Labels { get; init; } = new();
    /// <summary>Keeps what a composite carries from round to round; comes back as <see cref="EndedScope.Bindings"/>.</summary>
    public required Func<Value, ValueRef> Keep { get; init; }
}

/// <summary>A graph that a leaf's attempt opened, and how it ended.</summary>
/// <param name="Path">The leaf's path with the graph's number: <c>writer#2</c>.</param>
/// <param name="Labels">Takes note of the labels of every output that is read.</param>
public sealed record OpenedGraph(string Path, EndedScope Ended, LabelContext Labels);

/// <summary>A scope all of whose instances have ended.</summary>
/// <param name="Bindings">What was bound when it was opened.</param>
/// <param name="Children">Outcomes, item by item and node by node in file order.</param>
public sealed record EndedScope(ScopeOpening Opening, Value Bindings, IReadOnlyList<ChildOutcome> Children, int NodesPerItem)
{
    /// <summary>Its one node bears the composite's own path.</summary>
    public bool IsInline { get; init; }
}

/// <summary>How one child ended.</summary>
public sealed record ChildOutcome(string Id, NodeStatus Status, Func<Value> Output, NodeError? Error, Value Signal, bool IsSink)
{
    /// <summary>A failure that nothing below caught.</summary>
    public bool IsUncaughtFailure { get; init; }
    public bool HasOutput => Status is NodeStatus.Completed or NodeStatus.Degraded;
}

/// <summary>A composite's next move.</summary>
public abstract record Advance
{
    private Advance() { }

    public sealed record Open(ScopeOpening Opening) : Advance;
    public sealed record End(AttemptOutcome Outcome) : Advance;
}
