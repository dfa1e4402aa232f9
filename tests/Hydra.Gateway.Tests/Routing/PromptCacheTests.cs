using Hydra.Gateway.Routing;
using static Hydra.Gateway.Tests.Routing.Targets;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Routing;

public sealed class PromptCacheTests
{
    private static readonly RoutePolicy Policy = new() { PromptCache = new PromptCacheOptions { PromptTokensMin = 500, Remembered = 100 } };
    private static readonly RouteTarget[] Four = [Of("a"), Of("b"), Of("c"), Of("d", weight: 3)];

    [Fact]
    public void The_same_beginning_meets_the_same_deployment_in_every_process()
    {
        var firsts = new List<string>();
        for (var prefix = 1UL; prefix <= 3_000; prefix++)
        {
            var first = First(prefix * 0x9E3779B97F4A7C15, new RouteMemory(Policy), Four, seed: 1);
            Assert.Equal(first, First(prefix * 0x9E3779B97F4A7C15, new RouteMemory(Policy), Four, seed: 2));
            firsts.Add(first);
        }
        foreach (var id in new[] { "a", "b", "c" }) Assert.InRange(firsts.Count(first => first == id), 400, 600);
        Assert.InRange(firsts.Count(first => first == "d"), 1_350, 1_650);
    }

    [Fact]
    public void One_deployment_less_moves_only_its_own_share()
    {
        for (var prefix = 1UL; prefix <= 500; prefix++)
        {
            var before = First(prefix, new RouteMemory(Policy), Four, 1);
            var after = First(prefix, new RouteMemory(Policy), Four[1..], 1);
            if (before != "a") Assert.Equal(before, after);
        }
    }

    [Fact]
    public void Who_has_it_in_cache_goes_first_until_its_time_is_over()
    {
        var favourite = First(5, new RouteMemory(Policy), Four, 1);
        var other = Four.First(target => target.Deployment.Id != favourite).Deployment.Id;
        var memory = new RouteMemory(Policy);
        memory.Answered(5, other, Seconds(0));
        var warm = Router.Choose(Policy, Request with { PrefixHash = 5 }, Four, memory, new Random(1), Seconds(299));
        Assert.Equal((other, $"has this prompt's beginning in cache; weight {warm.Order[0].Deployment.Weight}"), (warm.Order[0].Deployment.Id, warm.Order[0].Reason));
        Assert.Equal(favourite, Router.Choose(Policy, Request with { PrefixHash = 5 }, Four, memory, new Random(1), Seconds(301)).Ids()[0]);
    }

    [Fact]
    public void A_beginning_that_all_callers_share_does_not_load_one_deployment()
    {
        var memory = new RouteMemory(Policy);
        memory.Answered(5, "a", Seconds(0));
        RouteTarget[] loaded = [Of("a", new LiveFacts { InFlight = 40 }), .. Four[1..]];
        Assert.NotEqual("a", First(5, memory, loaded, 1));
        Assert.Equal("a", First(5, memory, [Of("a", new LiveFacts { InFlight = 2 }), .. Four[1..]], 1));
    }

    [Fact]
    public void Short_prompts_go_where_the_strategy_says()
    {
        var firsts = Enumerable.Range(0, 200).Select(seed => Router.Choose(Policy, Request with { PrefixHash = 5, PromptTokensMax = 400 }, Four, new RouteMemory(Policy), new Random(seed), TimeSpan.Zero).Ids()[0]);
        Assert.Equal(4, firsts.Distinct().Count());
    }

    [Fact]
    public void What_is_remembered_is_bounded()
    {
        var memory = new RouteMemory(Policy);
        for (var prefix = 0UL; prefix < 1_000; prefix++) memory.Answered(prefix, "a", Seconds(0));
        Assert.Equal(100, memory.Remembered);
        memory.Answered(1, "a", Seconds(1_000));
        Assert.Equal(1, memory.Remembered);
    }

    private static string First(ulong prefix, RouteMemory memory, RouteTarget[] targets, int seed) =>
        Router.Choose(Policy, Request with { PrefixHash = prefix }, targets, memory, new Random(seed), TimeSpan.Zero).Ids()[0];
}
