using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>How hard a model shall think, in OpenAI's words.</summary>
internal static class ReasoningWords
{
    public static string Of(ReasoningEffort effort) =>
        effort == ReasoningEffort.ExtraHigh ? "xhigh" : effort.ToString().ToLowerInvariant();
}
