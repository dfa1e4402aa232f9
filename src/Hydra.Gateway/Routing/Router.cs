using Hydra.Gateway.Resilience;

namespace Hydra.Gateway.Routing;

/// <summary>Chooses whom to ask and in what order. Pure: the same arguments, memory and draws give the same decision.</summary>
/// <remarks>
/// (1) Who cannot or must not answer is left out: affinity, region, capabilities, context window, health, limits.
/// (2) A rule (conditional, complexity, canary) may narrow the choice or send the call to another group.
/// (3) The strategy ranks the rest; equals share by weighted draw.
/// (4) Within the first tier, one that holds the call's state or its prompt's beginning goes first.
/// </remarks>
public static class Router
{
    /// <param name="targets">All deployments of the group, with their live facts.</param>
    /// <param name="memory">Of this group; changed only by the adaptive strategy's count of explorations.</param>
    /// <param name="random">Draws; a seeded one makes the decision repeatable.</param>
    public static RouteDecision Choose(RoutePolicy policy, RouteRequest request, IReadOnlyList<RouteTarget> targets,
        RouteMemory memory, Random random, TimeSpan now)
    {
        var excluded = new List<RouteExclusion>();
        var eligible = new List<RouteTarget>(targets.Count);
        foreach (var target in targets)                                              // (1)
        {
            if (Eligibility.Excludes(target, request, now) is { } exclusion) excluded.Add(exclusion);
            else eligible.Add(target);
        }
        var rule = RuleChoice.Of(policy, request, random);                           // (2)
        if (rule.Use is RouteUse.Group group)
        {
            return new RouteDecision { Strategy = policy.Strategy, Order = [], Excluded = excluded, Group = group.Name, Note = rule.Note };
        }
        if (rule.Use is RouteUse.Deployments only) Narrow(eligible, excluded, target => Names(only.Names, target.Deployment), rule.Note);
        else if (policy is { Strategy: RouteStrategy.Canary, Canary: { } canary } && !rule.IsCanary)
        {
            Narrow(eligible, excluded, target => !Names(canary.Deployments, target.Deployment), rule.Note);
        }
        var (ranked, note, isExploration) = policy is { Strategy: RouteStrategy.Adaptive, Adaptive.IsEnabled: true }   // (3)
            ? AdaptiveRanking.Of(policy.Adaptive, request, eligible, memory, random, now)
            : (Ranking.Of(policy, rule, request, eligible, random), rule.Note, false);
        Preference.Apply(policy, request, ranked, memory, now);                      // (4)
        return new RouteDecision
        {
            Strategy = policy.Strategy,
            Order = ranked.ConvertAll(entry => new RouteCandidate(entry.Target.Deployment, ReasonOf(entry))),
            Excluded = excluded,
            Note = note,
            IsExploration = isExploration,
        };
    }

    private static string ReasonOf(Ranked entry) =>
        entry.Target.Live.Breaker == BreakerPosition.HalfOpen ? $"{entry.Reason}; this call would be its breaker's probe" : entry.Reason;

    internal static bool Names(IReadOnlyList<string> names, RouteDeployment deployment) =>
        names.Contains(deployment.Id) || deployment.Tags.Any(names.Contains);

    private static void Narrow(List<RouteTarget> eligible, List<RouteExclusion> excluded, Func<RouteTarget, bool> stays, string? note)
    {
        foreach (var target in eligible)
        {
            if (!stays(target)) excluded.Add(new RouteExclusion(target.Deployment, ExclusionKind.Rule, note ?? "the rule chose others"));
        }
        eligible.RemoveAll(target => !stays(target));
    }
}
