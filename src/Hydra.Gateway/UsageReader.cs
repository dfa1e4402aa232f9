using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway;

/// <summary>
/// Between the two ways to count: <see cref="UsageDetails"/> says totals that contain their parts (input contains cached and
/// written, output contains reasoning); <see cref="TokenUsage"/> says disjoint classes.
/// </summary>
public static class UsageReader
{
    /// <summary>Reads the disjoint classes; nothing counted is all zeros.</summary>
    public static TokenUsage Read(UsageDetails? usage) => usage is null ? default
        : TokenUsage.OfTotals(usage.InputTokenCount, usage.OutputTokenCount, usage.CachedInputTokenCount,
            usage.ReasoningTokenCount, usage.AdditionalCounts);

    /// <summary>The inverse of <see cref="Read"/>.</summary>
    public static UsageDetails ToDetails(TokenUsage usage)
    {
        var details = new UsageDetails
        {
            InputTokenCount = usage.Prompt,
            OutputTokenCount = usage.Generated,
            TotalTokenCount = usage.Total,
            CachedInputTokenCount = usage.CacheRead,
            ReasoningTokenCount = usage.Reasoning,
        };
        Add(TokenUsage.CacheWriteKey, usage.CacheWrite);
        Add(TokenUsage.CacheWriteHourKey, usage.CacheWriteHour);
        Add(TokenUsage.InputAudioKey, usage.InputAudio);
        Add(TokenUsage.OutputAudioKey, usage.OutputAudio);
        Add(TokenUsage.ServerToolKey, usage.ServerToolUnits);
        return details;

        void Add(string key, long count)
        {
            if (count > 0) (details.AdditionalCounts ??= [])[key] = count;
        }
    }
}
