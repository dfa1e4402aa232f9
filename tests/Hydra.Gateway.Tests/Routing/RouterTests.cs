using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using static Hydra.Gateway.Tests.Routing.Targets;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Routing;

public sealed class RouterTests
{
    [Fact]
    public void Who_cannot_or_may_not_answer_is_left_out_with_the_reason()
    {
        var request = Request with { Needs = Capabilities.Tools | Capabilities.Images, Regions = ["eu", "us"], Affinity = new RouteAffinity("org", IsRequired: true) };
        var limit = new LimitRefusal(LimitScope.Deployment, "g/limited", LimitKind.Requests, 5, 5, 1, Seconds(20));
        var decision = Route(new RoutePolicy(), request,
            Of("elsewhere", account: "other"),
            Of("asia", account: "org", region: "asia"), Of("nowhere", account: "org"),
            Of("blind", account: "org", region: "eu", can: Capabilities.Tools),
            Of("small", account: "org", region: "eu", window: 1_999),
            Of("ill", new LiveFacts { UnhealthyUntil = Seconds(7.5) }, account: "org", region: "eu"),
            Of("limited", new LiveFacts { Limit = limit }, account: "org", region: "eu"),
            Of("fine", new LiveFacts { Breaker = BreakerPosition.HalfOpen }, account: "org", region: "us", window: 2_000, can: Capabilities.Tools | Capabilities.Images | Capabilities.Schema));
        Assert.Equal("""
            strategy weighted
            1. fine: weight 1; this call would be its breaker's probe
            ✗ elsewhere: the call's state belongs to account 'org'
            ✗ asia: region asia is not among eu, us
            ✗ nowhere: region unknown is not among eu, us
            ✗ blind: cannot do images
            ✗ small: 2000 tokens do not fit its window of 1999
            ✗ ill: unhealthy for 7.5 s more
            ✗ limited: deployment 'g/limited' has 5 of 5 requests per minute used
            """, decision.Explain());
        Assert.Equal(Seconds(7.5), decision.EarliestRecovery);
    }

    [Fact]
    public void A_prompt_too_long_for_all_is_told_apart_and_judged_by_its_likely_size()
    {
        Assert.True(Route(new RoutePolicy(), Request, Of("a", window: 1_500)).IsTooLong);
        Assert.False(Route(new RoutePolicy(), Request, Of("a", new LiveFacts { UnhealthyUntil = Seconds(1) })).IsTooLong);
        Assert.Equal(["a"], Route(new RoutePolicy(), Request with { PromptTokensLikely = 500 }, Of("a", window: 1_500)).Ids());
    }

    [Fact]
    public void Weights_are_kept_and_weight_0_stands_behind_everybody()
    {
        var firsts = new Dictionary<string, int>(StringComparer.Ordinal) { ["a"] = 0, ["b"] = 0, ["c"] = 0 };
        RouteTarget[] targets = [Of("spare", weight: 0, priority: 0), Of("a", weight: 6), Of("b", weight: 3), Of("c", weight: 1)];
        var random = new Random(5);
        foreach (var _ in Enumerable.Range(0, 20_000))
        {
            var ids = Router.Choose(new RoutePolicy(), Request, targets, new RouteMemory(new RoutePolicy()), random, TimeSpan.Zero).Ids();
            Assert.Equal("spare", ids[^1]);
            firsts[ids[0]]++;
        }
        // Five standard deviations of 20,000 draws.
        Assert.InRange(firsts["a"], 12_000 - 350, 12_000 + 350);
        Assert.InRange(firsts["b"], 6_000 - 325, 6_000 + 325);
        Assert.InRange(firsts["c"], 2_000 - 215, 2_000 + 215);
    }

    [Fact]
    public void The_same_draws_give_the_same_decision()
    {
        Each((seed, random) =>
        {
            var policy = new RoutePolicy { Strategy = Enum.GetValues<RouteStrategy>()[seed % 9], PromptCache = seed % 2 == 0 ? new PromptCacheOptions { PromptTokensMin = 0 } : null };
            var targets = Random(random);
            var request = Request with { PrefixHash = (ulong)seed };
            Assert.Equal(Router.Choose(policy, request, targets, new RouteMemory(policy), new Random(seed), TimeSpan.Zero).Explain(),
                Router.Choose(policy, request, targets, new RouteMemory(policy), new Random(seed), TimeSpan.Zero).Explain());
        });
    }

    [Fact]
    public void Everybody_is_either_in_the_order_or_left_out_and_nobody_twice()
    {
        Each((seed, random) =>
        {
            var policy = new RoutePolicy
            {
                Strategy = Enum.GetValues<RouteStrategy>()[seed % 9],
                Canary = new CanaryOptions(30, ["d1"], "x"),
                PromptCache = new PromptCacheOptions { PromptTokensMin = 0 },
                Default = new RouteUse.Deployments(["d0", "d2"]),
            };
            var targets = Random(random);
            var decision = Router.Choose(policy, Request with { PrefixHash = (ulong)seed, Affinity = new RouteAffinity("d2", seed % 5 == 0) }, targets, new RouteMemory(policy), random, TimeSpan.Zero);
            Assert.Equal(targets.Select(target => target.Deployment.Id).Order(), decision.Ids().Concat(decision.Excluded.Select(excluded => excluded.Deployment.Id)).Order());
        });
    }

    [Fact]
    public void A_lower_tier_is_never_first_while_an_upper_one_may_answer()
    {
        Each((seed, random) =>
        {
            var policy = new RoutePolicy { Strategy = RouteStrategy.Priority, PromptCache = new PromptCacheOptions { PromptTokensMin = 0 } };
            var targets = Random(random);
            var memory = new RouteMemory(policy);
            memory.Answered(7, targets[random.Next(targets.Length)].Deployment.Id, TimeSpan.Zero);   // warm in whatever tier
            var decision = Router.Choose(policy, Request with { PrefixHash = 7, Affinity = new RouteAffinity($"d{seed % 4}", false) }, targets, memory, random, TimeSpan.Zero);
            var tiers = decision.Order.Select(candidate => candidate.Deployment.Priority).ToArray();
            Assert.Equal(tiers.Order(), tiers);
        });
    }

    [Fact]
    public void The_names_of_the_strategies_are_those_of_the_configuration()
    {
        string[] names = ["weighted", "least_busy", "lowest_latency", "lowest_cost", "priority", "conditional", "complexity", "canary", "adaptive"];
        Assert.Equal(names, Enum.GetValues<RouteStrategy>().Select(strategy => strategy.ToText()));
        Assert.Equal(Enum.GetValues<RouteStrategy>().Select(strategy => (RouteStrategy?)strategy), names.Select(RouteStrategies.Of));
        Assert.Null(RouteStrategies.Of("simple-shuffle"));
    }

    private static RouteTarget[] Random(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 7)).Select(i => Of($"d{i}", new LiveFacts
        {
            InFlight = random.Next(20),
            Calls = 50,
            Successes = random.Next(51),
            Latency = random.Next(3) == 0 ? null : Seconds(random.NextDouble()),
            UnhealthyUntil = random.Next(3) == 0 ? Seconds(random.Next(0, 3)) : null,
        }, weight: random.Next(1, 4), priority: random.Next(1, 4), input: random.Next(3) == 0 ? null : random.Next(9), output: 1))];
}
