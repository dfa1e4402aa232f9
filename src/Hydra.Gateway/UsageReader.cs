using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway;

/// <summary>
/// Between the two ways to count: <see cref="UsageDetails"/> says totals that contain their parts (input contains cached and
/// written, output contains reasoning); <see cref="TokenUsage"/> says disjoint classes.
/// </summary>
public static class UsageReader
{
    /// <summary>Key in <see cref="UsageDetails.AdditionalCounts"/> of prompt tokens written to the provider's cache.</summary>
    public const string CacheWriteKey = "cache_write_tokens";

    /// <summary>Reads the disjoint classes; a part that is larger than its total makes the rest zero, never negative.</summary>
    public static TokenUsage Read(UsageDetails? usage)
    {
        if (usage is null) return default;
        var read = Math.Max(0, usage.CachedInputTokenCount ?? 0);
        var write = Math.Max(0, usage.AdditionalCounts is { } more && more.TryGetValue(CacheWriteKey, out var count)
            ? count : 0);
        var reasoning = Math.Max(0, usage.ReasoningTokenCount ?? 0);
        return new(
            Input: Math.Max(0, (usage.InputTokenCount ?? 0) - read - write),
            Output: Math.Max(0, (usage.OutputTokenCount ?? 0) - reasoning),
            CacheRead: read, CacheWrite: write, Reasoning: reasoning);
    }

    /// <summary>The inverse of <see cref="Read"/>.</summary>
    public static UsageDetails ToDetails(TokenUsage usage)
    {
        var details = new UsageDetails
        {
            InputTokenCount = usage.Input + usage.CacheRead + usage.CacheWrite,
            OutputTokenCount = usage.Output + usage.Reasoning,
            TotalTokenCount = usage.Total,
            CachedInputTokenCount = usage.CacheRead,
            ReasoningTokenCount = usage.Reasoning,
        };
        if (usage.CacheWrite > 0) details.AdditionalCounts = new() { [CacheWriteKey] = usage.CacheWrite };
        return details;
    }
}
