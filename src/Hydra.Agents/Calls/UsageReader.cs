using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>From the clients' way to count, totals that contain their parts, to disjoint classes.</summary>
internal static class UsageReader
{
    public static TokenUsage Read(UsageDetails usage) => TokenUsage.OfTotals(usage.InputTokenCount, usage.OutputTokenCount,
        usage.CachedInputTokenCount, usage.ReasoningTokenCount, usage.AdditionalCounts);
}
