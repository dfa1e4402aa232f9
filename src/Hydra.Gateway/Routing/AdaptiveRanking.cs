namespace Hydra.Gateway.Routing;

/// <summary>
/// Chooses among equivalents (the first tier) by what is measured: success ratio, less a share for latency and for
/// price. Thompson sampling draws who is asked; a draw that is not the best known is an exploration, and their share is capped.
/// </summary>
internal static class AdaptiveRanking
{
    public static (List<Ranked> Ranked, string? Note, bool IsExploration) Of(AdaptiveOptions options, RouteRequest request,
        List<RouteTarget> targets, RouteMemory memory, Random random, TimeSpan now)
    {
        var arms = Arms(options, request, targets, random);
        if (arms.Count == 0) return ([], null, false);
        var tier = arms[0].Tier;
        var isChoice = arms.Count > 1 && arms[1].Tier == tier;
        var drawn = arms.Where(arm => arm.Tier == tier).MaxBy(arm => arm.Drawn)!;
        var wantsOther = isChoice && drawn != arms[0];
        var isExploration = wantsOther && memory.MayExplore(options, now);
        if (isChoice) memory.Chose(isExploration, now);
        var note = !isChoice ? null
            : isExploration ? $"explores '{drawn.Target.Deployment.Id}': drew {drawn.Drawn:0.###} against {arms[0].Drawn:0.###}"
            : wantsOther ? "best known; the share of explorations is used up" : "best known";
        if (isExploration)
        {
            arms.Remove(drawn);
            arms.Insert(0, drawn);
        }
        return (arms.ConvertAll(arm => new Ranked(arm.Target, arm.Tier, arm.Text)), note, isExploration);
    }

    /// <summary>By tier, then the best known first.</summary>
    private static List<Arm> Arms(AdaptiveOptions options, RouteRequest request, List<RouteTarget> targets, Random random)
    {
        var slowest = targets.Max(target => Ranking.LatencyOf(target.Live, request))?.TotalSeconds ?? 0;
        var dearest = targets.Max(target => Ranking.CostOf(target.Deployment, request)) ?? 0;
        var arms = new List<Arm>(targets.Count);
        foreach (var target in targets)
        {
            var latency = Ranking.LatencyOf(target.Live, request)?.TotalSeconds;
            var price = Ranking.CostOf(target.Deployment, request);
            var loss = (slowest > 0 ? options.LatencyWeight * (latency ?? 0) / slowest : 0)
                + (dearest > 0 ? options.PriceWeight * (double)((price ?? dearest) / dearest) : 0);
            var (good, all) = (target.Live.Successes, target.Live.Calls);
            var known = (good + 1.0) / (all + 2.0);
            var draw = BetaDraw.Next(good + 1, all - good + 1, random);
            arms.Add(new Arm(target, target.Deployment.Weight > 0 ? target.Deployment.Priority : int.MaxValue, known - loss, draw - loss,
                $"utility {known - loss:0.###}: {good} of {all} succeeded{(latency is { } s ? $", {s:0.###} s" : "")}{(price is { } usd ? $", at most ${usd:0.######}" : "")}"));
        }
        arms.Sort((a, b) => a.Tier != b.Tier ? a.Tier.CompareTo(b.Tier) : a.Known != b.Known ? b.Known.CompareTo(a.Known) : b.Drawn.CompareTo(a.Drawn));
        return arms;
    }

    private sealed record Arm(RouteTarget Target, int Tier, double Known, double Drawn, string Text);
}
