namespace Hydra.Gateway.Routing;

/// <summary>Who cannot, must not or may not answer now: checked before any strategy, the lasting reasons first.</summary>
internal static class Eligibility
{
    public static RouteExclusion? Excludes(RouteTarget target, RouteRequest request, TimeSpan now)
    {
        var (deployment, live) = target;
        if (request.Affinity is { IsRequired: true } pinned && pinned.QuotaGroup != deployment.QuotaGroup)
            return Of(ExclusionKind.Affinity, $"the call's state belongs to account '{pinned.QuotaGroup}'");
        if (request.Regions.Count > 0 && (deployment.Region is null || !request.Regions.Contains(deployment.Region)))
            return Of(ExclusionKind.Region, $"region {deployment.Region ?? "unknown"} is not among {string.Join(", ", request.Regions)}");
        if (deployment.Can is { } can && (request.Needs & ~can) is var missing and not Capabilities.None)
            return Of(ExclusionKind.Capability, $"cannot do {missing.ToString().ToLowerInvariant()}");
        var tokens = (request.PromptTokensLikely ?? request.PromptTokensMax) + request.OutputTokensMax;
        if (tokens > deployment.ContextWindow)
            return Of(ExclusionKind.ContextWindow, $"{tokens} tokens do not fit its window of {deployment.ContextWindow}");
        if (live.UnhealthyUntil is { } until && until > now)
            return Of(ExclusionKind.Unhealthy, $"unhealthy for {(until - now).TotalSeconds:0.###} s more", until);
        if (live.Limit is { } limit) return Of(ExclusionKind.Limited, limit.ToString(), limit.At);
        return null;

        RouteExclusion Of(ExclusionKind kind, string reason, TimeSpan? at = null) => new(deployment, kind, reason, at);
    }
}
