using Hydra.Model;

namespace Hydra.Scheduling;

/// <summary>When a failed attempt is tried again. Pure: the jitter comes from the path and the attempt, not from a random source.</summary>
public static class RetryPolicy
{
    /// <summary>Longest wait that a provider may ask for: every wait has a bound.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromMinutes(15);

    public static bool Retries(NodeSettings settings, ErrorCode code) =>
        code.IsRetryable && (settings.RetryOn is not { } codes || codes.Contains(code));

    /// <param name="failures">Failed attempts of the present variant, 1 or more.</param>
    /// <param name="retryAfter">What the provider asked for; it wins over the node's own backoff.</param>
    public static TimeSpan DelayOf(NodeSettings settings, string path, int failures, TimeSpan? retryAfter)
    {
        if (retryAfter is { } asked) return TimeSpan.FromTicks(Math.Clamp(asked.Ticks, 0, RetryAfterMax.Ticks));
        var seconds = settings.Backoff.TotalSeconds;
        if (seconds <= 0) return TimeSpan.Zero;
        seconds = Backoff.Seconds(seconds, settings.BackoffKind == BackoffKind.Exponential ? failures : 1,
            settings.BackoffMax.TotalSeconds);
        if (settings.Jitter) seconds *= 0.5 + (0.5 * StableHash.Fraction(path, (ulong)failures));
        return TimeSpan.FromSeconds(seconds);
    }
}
