using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>What was spent on something, everything below it included.</summary>
/// <param name="Tokens">In disjoint classes, as the providers billed them; bounds where a call was cut.</param>
public sealed record Spend(MicroUsd Usd, TokenUsage Tokens, int ModelCalls, int ToolCalls)
{
    public static Spend Nothing { get; } = new(MicroUsd.Zero, default, 0, 0);

    public int Calls => ModelCalls + ToolCalls;
    /// <summary>Of the calls to models those whose cost nobody knows: it is not in <see cref="Usd"/>.</summary>
    public int UnpricedCalls { get; init; }
    /// <summary>Says what <see cref="Usd"/> leaves out, behind it; empty: nothing.</summary>
    public string UnpricedText => UnpricedTextOf(UnpricedCalls);

    /// <summary>Says that the cost of so many calls is not known.</summary>
    public static string UnpricedTextOf(long calls) => calls == 0 ? "" : $" and the unknown price of {calls} {(calls == 1 ? "call" : "calls")}";

    /// <summary><c>usd</c>, <c>tokens</c> and their classes, <c>model_calls</c>, <c>tool_calls</c>; <c>unpriced_calls</c> where there are any.</summary>
    public Value ToValue() => UnpricedCalls == 0 ? Known : Known.With("unpriced_calls", UnpricedCalls);

    private ValueMap Known => ValueMap.Of(
        ("usd", (double)Usd.Usd), ("tokens", Tokens.Total), ("input_tokens", Tokens.Input), ("output_tokens", Tokens.Output),
        ("cache_read_tokens", Tokens.CacheRead), ("cache_write_tokens", Tokens.CacheWrite + Tokens.CacheWriteHour), ("reasoning_tokens", Tokens.Reasoning),
        ("model_calls", ModelCalls), ("tool_calls", ToolCalls));

    public static Spend operator +(Spend left, Spend right)
    {
        if (ReferenceEquals(left, Nothing)) return right;
        if (ReferenceEquals(right, Nothing)) return left;
        return new(left.Usd + right.Usd, left.Tokens + right.Tokens, left.ModelCalls + right.ModelCalls, left.ToolCalls + right.ToolCalls) { UnpricedCalls = left.UnpricedCalls + right.UnpricedCalls };
    }
}

/// <summary>
/// One node instance of a run: how it stands and what happened to it. Times are milliseconds since the run began, to the
/// frame in which they were written; null: not yet, or never.
/// </summary>
public sealed class NodeTrace
{
    private readonly RunTrace _run;

    internal NodeTrace(RunTrace run, int instance)
    {
        _run = run;
        Instance = instance;
    }

    internal NodeTrace MovedTo(int instance)
    {
        Instance = instance;
        return this;
    }

    /// <summary>Number of the instance: its place in <see cref="RunTrace.Nodes"/>.</summary>
    public int Instance { get; private set; }
    /// <summary>The run from which the fork inherited the result; null: it is the run's own.</summary>
    public string? InheritedFrom => _run.State.OriginOf(Instance);
    /// <summary>The path, made anew at each call: <c>research_a</c>, <c>summaries[17]</c>, <c>polish#2/evaluator</c>.</summary>
    public string Path => _run.State.PathOf(Instance);
    public PlannedNode Node => _run.State.NodeOf(Instance);
    public string Type => Node.Type.Name;
    public Scope Scope => _run.State.ScopeOf(Instance);
    /// <summary>The composite's instance that opened the scope; −1 for nodes of the workflow itself.</summary>
    public int Parent => Scope.Parent;
    public NodeStatus Status => _run.State.StatusOf(Instance);
    public bool HasEnded => RunState.IsFinal(Status);

    /// <summary>
    /// Why it has no result of its own: the skip's cause (<c>when</c>, <c>upstream_failed</c>, …), <c>cut</c> for an item
    /// whose turn never came, <c>lost</c> for the loser of a join; null for all others.
    /// </summary>
    public string? Because
    {
        get
        {
            if (Status == NodeStatus.Skipped) return WireNames.Of(_run.State.DetailOf(Instance)!.SkippedBecause);
            if (Status != NodeStatus.Cancelled) return null;
            if (Scope is { CutFrom: { } cut } scope && scope.ItemOf(Instance) >= cut) return "cut";
            return _run.State.DetailOf(Instance) is { IsLoser: true } ? "lost" : null;
        }
    }

