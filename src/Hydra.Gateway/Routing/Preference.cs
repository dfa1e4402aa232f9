using Hydra.Model;

namespace Hydra.Gateway.Routing;

/// <summary>Moves one of the first tier to the front: who holds the call's state, or its prompt's beginning in cache.</summary>
internal static class Preference
{
    public static void Apply(RoutePolicy policy, RouteRequest request, List<Ranked> ranked, RouteMemory memory, TimeSpan now)
    {
        if (ranked.Count < 2) return;
        var tier = ranked.Where(entry => entry.Tier == ranked[0].Tier).ToList();
        if (request.Affinity is { } affinity && tier.FindIndex(entry => entry.Target.Deployment.QuotaGroup == affinity.QuotaGroup) is var at and >= 0)
        {
            ToFront(ranked, tier[at], $"the account of the session's earlier calls; {tier[at].Reason}");
        }
        else if (policy.PromptCache is { } cache && request.PrefixHash is { } prefix && (request.PromptTokensLikely ?? request.PromptTokensMax) >= cache.PromptTokensMin)
        {
            var loadMax = cache.LoadMax * (tier.Average(entry => entry.Target.Live.InFlight) + 1);
            tier.RemoveAll(entry => entry.Target.Live.InFlight > loadMax);
            if (tier.Count == 0) return;
            var warm = memory.Holder(prefix, now);
            var holder = tier.FindIndex(entry => entry.Target.Deployment.Id == warm);
            if (holder >= 0) ToFront(ranked, tier[holder], $"has this prompt's beginning in cache; {tier[holder].Reason}");
            else if (tier.MaxBy(entry => Score(entry.Target.Deployment, prefix)) is var favourite) ToFront(ranked, favourite, $"favourite of this prompt's beginning; {favourite.Reason}");
        }
    }

    /// <summary>Weighted rendezvous: every process agrees, and one deployment more or less moves only its own share.</summary>
    private static double Score(RouteDeployment deployment, ulong prefix) =>
        -deployment.Weight / Math.Log(StableHash.Fraction(deployment.Id, prefix) + 1e-18);

    private static void ToFront(List<Ranked> ranked, Ranked entry, string reason)
    {
        ranked.Remove(entry);
        ranked.Insert(0, entry with { Reason = reason });
    }
}
