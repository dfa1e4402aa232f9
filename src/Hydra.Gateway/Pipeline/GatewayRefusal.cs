namespace Hydra.Gateway.Pipeline;

/// <summary>Why the gateway itself said no, before or instead of any provider.</summary>
public enum RefusalKind
{
    /// <summary>The request cannot be understood or is out of bounds.</summary>
    BadRequest,
    /// <summary>The body is larger than the gateway takes.</summary>
    TooLarge,
    /// <summary>No key, an unknown, blocked or expired key.</summary>
    Unauthenticated,
    /// <summary>The key may not use this model.</summary>
    Forbidden,
    UnknownModel,
    /// <summary>A limit of requests, tokens or calls at once; passes by itself.</summary>
    RateLimited,
    /// <summary>A budget has no room; waiting helps only when its window ends.</summary>
    BudgetExceeded,
    /// <summary>The price of the model is unknown or suspect and a budget is set.</summary>
    PriceUnknown,
    /// <summary>Somebody has switched model calls off.</summary>
    KillSwitch,
    /// <summary>A content filter blocked it.</summary>
    Filtered,
    /// <summary>A content filter wants somebody's approval first.</summary>
    ApprovalRequired,
    /// <summary>Every deployment is resting after failures; passes by itself.</summary>
    AllCooling,
    /// <summary>Every upstream credential was refused; no business of the caller's own key.</summary>
    CredentialsExhausted,
    /// <summary>The prompt is longer than any deployment takes.</summary>
    ContextWindow,
    /// <summary>The operation's own time ran out.</summary>
    TimedOut,
    /// <summary>The ledger or another store cannot write.</summary>
    StoreUnavailable,
}

/// <summary>The gateway's own refusal. Doors put it into their dialect; in process it becomes a failed call.</summary>
public sealed class GatewayRefusedException(RefusalKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public RefusalKind Kind { get; } = kind;
    /// <summary>When another try may pass; null: not by waiting.</summary>
    public TimeSpan? RetryAfter { get; init; }
    /// <summary>The parameter of the request that is wrong; null: none in particular.</summary>
    public string? Parameter { get; init; }
    /// <summary>The budget, limit or filter that refused, as <c>team:research</c>.</summary>
    public string? Scope { get; init; }
    /// <summary>Whether a client should try again by itself.</summary>
    public bool ShouldRetry => Kind is RefusalKind.RateLimited or RefusalKind.AllCooling or RefusalKind.StoreUnavailable && RetryAfter is not null;
}
