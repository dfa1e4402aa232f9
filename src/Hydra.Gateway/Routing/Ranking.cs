namespace Hydra.Gateway.Routing;

/// <param name="Tier">Lower goes first, whatever else; preferences move nobody across tiers.</param>
internal readonly record struct Ranked(RouteTarget Target, int Tier, string Reason);

/// <summary>The plain strategies: each gives every deployment a tier and a rank; equals share by weighted draw.</summary>
internal static class Ranking
{
    public static List<Ranked> Of(RoutePolicy policy, RuleChoice rule, RouteRequest request, List<RouteTarget> targets, Random random)
    {
        switch (policy.Strategy)
        {
            case RouteStrategy.LeastBusy:
                return Order(targets, random, target => (0, target.Live.InFlight / Math.Max(target.Deployment.Weight, 1e-9), $"{target.Live.InFlight} calls under way, {target.Live.Headroom * 100:0} % of its limits free"));
            case RouteStrategy.LowestCost:
                return Order(targets, random, target => CostOf(target.Deployment, request) is { } usd
                    ? (0, (double)usd, $"at most ${usd:0.######}") : (0, double.MaxValue, "price unknown"));
            case RouteStrategy.LowestLatency:
                return ByLatency(policy.LatencyBuffer, request, targets, random);
            case RouteStrategy.Priority:
                return Order(targets, random, target => (target.Deployment.Priority, 0, $"tier {target.Deployment.Priority}"));
            case RouteStrategy.Canary when rule.IsCanary:
                return Order(targets, random, target => Router.Names(policy.Canary!.Deployments, target.Deployment) ? (0, 0, "canary") : (1, 0, "stands in for the canary"));
            case RouteStrategy.Adaptive:
                return Order(targets, random, target => (target.Deployment.Priority, 0, $"weight {target.Deployment.Weight}; adaptive routing is off"));
            default:
                return Order(targets, random, target => (0, 0, $"weight {target.Deployment.Weight}"));
        }
    }

    /// <summary>The call's price at its bound; null: unknown.</summary>
    public static decimal? CostOf(RouteDeployment deployment, RouteRequest request) =>
        ((deployment.InputPrice * request.PromptTokensMax) + (deployment.OutputPrice * request.OutputTokensMax)) / 1_000_000;

    public static TimeSpan? LatencyOf(LiveFacts live, RouteRequest request) =>
        request.IsStreaming ? live.FirstToken ?? live.Latency : live.Latency;

    /// <summary>
    /// Sorts by tier, rank and a weighted draw: the first of equals is each in proportion to its weight.
    /// Weight 0 stands behind everybody.
    /// </summary>
    public static List<Ranked> Order(List<RouteTarget> targets, Random random, Func<RouteTarget, (int Tier, double Rank, string Reason)> judge)
    {
        var entries = new List<(Ranked Ranked, double Rank, double Draw)>(targets.Count);
        foreach (var target in targets)
        {
            var (tier, rank, reason) = judge(target);
            var draw = -Math.Log(1 - random.NextDouble());   // the exponential race: the least of draw ÷ weight wins
            if (target.Deployment.Weight > 0) draw /= target.Deployment.Weight;
            else tier = int.MaxValue;
            entries.Add((new Ranked(target, tier, reason), rank, draw));
        }
        entries.Sort((a, b) => a.Ranked.Tier != b.Ranked.Tier ? a.Ranked.Tier.CompareTo(b.Ranked.Tier)
            : a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Draw.CompareTo(b.Draw));
        return entries.ConvertAll(entry => entry.Ranked);
    }

    private static List<Ranked> ByLatency(double buffer, RouteRequest request, List<RouteTarget> targets, Random random)
    {
        var best = targets.Min(target => LatencyOf(target.Live, request));
        var what = request.IsStreaming ? "to its first token" : "for an answer";
        return Order(targets, random, target => LatencyOf(target.Live, request) is not { } latency ? (0, 0, "not measured yet")
            : latency <= best * (1 + buffer) ? (0, 0, $"{latency.TotalSeconds:0.###} s {what}, within the buffer of the fastest")
            : (0, latency.TotalSeconds, $"{latency.TotalSeconds:0.###} s {what}"));
    }
}
