using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using static Hydra.Gateway.Tests.Routing.Targets;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Routing;

public sealed class AdaptiveTests
{
    private static readonly RoutePolicy Policy = new() { Strategy = RouteStrategy.Adaptive };

    [Fact]
    public void It_finds_the_best_and_explores_no_more_than_its_share()
    {
        int best = 0, last = 0, plays = Math.Max(20, Count / 100);
        Each((_, random) =>
        {
            double[] ratios = [0.6, 0.75, 0.95];
            random.Shuffle(ratios);
            var (explored, chosen) = Play(random, ratios, 3_000, Policy);
            Assert.True(explored <= 0.1 * 3_000 + 1, $"{explored} explorations");
            Assert.True(explored > 0, "it never explored");
            var tail = chosen.Skip(2_000).ToList();
            best += tail.Count(arm => ratios[arm] == 0.95);
            last += tail.Count;
        }, plays);
        Assert.True(best > 0.85 * last, $"{best} of {last} late calls went to the best");
    }

    [Fact]
    public void It_notices_when_the_best_grows_worse()
    {
        Each((_, random) =>
        {
            double[] ratios = [0.98, 0.9];
            var memory = new RouteMemory(Policy);
            var stats = ratios.Select(_ => new DeploymentStats(TimeSpan.FromMinutes(5))).ToArray();
            var late = 0;
            for (var call = 0; call < 4_000; call++)
            {
                if (call == 2_000) ratios[0] = 0.3;
                var arm = Ask(Policy, random, ratios, stats, memory, Seconds(call * 0.5)).Arm;
                if (call >= 3_000 && arm == 1) late++;
            }
            Assert.True(late > 850, $"{late} of 1000 late calls went to the one that is now better");
        }, Math.Max(10, Count / 200));
    }

    [Fact]
    public void Among_equally_good_ones_the_faster_and_the_cheaper_wins()
    {
        var calls = new LiveFacts { Calls = 500, Successes = 495 };
        var decision = Route(Policy, null,
            Of("slow", calls with { Latency = Seconds(9) }, input: 1, output: 1), Of("dear", calls with { Latency = Seconds(2) }, input: 30, output: 30), Of("both", calls with { Latency = Seconds(2) }, input: 1, output: 1));
        Assert.Equal("both", decision.Ids()[0]);
        Assert.Equal("utility 0.962: 495 of 500 succeeded, 2 s, at most $0.002", decision.Order[0].Reason);
    }

    [Fact]
    public void Only_the_first_tier_is_played_with()
    {
        Each((_, random) =>
        {
            var decision = Router.Choose(Policy, Request, [Of("a", new LiveFacts { Calls = 50, Successes = 20 }, priority: 1), Of("b", new LiveFacts { Calls = 50, Successes = 50 }, priority: 2)],
                new RouteMemory(Policy), random, TimeSpan.Zero);
            Assert.Equal(["a", "b"], decision.Ids());
            Assert.False(decision.IsExploration);
        }, 50);
    }

    [Fact]
    public void Switched_off_it_goes_by_weight_and_says_so()
    {
        var off = Policy with { Adaptive = new AdaptiveOptions { IsEnabled = false } };
        var firsts = Enumerable.Range(0, 100).Select(seed => Router.Choose(off, Request, [Of("a", new LiveFacts { Calls = 50 }), Of("b", new LiveFacts { Calls = 50, Successes = 50 })], new RouteMemory(off), new Random(seed), TimeSpan.Zero)).ToArray();
        Assert.Equal(2, firsts.Select(decision => decision.Ids()[0]).Distinct().Count());
        Assert.Equal("weight 1; adaptive routing is off", firsts[0].Order[0].Reason);
    }

    [Fact]
    public void An_exploration_says_what_it_is()
    {
        var random = new Random(2);
        var memory = new RouteMemory(Policy);
        RouteTarget[] targets = [Of("a", new LiveFacts { Calls = 4, Successes = 3 }), Of("b", new LiveFacts { Calls = 4, Successes = 2 })];
        var decision = Enumerable.Range(0, 200).Select(_ => Router.Choose(Policy, Request, targets, memory, random, TimeSpan.Zero)).First(decision => decision.IsExploration);
        Assert.Equal("b", decision.Ids()[0]);
        Assert.StartsWith("explores 'b': drew 0.", decision.Note);
    }

    [Fact]
    public void Draws_of_success_ratios_have_their_mean_and_spread()
    {
        foreach (var (a, b) in new[] { (1.0, 1.0), (8.0, 2.0), (200.0, 40.0) })
        {
            var random = new Random(11);
            var draws = Enumerable.Range(0, 20_000).Select(_ => BetaDraw.Next(a, b, random)).ToArray();
            var spread = Math.Sqrt(a * b / ((a + b) * (a + b) * (a + b + 1)));
            Assert.InRange(draws.Average(), (a / (a + b)) - (spread * 0.05), (a / (a + b)) + (spread * 0.05));
            var mean = draws.Average();
            Assert.InRange(Math.Sqrt(draws.Average(draw => (draw - mean) * (draw - mean))), spread * 0.95, spread * 1.05);
        }
    }

    private static (int Explored, List<int> Chosen) Play(Random random, double[] ratios, int calls, RoutePolicy policy)
    {
        var memory = new RouteMemory(policy);
        var stats = ratios.Select(_ => new DeploymentStats(TimeSpan.FromHours(1))).ToArray();
        var explored = 0;
        var chosen = new List<int>();
        for (var call = 0; call < calls; call++)
        {
            var (arm, isExploration) = Ask(policy, random, ratios, stats, memory, Seconds(call * 0.1));
            if (isExploration) explored++;
            chosen.Add(arm);
        }
        return (explored, chosen);
    }

    private static (int Arm, bool IsExploration) Ask(RoutePolicy policy, Random random, double[] ratios, DeploymentStats[] stats, RouteMemory memory, TimeSpan now)
    {
        RouteTarget[] targets = [.. stats.Select((stat, i) => Of($"{i}", stat.Facts(default, null, 1, now)))];
        var decision = Router.Choose(policy, Request, targets, memory, random, now);
        var arm = int.Parse(decision.Order[0].Deployment.Id);
        stats[arm].Started();
        stats[arm].Ended(random.NextDouble() < ratios[arm] ? null : FailureKind.Transient, Seconds(0.2), Seconds(1), now);
        return (arm, decision.IsExploration);
    }
}
