using Hydra.Bench.Claims;

namespace Hydra.Agents.Tests.Roster;

/// <summary>The arithmetic of <c>bench/run --only claims</c>.</summary>
public class ClaimCostsTests
{
    /// <summary>Two tasks of one specialist and one of a fast one that reads both.</summary>
    private static readonly ClaimTask[] Tasks =
    [
        new("architect", "strong", 1_000, 100, 500, []), new("architect", "strong", 1_000, 100, 500, []), new("editor", "fast", 600, 100, 50, [0, 1]),
    ];

    private static readonly Dictionary<string, ModelPrice> Prices = new(StringComparer.Ordinal)
    {
        ["fast"] = new(1, 5, "test"), ["balanced"] = new(3, 15, "test"), ["strong"] = new(10, 50, "test") { CacheRead = 1, CacheWrite = 12.5m },
    };

    [Fact]
    public void A_monolith_pays_for_everything_before_with_every_call() =>
        Assert.Equal([2_100L, 2_700, 3_300], ClaimCosts.Monolith(Tasks, caches: false).Select(usage => usage.Input));

    [Fact]
    public void A_monolith_with_a_cache_reads_its_last_prompt_and_writes_what_is_new() =>
        Assert.Equal([new(0, 500, 0, 2_100), new(0, 500, 2_100, 600), new(0, 50, 2_700, 600)], ClaimCosts.Monolith(Tasks, caches: true));

    [Fact]
    public void A_task_of_a_graph_pays_for_its_specialist_its_words_and_its_parents_answers() =>
        Assert.Equal([3_100L, 3_100, 3_700], ClaimCosts.Graph(Tasks, caches: false).Select(usage => usage.Input));

    [Fact]
    public void Later_calls_of_a_specialist_read_what_its_first_has_written() =>
        Assert.Equal([new(100, 500, 0, 3_000), new(100, 500, 3_000, 0), new(1_100, 50, 0, 2_600)], ClaimCosts.Graph(Tasks, caches: true));

    [Fact]
    public void The_parts_of_the_saving_add_up_to_it()
    {
        var split = ClaimCosts.Split(Tasks, Prices);
        Assert.Equal(new ClaimSplit(0.1335m, 0.09855m, 0.1515m, 0.11595m, 0.09645m) { Work = split.Work, Price = split.Price }, split);
        var (scoping, tiering, caching) = split.Shares;
        Assert.Equal(1 - split.TieredCached / split.Monolith, scoping + tiering + caching, 12);
        Assert.Equal(1 - 0.11595m / 0.1515m, split.SavedByTiers, 12);
        Assert.True(scoping < 0, "three short tasks are cheaper in one conversation");
    }

    [Fact]
    public void How_much_the_strongest_model_may_keep_follows_from_what_the_others_cost()
    {
        var split = ClaimCosts.Split(Tasks, Prices) with { Price = (0.2m, 0.6m) };
        var (restFast, restBalanced) = split.StrongAtMost(0.6m);
        Assert.Equal((0.25m, -0.5m), (restFast, restBalanced));
        Assert.Equal(0.4m, restFast + (1 - restFast) * 0.2m);
        Assert.InRange(split.Work.Fast + split.Work.Strong, 0.01m, 1);
    }
}
