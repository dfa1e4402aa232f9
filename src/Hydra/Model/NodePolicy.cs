namespace Hydra.Model;

public enum EffectClass { Pure, Idempotent, Compensatable, Irreversible }
public enum UnknownOutcomePolicy { Ask, Retry, Compensate }
public enum FailurePolicy { Fail, Continue, Degrade, Escalate }
public enum JoinKind { All, Any, AllDone, AtLeast }
public enum BackoffKind { Fixed, Exponential }
public enum BudgetPolicy { Stop, Degrade, Ask, Pause, Rollback }
public enum CacheKind { Off, Reuse }

/// <summary>
/// The fields that every node may have, as written: null means not written, so that <c>defaults</c> and then the
/// node type's own defaults apply at planning. See the workflow format for meanings.
/// </summary>
public sealed record NodePolicy
{
    public static NodePolicy Empty { get; } = new();

    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    /// <summary>The name of an entry of <c>breakers</c>; or, with <see cref="Breaker"/>, null.</summary>
    public string? BreakerName { get; init; }
    public BreakerSpec? Breaker { get; init; }
    public EffectClass? Effect { get; init; }
    public UnknownOutcomePolicy? OnUnknown { get; init; }
    /// <summary>The node that undoes this one.</summary>
    public NodeSpec? Compensate { get; init; }
    public TimeSpan? Estimate { get; init; }
    /// <summary>Expression over the partial result (<c>output</c>, <c>confidence</c>, <c>elapsed_seconds</c>).</summary>
    public string? StopWhen { get; init; }
    public JoinSpec? Join { get; init; }
    public bool? CancelLosers { get; init; }
    public bool? AcceptDegraded { get; init; }
    public string? When { get; init; }
    public SkipPolicy? OnSkip { get; init; }
    public RetrySpec? Retry { get; init; }
    public TimeSpan? Timeout { get; init; }
    public TimeSpan? IdleTimeout { get; init; }
    public BudgetSpec? Budget { get; init; }
    public FailurePolicy? OnFailure { get; init; }
    public FallbackSpec? Fallback { get; init; }
    public string? EscalateTo { get; init; }
    public Value? OutputSchema { get; init; }
    /// <value>0 to 10. Default: 1.</value>
    public int? RepairAttempts { get; init; }
    public CacheSpec? Cache { get; init; }
    public int? Priority { get; init; }
    public IReadOnlyList<string>? ConflictsWith { get; init; }
    public Labels? Labels { get; init; }
    /// <summary>Fields of the result that cannot carry a text of their own do not make their readers untrusted (<c>typed_fields: trusted</c>).</summary>
    public bool TrustsTypedFields { get; init; }
}

/// <param name="Count">For <see cref="JoinKind.AtLeast"/>: how many parents must count, 1 or more.</param>
public sealed record JoinSpec(JoinKind Kind, int Count = 0)
{
    public static JoinSpec All { get; } = new(JoinKind.All);
}

/// <summary>What dependants of a skipped node see. <see cref="Propagate"/> (they skip too), or the value that stands for the output.</summary>
public sealed record SkipPolicy(bool Propagate, Value Default);

/// <summary>Retries of one node. Each field is null where the author left it out.</summary>
public sealed record RetrySpec
{
    /// <value>1 to 20, the first attempt included. Default: 3 for model calls, 1 for everything else.</value>
    public int? MaxAttempts { get; init; }
    /// <value>Default: 0 s.</value>
    public TimeSpan? Backoff { get; init; }
    public BackoffKind? Kind { get; init; }
    /// <value>Default: 60 s.</value>
    public TimeSpan? BackoffMax { get; init; }
    /// <value>Default: true when the backoff is exponential.</value>
    public bool? Jitter { get; init; }
    /// <summary>Codes that are retried; empty or null: every retryable code.</summary>
    public IReadOnlyList<ErrorCode>? RetryOn { get; init; }
}

/// <summary>Limits on what a run or a node may spend, children included; null = no limit of its own.</summary>
public sealed record BudgetSpec
{
    public long? MaxTokens { get; init; }
    public MicroUsd? MaxUsd { get; init; }
    public long? MaxModelCalls { get; init; }
    public long? MaxToolCalls { get; init; }
    public long? MaxSteps { get; init; }
    /// <summary>Longest prompt of one call, in tokens.</summary>
    public long? MaxContextTokens { get; init; }
    public TimeSpan? MaxTime { get; init; }
    public long? MaxRetries { get; init; }
    public BudgetPolicy OnExceeded { get; init; } = BudgetPolicy.Stop;

    /// <summary>The limits of a run whose file has changed: what the author changed holds; what the command line gave or added stays where the file says what it said.</summary>
    public static BudgetSpec? Edited(BudgetSpec? known, BudgetSpec? before, BudgetSpec? after)
    {
        if (before == after) return known;
        var (own, old, said) = (known ?? new BudgetSpec(), before ?? new BudgetSpec(), after ?? new BudgetSpec());
        return new BudgetSpec
        {
            MaxTokens = Of(own.MaxTokens, old.MaxTokens, said.MaxTokens),
            MaxUsd = Of(own.MaxUsd, old.MaxUsd, said.MaxUsd),
            MaxModelCalls = Of(own.MaxModelCalls, old.MaxModelCalls, said.MaxModelCalls),
            MaxToolCalls = Of(own.MaxToolCalls, old.MaxToolCalls, said.MaxToolCalls),
            MaxSteps = Of(own.MaxSteps, old.MaxSteps, said.MaxSteps),
            MaxContextTokens = Of(own.MaxContextTokens, old.MaxContextTokens, said.MaxContextTokens),
            MaxTime = Of(own.MaxTime, old.MaxTime, said.MaxTime),
            MaxRetries = Of(own.MaxRetries, old.MaxRetries, said.MaxRetries),
            OnExceeded = Of(own.OnExceeded, old.OnExceeded, said.OnExceeded),
        };

        static T Of<T>(T own, T old, T said) => EqualityComparer<T>.Default.Equals(old, said) ? own : said;
    }
}

/// <summary>What is tried when a node's attempts are used up or its breaker is open, in this order.</summary>
public sealed record FallbackSpec
{
    public IReadOnlyList<string> Models { get; init; } = [];
    public string? Agent { get; init; }
    public Value? Value { get; init; }
    /// <summary>A node of the same scope that runs only in this one's place.</summary>
    public NodeId? Node { get; init; }
    /// <summary>Fields of a planner that finds another way; null: none does.</summary>
    public Value? Plan { get; init; }
}

/// <param name="TimeToLive">Null: as long as the earlier run is kept.</param>
public sealed record CacheSpec(CacheKind Kind, TimeSpan? TimeToLive = null);
