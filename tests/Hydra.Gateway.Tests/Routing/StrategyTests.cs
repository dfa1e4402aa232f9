using Hydra.Gateway.Routing;
using static Hydra.Gateway.Tests.Routing.Targets;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Routing;

public sealed class StrategyTests
{
    [Fact]
    public void Least_busy_asks_who_has_the_fewest_calls_for_its_weight()
    {
        var decision = Route(new RoutePolicy { Strategy = RouteStrategy.LeastBusy }, null,
            Of("a", new LiveFacts { InFlight = 4 }), Of("b", new LiveFacts { InFlight = 6, Headroom = 0.4 }, weight: 3), Of("c", new LiveFacts { InFlight = 3 }));
        Assert.Equal(["b", "c", "a"], decision.Ids());
        Assert.Equal("6 calls under way, 40 % of its limits free", decision.Order[0].Reason);
    }

    [Fact]
    public void Lowest_cost_reckons_with_the_bound_of_this_call_and_asks_unknown_prices_last()
    {
        var policy = new RoutePolicy { Strategy = RouteStrategy.LowestCost };
        RouteTarget[] targets = [Of("unknown"), Of("dear prompt", input: 10, output: 1), Of("dear answer", input: 1, output: 12)];
        var reading = Route(policy, new RouteRequest { PromptTokensMax = 100_000, OutputTokensMax = 100 }, targets);
        Assert.Equal(["dear answer", "dear prompt", "unknown"], reading.Ids());
        Assert.Equal(["at most $0.1012", "at most $1.0001", "price unknown"], reading.Order.Select(candidate => candidate.Reason));
        Assert.Equal("dear prompt", Route(policy, new RouteRequest { PromptTokensMax = 100, OutputTokensMax = 10_000 }, targets).Ids()[0]);
    }

    [Fact]
    public void Lowest_latency_lets_those_within_the_buffer_and_the_unmeasured_share()
    {
        var policy = new RoutePolicy { Strategy = RouteStrategy.LowestLatency, LatencyBuffer = 0.2 };
        RouteTarget[] targets = [Of("fast", Timed(1, 9)), Of("near", Timed(1.15, 1)), Of("slow", Timed(1.3, 1)), Of("new")];
        var random = new Random(3);
        var firsts = Enumerable.Range(0, 3_000).Select(_ => Router.Choose(policy, Request, targets, new RouteMemory(policy), random, TimeSpan.Zero).Ids()).ToArray();
        Assert.All(firsts, ids => Assert.Equal("slow", ids[^1]));
        foreach (var id in new[] { "fast", "near", "new" }) Assert.InRange(firsts.Count(ids => ids[0] == id), 850, 1_150);
        // For a stream the first token counts.
        Assert.Equal("fast", Route(policy, Request with { IsStreaming = true }, targets[..3]).Ids()[^1]);
    }

    [Fact]
    public void The_first_rule_whose_conditions_all_hold_decides()
    {
        var policy = new RoutePolicy
        {
            Strategy = RouteStrategy.Conditional,
            Rules =
            [
                new RouteRule("paid", [new RouteCondition("tier", ConditionKind.OneOf, "gold", "silver"), new RouteCondition("trial", ConditionKind.NotEqualTo, "yes")], new RouteUse.Deployments(["big"])),
                new RouteRule("batch", [new RouteCondition("job", ConditionKind.StartsWith, "nightly-")], new RouteUse.Group("cheap")),
                new RouteRule("tagged", [new RouteCondition("tag", ConditionKind.Exists)], new RouteUse.Deployments(["eu"])),
            ],
            Default = new RouteUse.Deployments(["small"]),
        };
        RouteTarget[] targets = [Of("big"), Of("small", tags: ["eu"])];
        Assert.Equal("""
            strategy conditional: rule 'paid' holds: 'big'
            1. big: weight 1
            ✗ small: rule 'paid' holds: 'big'
            """, Route(policy, With(("tier", "gold")), targets).Explain());
        Assert.Equal(["small"], Route(policy, With(("tier", "gold"), ("trial", "yes")), targets).Ids());
        Assert.Equal("cheap", Route(policy, With(("job", "nightly-7"), ("tag", "x")), targets).Group);
        Assert.Equal("rule 'tagged' holds: 'eu'", Route(policy, With(("tag", "x")), targets).Note);
        Assert.Equal("no rule holds: 'small'", Route(policy, Request, targets).Note);
    }

