namespace Hydra.Gateway.Resilience;

/// <summary>Where a limit stands.</summary>
public enum LimitScope
{
    Global,
    Team,
    Key,
    Route,
    QuotaGroup,
    Deployment,
}

public enum LimitKind
{
    Requests,
    Tokens,
    Parallel,
    /// <summary>The account was told to wait by its provider.</summary>
    Cooldown,
}

/// <summary>The limits of one scope; null: no limit.</summary>
public sealed record RateLimits
{
    public static RateLimits None { get; } = new();

    /// <summary>Requests in any 60 s.</summary>
    /// <value>1 or more.</value>
    public long? Rpm { get; init; }
    /// <summary>Tokens in any 60 s: a call takes its bound, and what it did not use comes back when it is settled.</summary>
    /// <value>1 or more.</value>
    public long? Tpm { get; init; }
    /// <summary>Calls at the same time.</summary>
    /// <value>1 or more.</value>
    public int? MaxParallel { get; init; }
}

/// <summary>Why a call may not pass now.</summary>
/// <param name="Needs">What the call asks for of <paramref name="Kind"/>: its tokens, or 1.</param>
/// <param name="Used">What stands against the limit now.</param>
/// <param name="At">
/// The earliest time at which every scope could let it pass, if nothing else does; null: nobody can know, it waits
/// for a call to end (<see cref="LimitKind.Parallel"/>); <see cref="TimeSpan.MaxValue"/>: never, it alone is above the limit.
/// </param>
public sealed record LimitRefusal(LimitScope Scope, string Name, LimitKind Kind, long Limit, long Used, long Needs, TimeSpan? At)
{
    public bool IsForEver => At == TimeSpan.MaxValue;

    public override string ToString() => Kind switch
    {
        LimitKind.Cooldown => $"{ScopeText} cools down as its provider asked",
        LimitKind.Parallel => $"{ScopeText} has {Used} of {Limit} calls under way",
        LimitKind.Tokens when IsForEver => $"{ScopeText} allows {Limit} tokens per minute; this call alone is bounded by {Needs}",
        LimitKind.Tokens => $"{ScopeText} has {Used} of {Limit} tokens per minute used or reserved; this call needs {Needs}",
        _ => $"{ScopeText} has {Used} of {Limit} requests per minute used",
    };

    private string ScopeText => Scope switch
    {
        LimitScope.Global => "the gateway",
        LimitScope.QuotaGroup => $"quota group '{Name}'",
        _ => $"{Scope.ToString().ToLowerInvariant()} '{Name}'",
    };
}

/// <summary>The figures of the <c>x-ratelimit-*</c> headers for requests or tokens.</summary>
/// <param name="Reset">Time until the whole limit is free again, if nothing else is called.</param>
public readonly record struct LimitFigures(long Limit, long Remaining, TimeSpan Reset)
{
    public double Headroom => Limit <= 0 ? 0 : (double)Remaining / Limit;
}
