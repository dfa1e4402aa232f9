using System.Globalization;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary>The headers that explain an answer.</summary>
internal static class ResponseFacts
{
    /// <param name="withCost">Whether the cost is known, as it is not when a stream begins.</param>
    public static void Write(IHeaderDictionary headers, Operation operation, TimeProvider clock, bool withCost)
    {
        headers["x-hydra-call-id"] = operation.Id;
        if (operation.Last is { } attempt) headers["x-hydra-deployment"] = attempt.Deployment;
        headers["x-hydra-attempts"] = operation.Attempts.Count.ToString(CultureInfo.InvariantCulture);
        headers["x-hydra-fallbacks"] = operation.Fallbacks.ToString(CultureInfo.InvariantCulture);
        headers["x-hydra-cache"] = operation.Cache;
        if (operation.Hit is { } hit) Write(headers, hit);
        IEnumerable<string> labels = operation.Last?.HasMalformedCall == true ? operation.Labels.Append("malformed_tool_call") : operation.Labels;
        if (labels.Any()) headers["x-hydra-labels"] = string.Join(", ", labels);
        if (withCost) headers["x-hydra-cost-usd"] = Usd(operation.CostUsd);
        if (operation.RemainingUsd is { } remaining) headers["x-hydra-budget-remaining-usd"] = Usd(remaining);
        var own = clock.GetElapsedTime(operation.StartedAt) - operation.Upstream;
        headers["x-hydra-overhead-ms"] = Math.Max(0, own.TotalMilliseconds).ToString("0.###", CultureInfo.InvariantCulture);
        Write(headers, "requests", operation.RateLimits.Requests);
        Write(headers, "tokens", operation.RateLimits.Tokens);
        if (operation.Dropped.Count > 0) headers["x-hydra-dropped"] = string.Join(", ", operation.Dropped);
    }

    private static void Write(IHeaderDictionary headers, Caching.CacheHit hit)
    {
        headers["x-hydra-cache-age"] = Math.Max(0, (long)hit.Age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (hit.Similarity is { } similarity) headers["x-hydra-cache-similarity"] = similarity.ToString("0.####", CultureInfo.InvariantCulture);
    }

    /// <summary>When to come back, in all the ways that official clients read.</summary>
    public static void WriteRetry(IHeaderDictionary headers, DoorError error)
    {
        if (error.ShouldRetry is { } should) headers["x-should-retry"] = should ? "true" : "false";
        if (error.RetryAfter is not { } wait) return;
        headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        headers["retry-after-ms"] = Math.Max(1, (long)Math.Ceiling(wait.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>OpenAI's own headers, with durations as it writes them.</summary>
    private static void Write(IHeaderDictionary headers, string what, Resilience.LimitFigures? figures)
    {
        if (figures is not { } known) return;
        headers[$"x-ratelimit-limit-{what}"] = known.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{what}"] = known.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{what}"] = $"{Math.Max(0, known.Reset.TotalSeconds).ToString("0.###", CultureInfo.InvariantCulture)}s";
    }

    private static string Usd(decimal amount) => amount.ToString("0.############", CultureInfo.InvariantCulture);
}