    /// <summary>When its dependencies were done.</summary>
    public long? QueuedMs { get; internal set; }
    /// <summary>When its first attempt began; for a composite, when it was asked for its first graph.</summary>
    public long? StartedMs { get; internal set; }
    public long? EndedMs { get; internal set; }
    /// <summary>In the order begun; every incarnation is one.</summary>
    public IReadOnlyList<AttemptTrace> Attempts => _attempts;
    /// <summary>Attempts in the sense of the format: a new incarnation is none.</summary>
    public int AttemptCount => _attempts.Length == 0 ? 0 : _attempts[^1].Number;
    /// <summary>Why it failed, or why its result is a lesser one.</summary>
    public NodeError? Error { get; internal set; }
    public ValueRef? Output => _run.State.OutputOf(Instance);
    /// <summary>The small typed result beside the output (approved, score).</summary>
    public Value Signal => HasEnded && _run.State.DetailOf(Instance) is { } detail ? detail.Signal : Value.Null;
    /// <summary>What the node and everything below it has spent, over all attempts.</summary>
    public Spend Spent { get; internal set; } = Spend.Nothing;
    /// <summary>Which of the node's variants did the last attempt.</summary>
    public Variant Variant => Node.Variants[_attempts.Length == 0 ? 0 : _attempts[^1].Variant];
    /// <summary>The model of the last model call, as it was asked for; null without one.</summary>
    public string? ModelAsked => LastModelStep()?.Call.Name;
    /// <summary>The model that answered the last model call, where it said so.</summary>
    public string? ModelAnswered => LastModelStep()?.Result?.AnsweredBy;

    private AttemptTrace[] _attempts = [];

    internal AttemptTrace? LastAttempt => _attempts.Length == 0 ? null : _attempts[^1];

    internal void Add(AttemptTrace attempt)
    {
        Array.Resize(ref _attempts, _attempts.Length + 1);
        _attempts[^1] = attempt;
    }

    private StepTrace? LastModelStep()
    {
        for (var i = _attempts.Length - 1; i >= 0; i--)
        {
            for (var s = _attempts[i].Steps.Count - 1; s >= 0; s--)
            {
                if (_attempts[i].Steps[s].Call.Kind == StepKind.Model) return _attempts[i].Steps[s];
            }
        }
        return null;
    }
}

/// <summary>How an attempt came to its end.</summary>
public enum AttemptEnd : byte
{
    /// <summary>It runs.</summary>
    None,
    Completed,
    Degraded,
    Failed,
    Cancelled,
    BudgetExceeded,
    /// <summary>It gave its slot back to wait; the next incarnation goes on.</summary>
    Suspended,
    /// <summary>Its process was asked to stop and let go of it.</summary>
    Interrupted,
    /// <summary>Its process died; a new incarnation followed.</summary>
    Cut,
}

/// <summary>One try at a node's work, or the part of it that one incarnation did. Times as in <see cref="NodeTrace"/>.</summary>
public sealed class AttemptTrace
{
    /// <summary>Counts from 1 over all variants.</summary>
    public required int Number { get; init; }
    /// <summary>Counts from 0.</summary>
    public required int Incarnation { get; init; }
    /// <summary>Index into <see cref="PlannedNode.Variants"/>.</summary>
    public required int Variant { get; init; }
    public required long StartedMs { get; init; }
    public long? EndedMs { get; internal set; }
    public AttemptEnd End { get; internal set; }
    public NodeError? Error { get; internal set; }
    /// <summary>Milliseconds until the next attempt might begin; null when none followed.</summary>
    public long? RetryDelayMs { get; internal set; }
    /// <summary>It ran for half as long again as its node's <c>estimate_seconds</c>.</summary>
    public bool IsOverdue { get; internal set; }
    public IReadOnlyList<StepTrace> Steps => _steps;

    private List<StepTrace> _steps = NoSteps;
    private static readonly List<StepTrace> NoSteps = [];

    internal void Add(StepTrace step)
    {
        if (ReferenceEquals(_steps, NoSteps)) _steps = [];
        _steps.Add(step);
    }
}

/// <summary>One model or tool call.</summary>
public sealed class StepTrace
{
    /// <summary>Counts from 0 over all incarnations of the attempt.</summary>
    public required int Index { get; init; }
    public required StepCall Call { get; init; }
    /// <summary>When the intent was written, in milliseconds since the run began.</summary>
    public required long StartedMs { get; init; }
    /// <summary>The start plus the call's measured duration; for a cut call, when it was settled. Null while open.</summary>
    public double? EndedMs { get; internal set; }
    /// <summary>Null while the call is open.</summary>
    public StepResult? Result { get; internal set; }

    /// <summary>The call with those it goes on from: to read all that it asked.</summary>
    public AskedStep Asked => new(Call, Earlier?.Asked, Result?.Response);

    internal StepTrace? Earlier { private get; init; }
}
