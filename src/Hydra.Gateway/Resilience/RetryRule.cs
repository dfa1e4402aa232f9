namespace Hydra.Gateway.Resilience;

public enum RetryStep
{
    /// <summary>The same deployment, after a wait.</summary>
    RetrySame,
    /// <summary>The next of the route, or a group of <c>fallbacks</c>; at once.</summary>
    OtherDeployment,
    /// <summary>A group of <c>context_window_fallbacks</c>.</summary>
    ContextWindowFallback,
    /// <summary>A group of <c>content_policy_fallbacks</c>.</summary>
    ContentPolicyFallback,
    /// <summary>Another credential of the same deployment; at once.</summary>
    RotateCredential,
    Never,
}

/// <summary>One way on, at most so often for one operation (<see cref="RetryStep.RetrySame"/>: for one deployment).</summary>
public readonly record struct RetryWay(RetryStep Step, int AttemptsMax);

/// <summary>What is tried again, how often and after which wait.</summary>
public sealed record RetryOptions
{
    /// <summary>The ways for each failure, in the order in which they are tried; a kind that is missing is never tried again.</summary>
    /// <remarks>
    /// Defaults: what may pass is tried once more where it was, then elsewhere. A rate limit takes another credential or
    /// account before it waits. A timeout goes elsewhere first: its time is spent. What the caller did wrong, and a
    /// caller who left, are never tried again.
    /// </remarks>
    public IReadOnlyDictionary<FailureKind, IReadOnlyList<RetryWay>> Rules { get; init; } = new Dictionary<FailureKind, IReadOnlyList<RetryWay>>
    {
        [FailureKind.Transient] = [new(RetryStep.RetrySame, 1), new(RetryStep.OtherDeployment, 5), new(RetryStep.RetrySame, 2)],
        [FailureKind.RateLimited] = [new(RetryStep.RotateCredential, 5), new(RetryStep.OtherDeployment, 5), new(RetryStep.RetrySame, 2)],
        [FailureKind.Overloaded] = [new(RetryStep.OtherDeployment, 5), new(RetryStep.RetrySame, 2)],
        [FailureKind.CredentialDead] = [new(RetryStep.RotateCredential, 5), new(RetryStep.OtherDeployment, 5)],
        [FailureKind.OutOfMoney] = [new(RetryStep.RotateCredential, 5), new(RetryStep.OtherDeployment, 5)],
        [FailureKind.ContextWindow] = [new(RetryStep.ContextWindowFallback, 2)],
        [FailureKind.ContentPolicy] = [new(RetryStep.ContentPolicyFallback, 2)],
        [FailureKind.NotFound] = [new(RetryStep.OtherDeployment, 5)],
        [FailureKind.Timeout] = [new(RetryStep.OtherDeployment, 5), new(RetryStep.RetrySame, 1)],
        [FailureKind.StreamCut] = [new(RetryStep.OtherDeployment, 5), new(RetryStep.RetrySame, 1)],
        [FailureKind.InvalidOutput] = [new(RetryStep.RetrySame, 1), new(RetryStep.OtherDeployment, 5)],
        [FailureKind.Unknown] = [new(RetryStep.OtherDeployment, 2)],
    };

    /// <summary>Attempts of one operation, the first among them.</summary>
    /// <value>1 to 20. Default: 6.</value>
    public int AttemptsMax { get; init; } = 6;
    /// <summary>Bound of the first wait; it doubles each time, and the wait is drawn from 0 to the bound (full jitter).</summary>
    /// <value>0 s to 1 min. Default: 500 ms.</value>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromMilliseconds(500);
    /// <value><see cref="BackoffFirst"/> to 10 min. Default: 8 s.</value>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(8);
    /// <summary>A Retry-After above this is not waited for: the call goes elsewhere, or back to the caller with that time.</summary>
    /// <value>0 s to 10 min. Default: 30 s.</value>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromSeconds(30);
}
