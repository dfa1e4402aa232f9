using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>
/// Between the two ways to count: <see cref="UsageDetails"/> says totals that contain their parts (input contains cached and
/// written, output contains reasoning); <see cref="TokenUsage"/> says disjoint classes.
/// </summary>
internal static class UsageReader
{
    private const string CacheWriteKey = "cache_write_tokens";

    public static TokenUsage Read(UsageDetails usage)
    {
        var read = Math.Max(0, usage.CachedInputTokenCount ?? 0);
        var write = Math.Max(0, usage.AdditionalCounts is { } more && more.TryGetValue(CacheWriteKey, out var count) ? count : 0);
        var reasoning = Math.Max(0, usage.ReasoningTokenCount ?? 0);
        return new(
            Input: Math.Max(0, (usage.InputTokenCount ?? 0) - read - write),
            Output: Math.Max(0, (usage.OutputTokenCount ?? 0) - reasoning),
            CacheRead: read, CacheWrite: write, Reasoning: reasoning);
    }
}