    [Fact]
    public void Complexity_chooses_the_highest_step_that_is_reached_and_says_why()
    {
        var policy = new RoutePolicy
        {
            Strategy = RouteStrategy.Complexity,
            Steps = [new ComplexityStep(0.6, new RouteUse.Group("smart")), new ComplexityStep(0.2, new RouteUse.Deployments(["middle"]))],
            Default = new RouteUse.Deployments(["small"]),
        };
        RouteTarget[] targets = [Of("middle"), Of("small")];
        var hard = ComplexityScore.Of("Prove step by step why this design is optimal:\n```\nclass A {}\n```", 6_000, tools: 2, turns: 1, needsSchema: false);
        var routed = Route(policy, Request with { Complexity = hard }, targets);
        Assert.Equal(("smart", "complexity 0.78 (6000 tokens +0.23, 3 reasoning words +0.3, code +0.2, 2 tools +0.05): group 'smart'"), (routed.Group, routed.Note));
        Assert.Equal(["middle"], Route(policy, Request with { Complexity = ComplexityScore.Of("Compare a and b", 3_000, 0, 1, false) }, targets).Ids());
        Assert.Equal(["small"], Route(policy, Request with { Complexity = ComplexityScore.Of("Hello!", 10, 0, 1, false) }, targets).Ids());
        Assert.Equal("not scored: 'small'", Route(policy, Request, targets).Note);
    }

    [Fact]
    public void A_score_stays_between_0_and_1_and_grows_with_each_mark()
    {
        Assert.Equal(0, ComplexityScore.Of("", 0, 0, 0, false).Score);
        var all = ComplexityScore.Of("prove, derive, analyse, compare ``` class x => def y", 1_000_000, 50, 50, true);
        Assert.InRange(all.Score, 0.95, 1);
        Assert.True(ComplexityScore.Of("plan it", 10, 0, 0, false).Score > ComplexityScore.Of("do it", 10, 0, 0, false).Score);
        // Marks beyond the part that is read do not count.
        Assert.Equal(ComplexityScore.Of("", 0, 0, 0, false).Score, ComplexityScore.Of(new string('x', ComplexityScore.TextMax) + " prove", 0, 0, 0, false).Score);
    }

    [Fact]
    public void A_canary_takes_its_share_of_keys_and_the_same_key_stays()
    {
        var policy = new RoutePolicy { Strategy = RouteStrategy.Canary, Canary = new CanaryOptions(10, ["new"], "trial-1") };
        RouteTarget[] targets = [Of("old"), Of("new")];
        string[] On(RoutePolicy with) => [.. Enumerable.Range(0, 10_000).Select(i => $"user-{i}").Where(user => Route(with, Request with { StickyKey = user }, targets).Ids()[0] == "new")];
        var on = On(policy);
        Assert.InRange(on.Length, 850, 1_150);
        Assert.Equal(on, On(policy));
        // A larger share keeps whom it has; another salt draws others.
        Assert.Empty(on.Except(On(policy with { Canary = policy.Canary! with { Percent = 20 } })));
        Assert.InRange(on.Intersect(On(policy with { Canary = policy.Canary! with { Salt = "trial-2" } })).Count(), 40, 180);
        // The old one stands in for a canary that fails, never the other way round.
        Assert.Equal(["new", "old"], Route(policy, Request with { StickyKey = on[0] }, targets).Ids());
        var off = Enumerable.Range(0, 99).Select(i => $"user-{i}").First(user => !on.Contains(user));
        Assert.Equal(["old"], Route(policy, Request with { StickyKey = off }, targets).Ids());
    }

    [Fact]
    public void A_session_goes_back_to_its_account_when_that_may_answer()
    {
        RouteTarget[] targets = [Of("a", account: "one"), Of("b", account: "two"), Of("c", account: "three")];
        var request = Request with { Affinity = new RouteAffinity("two", IsRequired: false) };
        Each((_, random) => Assert.Equal("b", Router.Choose(new RoutePolicy(), request, targets, new RouteMemory(new RoutePolicy()), random, TimeSpan.Zero).Ids()[0]), 50);
        Assert.Equal(2, Route(new RoutePolicy(), request, targets[0], targets[2]).Order.Count);
    }

    private static LiveFacts Timed(double total, double firstToken) => new() { Latency = Seconds(total), FirstToken = Seconds(firstToken), Calls = 30, Successes = 30 };

    private static RouteRequest With(params (string Key, string Value)[] metadata) =>
        Request with { Metadata = metadata.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal) };
}
