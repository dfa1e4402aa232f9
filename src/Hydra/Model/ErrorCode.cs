namespace Hydra.Model;

/// <summary>Why an attempt failed: the closed list of the workflow format, as users write it in <c>retry_on</c>.</summary>
public readonly record struct ErrorCode
{
    private ErrorCode(string name, bool isRetryable)
    {
        Name = name;
        IsRetryable = isRetryable;
    }

    public string Name { get; }
    /// <summary>Whether a further attempt may help. The others end the node's attempts at once.</summary>
    public bool IsRetryable { get; }

    public static readonly ErrorCode Timeout = new("timeout", true);
    public static readonly ErrorCode IdleTimeout = new("idle_timeout", true);
    public static readonly ErrorCode RateLimited = new("rate_limited", true);
    public static readonly ErrorCode ProviderError = new("provider_error", true);
    public static readonly ErrorCode Network = new("network", true);
    public static readonly ErrorCode InvalidOutput = new("invalid_output", true);
    public static readonly ErrorCode ToolFailed = new("tool_failed", true);
    public static readonly ErrorCode ContentFiltered = new("content_filtered", false);
    public static readonly ErrorCode ContextLength = new("context_length", false);
    public static readonly ErrorCode Auth = new("auth", false);
    public static readonly ErrorCode BadRequest = new("bad_request", false);
    public static readonly ErrorCode PolicyDenied = new("policy_denied", false);
    public static readonly ErrorCode Budget = new("budget", false);
    public static readonly ErrorCode Cancelled = new("cancelled", false);
    public static readonly ErrorCode UnknownOutcome = new("unknown_outcome", false);

    public static readonly IReadOnlyList<ErrorCode> All =
    [
        Timeout, IdleTimeout, RateLimited, ProviderError, Network, InvalidOutput, ToolFailed, ContentFiltered,
        ContextLength, Auth, BadRequest, PolicyDenied, Budget, Cancelled, UnknownOutcome,
    ];

    /// <summary>Finds a code by its wire name.</summary>
    public static bool TryParse(string name, out ErrorCode code)
    {
        foreach (var known in All)
        {
            if (known.Name != name) continue;
            code = known;
            return true;
        }
        code = default;
        return false;
    }

    public override string ToString() => Name;
}

/// <summary>
/// A call that left Hydra (a model, a tool, a process, an HTTP request) and failed in a way its caller must be told of.
/// Thrown where foreign code ends; the attempt turns it into a failed outcome, so it never crosses the engine.
/// </summary>
public sealed class CallFailedException(ErrorCode code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public ErrorCode Code { get; } = code;
    /// <summary>What may be done about it; follows from <see cref="Code"/> where nothing finer is known.</summary>
    public ErrorClass Class { get; init; } = ErrorClasses.Of(code);
    /// <summary>Whether some of the answer had already reached the caller, so that no other target may start it afresh.</summary>
    public bool HasDelivered { get; set; }
    /// <summary>How long the other side asked us to wait; wins over the node's own backoff.</summary>
    public TimeSpan? RetryAfter { get; init; }
    /// <summary>What the failed call cost, where the provider said so.</summary>
    public TokenUsage Usage { get; init; }
    /// <summary>HTTP status of the answer, 0 when there was none.</summary>
    public int HttpStatus { get; init; }
}
