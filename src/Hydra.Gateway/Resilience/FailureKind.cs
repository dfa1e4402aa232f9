namespace Hydra.Gateway.Resilience;

/// <summary>
/// What a failed call says about the other side. One table each decides what it means for the breaker
/// (<see cref="BreakerEffects"/>) and for the retry (<see cref="RetryOptions.Rules"/>).
/// </summary>
public enum FailureKind
{
    /// <summary>500, 502, 503, 504, 408, a reset connection, a name that was not found: may work the next time.</summary>
    Transient,
    /// <summary>429: the account's rate, not the deployment's health.</summary>
    RateLimited,
    /// <summary>529, or 503 that says so: the other side sheds load.</summary>
    Overloaded,
    /// <summary>401 or 403: no call with this credential will work.</summary>
    CredentialDead,
    /// <summary>402, <c>insufficient_quota</c>: waiting does not help.</summary>
    OutOfMoney,
    /// <summary>The prompt does not fit the model.</summary>
    ContextWindow,
    /// <summary>A content filter of the provider refused.</summary>
    ContentPolicy,
    /// <summary>The caller's fault: 400, 413, 422, and what the caller names and the provider does not have.</summary>
    InvalidRequest,
    /// <summary>The provider does not know the model or the path: the deployment is configured wrongly or retired.</summary>
    NotFound,
    /// <summary>No first token, no next chunk or no end within its limit.</summary>
    Timeout,
    /// <summary>A stream that ended without its end.</summary>
    StreamCut,
    /// <summary>The model wrote what cannot be used, such as a tool call whose arguments are no JSON: another try may do.</summary>
    InvalidOutput,
    /// <summary>The caller went away: says nothing of the provider.</summary>
    ClientCancelled,
    Unknown,
}
