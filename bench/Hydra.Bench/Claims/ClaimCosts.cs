using Hydra.Model;

namespace Hydra.Bench.Claims;

/// <summary>One task as the arithmetic sees it.</summary>
/// <param name="Instructions">Tokens of its specialist's instructions.</param>
/// <param name="Own">Tokens of the task's own words.</param>
/// <param name="Parents">Numbers of the tasks whose answers stand in its prompt.</param>
internal sealed record ClaimTask(string Agent, string Tier, long Instructions, long Own, long Output, int[] Parents);

/// <summary>What the tasks cost in each manner, in US dollars.</summary>
/// <param name="Monolith">One agent on the strongest model, one task after another, everything so far in every prompt.</param>
/// <param name="MonolithCached">The same with the provider's prompt cache.</param>
/// <param name="Scoped">A graph: each prompt has what its task needs; the strongest model for all.</param>
/// <param name="Tiered">The graph with each specialist's own tier.</param>
/// <param name="TieredCached">And the provider's prompt cache for what calls of one specialist share.</param>
internal sealed record ClaimSplit(decimal Monolith, decimal MonolithCached, decimal Scoped, decimal Tiered, decimal TieredCached)
{
    /// <summary>Parts of the monolith's cost that scoping, tiering and caching take away, in this order; the rest is what is still paid.</summary>
    public (decimal Scoping, decimal Tiering, decimal Caching) Shares => ((Monolith - Scoped) / Monolith, (Scoped - Tiered) / Monolith, (Tiered - TieredCached) / Monolith);

    /// <summary>What tiers alone save of the graph on the strongest model.</summary>
    public decimal SavedByTiers => 1 - Tiered / Scoped;

    /// <summary>Parts of the work that go to the fast and to the strong tier, each task weighed by what it would cost on the strongest model.</summary>
    public required (decimal Fast, decimal Strong) Work { get; init; }

    /// <summary>What all of the work would cost on the fast and on the balanced tier, as a part of what it costs on the strongest model.</summary>
    public required (decimal Fast, decimal Balanced) Price { get; init; }

    /// <summary>The largest part of the work that the strongest model may keep so that tiers save this much, when all else goes to the fast tier, and when all else goes to the balanced one; below 0: none.</summary>
    public (decimal RestFast, decimal RestBalanced) StrongAtMost(decimal saved) => ((1 - saved - Price.Fast) / (1 - Price.Fast), (1 - saved - Price.Balanced) / (1 - Price.Balanced));
}

/// <summary>Tokens of a list of tasks in each manner, and what they cost.</summary>
internal static class ClaimCosts
{
    /// <summary>Tokens of the brief, which every prompt holds.</summary>
    public const long Brief = 2_000;

    /// <summary>Every call carries the brief, all tasks so far and all answers so far.</summary>
    /// <param name="caches">What the last prompt held is read from the cache and the rest written to it.</param>
    public static TokenUsage[] Monolith(IReadOnlyList<ClaimTask> tasks, bool caches)
    {
        var usages = new TokenUsage[tasks.Count];
        long context = Brief, cached = 0;
        for (var i = 0; i < tasks.Count; i++)
        {
            context += tasks[i].Own;
            usages[i] = caches ? new TokenUsage(0, tasks[i].Output, cached, context - cached) : new TokenUsage(context, tasks[i].Output);
            cached = context;
            context += tasks[i].Output;
        }
        return usages;
    }

    /// <summary>Every call carries its specialist's instructions, the brief, its task and its parents' answers.</summary>
    /// <param name="caches">Instructions and brief are written to the cache by a specialist's first call and read by later ones.</param>
    public static TokenUsage[] Graph(IReadOnlyList<ClaimTask> tasks, bool caches)
    {
        var usages = new TokenUsage[tasks.Count];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tasks.Count; i++)
        {
            var shared = tasks[i].Instructions + Brief;
            var own = tasks[i].Own + tasks[i].Parents.Sum(parent => tasks[parent].Output);
            var isFirst = seen.Add(tasks[i].Agent);
            usages[i] = !caches ? new TokenUsage(shared + own, tasks[i].Output) : new TokenUsage(own, tasks[i].Output, isFirst ? 0 : shared, isFirst ? shared : 0);
        }
        return usages;
    }

    /// <param name="prices">Of <c>fast</c>, <c>balanced</c> and <c>strong</c>.</param>
    public static ClaimSplit Split(IReadOnlyList<ClaimTask> tasks, IReadOnlyDictionary<string, ModelPrice> prices)
    {
        return new(Cost(Monolith(tasks, false), _ => "strong"), Cost(Monolith(tasks, true), _ => "strong"), Cost(Graph(tasks, false), _ => "strong"),
            Cost(Graph(tasks, false), i => tasks[i].Tier), Cost(Graph(tasks, true), i => tasks[i].Tier))
        {
            Work = (Part("fast"), Part("strong")),
            Price = (Cost(Graph(tasks, false), _ => "fast") / Cost(Graph(tasks, false), _ => "strong"), Cost(Graph(tasks, false), _ => "balanced") / Cost(Graph(tasks, false), _ => "strong")),
        };

        decimal Part(string tier) => Cost([.. Graph(tasks, false).Where((_, i) => tasks[i].Tier == tier)], _ => "strong") / Cost(Graph(tasks, false), _ => "strong");
        decimal Cost(TokenUsage[] usages, Func<int, string> tier) => usages.Select((usage, i) => prices[tier(i)].CostOf(usage).Usd).Sum();
    }
}
