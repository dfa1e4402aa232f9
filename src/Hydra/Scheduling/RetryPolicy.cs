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
        if (settings.BackoffKind == BackoffKind.Exponential) seconds *= Math.Pow(2, Math.Min(failures - 1, 30));
        seconds = Math.Min(seconds, settings.BackoffMax.TotalSeconds);
        if (settings.Jitter) seconds *= 0.5 + (0.5 * Fraction(path, failures));
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>A number in [0, 1) that is the same for the same path and attempt (FNV-1a with a final mix).</summary>
    private static double Fraction(string path, int failures)
    {
        var hash = 14695981039346656037UL ^ (ulong)failures;
        foreach (var c in path) hash = (hash ^ c) * 1099511628211UL;
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        return (hash >> 11) / (double)(1UL << 53);
    }
}
