using System.Diagnostics;
using Hydra.Gateway.Prices;
using Hydra.Model;

namespace Hydra.Bench.Claims;

/// <summary>The article's claims (10 times the throughput at 40 to 60 % lower cost) beside what its setting gives here. See docs/claims.md.</summary>
internal static class ClaimsBench
{
    private const int Tasks = 126, Width = 21, Cap = 100, DefaultCap = 10;
    private const int ManyTasks = 500, ManyWidth = 50;

    /// <summary>What the tiers stand for by default at each provider; the first is the one whose door the runs use.</summary>
    private static readonly (string Provider, string[] Models)[] Providers =
    [
        ("anthropic", ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-6"]), ("openai", ["gpt-5-nano", "gpt-5-mini", "gpt-5"]), ("gemini", ["gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro"]),
    ];

    /// <summary>Further models for the same tiers, whose prices are shown and who are not run: Anthropic's newest, and those of the article's month.</summary>
    private static readonly (string Provider, string[] Models)[] OtherModels =
    [
        ("anthropic's newest", ["claude-haiku-4-5", "claude-sonnet-5", "claude-opus-5"]), ("anthropic in the article's month", ["claude-3-haiku-20240307", "claude-sonnet-4-20250514", "claude-opus-4-1"]),
    ];

    public static async Task MeasureAsync(Table table, string folder)
    {
        var mix = new ClaimMix(Tasks, Width);
        var alike = mix.Tasks.Select(task => task with { Output = ClaimMix.Tiers["balanced"].Tokens }).ToList();
        foreach (var (provider, models) in Providers)
        {
            AddCosts(table, provider, ClaimCosts.Split(mix.Tasks, Prices(models)));
            AddCosts(table, $"{provider}, answers of equal length", ClaimCosts.Split(alike, Prices(models)));
        }
        foreach (var (provider, models) in Providers.Concat(OtherModels))
        {
            foreach (var steps in (int[])[1, 2]) AddRoutes(table, provider, steps, ClaimRoutes.Of(mix.Tasks, Prices(models), steps));
        }
        await AddRunsAsync(table, mix, folder, faults: 0);
        await AddRunsAsync(table, mix, folder, faults: 0.1);
        await AddManyAsync(table, folder);
        Console.Error.WriteLine("  The article: 10 times the throughput, 40 to 60 % lower cost. Seconds and rates are those of life: the fake provider answers faster by a known factor.");
    }

    /// <summary>The highest load, without faults and with.</summary>
    public static async Task MeasureLoadAsync(Table table)
    {
        foreach (var faults in (double[])[0, 0.1])
        {
            var mono = await ClaimLoad.SearchAsync(Named(Providers[0].Models), isGraph: false, faults);
            var graph = await ClaimLoad.SearchAsync(Named(Providers[0].Models), isGraph: true, faults);
            AddLoad("ten monoliths", mono);
            AddLoad("graph", graph);

            void AddLoad(string who, (double PerHour, double P95, double Succeeded) load) => table.Add($"claims: load, {who}, {faults:P0} faults", "http", load.PerHour, "requests/h",
                ("× ten monoliths", load.PerHour / mono.PerHour), ("× one monolith, a tenth of ten", load.PerHour / mono.PerHour * 10), ("s p95 (at most 90)", load.P95), ("succeeded", load.Succeeded));
        }
    }

    private static void AddCosts(Table table, string provider, ClaimSplit split)
    {
        var (restFast, restBalanced) = split.StrongAtMost(0.6m);
        table.Add($"claims: shares of work by tier, {provider}", "priced", (double)split.SavedByTiers * 100, "% saved by tiers (bar 60)", ("% of the work is fast", (double)split.Work.Fast * 100), ("% strong", (double)split.Work.Strong * 100),
            ("of the strongest model's price is the fast one's", (double)split.Price.Fast), ("the balanced one's", (double)split.Price.Balanced), ("% strong at most for the bar, all else fast", (double)restFast * 100), ("% strong at most, all else balanced", (double)restBalanced * 100));
        var (scoping, tiering, caching) = split.Shares;
        table.Add($"claims: cost of {Tasks} tasks, {provider}", "priced", (double)split.TieredCached, "USD, tiered graph with caching", ("USD, monolith", (double)split.Monolith), ("USD, monolith with caching", (double)split.MonolithCached),
            ("USD, graph, strongest for all", (double)split.Scoped), ("USD, tiered graph", (double)split.Tiered), ("% less by scoping", (double)scoping * 100), ("% less by tiers", (double)tiering * 100), ("% less by caching", (double)caching * 100),
            ("% less in all", (double)(scoping + tiering + caching) * 100), ("% less than the monolith with caching", (double)(1 - split.TieredCached / split.MonolithCached) * 100), ("% less by tiers against the strongest for all (bar 60)", (double)split.SavedByTiers * 100));
    }

    private static void AddRoutes(Table table, string provider, int steps, ClaimRoutes routes) =>
        table.Add($"claims: tiers by task, routine ones {steps} below their specialist's, {provider}", "priced", routes.Saved(ClaimRoutes.Routine, ClaimRoutes.Failed) * 100, $"% saved by tiers when {ClaimRoutes.Routine:P0} of the tasks are routine and {ClaimRoutes.Failed:P0} of those fail first (bar 60)",
            ("% when none is routine", routes.Saved(0, 0) * 100), ("% when half are and none fails", routes.Saved(0.5, 0) * 100), ("% when half are and 40 % fail", routes.Saved(0.5, 0.4) * 100), ("% when all are and 20 % fail", routes.Saved(1, 0.2) * 100),
            ("% routine at least for the bar when 20 % fail", routes.RoutineAtLeast(0.2) * 100), ("% failed at most for the bar when half are routine", routes.FailedAtMost(0.5) * 100), ("% failed at most when all are", routes.FailedAtMost(1) * 100));

    private static async Task AddRunsAsync(Table table, ClaimMix mix, string folder, double faults)
    {
        var (tiered, strong) = (Named(Providers[0].Models), Named([.. Enumerable.Repeat(Providers[0].Models[2], 3)]));
        var bound = mix.Tasks.Count * ClaimMix.Tiers["strong"].Seconds;
        var monolith = await RunAsync(mix.Monolith(strong), ClaimCosts.Monolith(mix.Tasks, false), _ => "strong", isTyped: false, 1);
        Add("monolith, one after another", monolith, 1);
        if (faults == 0) Add("graph, strongest for all, one at a time", await RunAsync(mix.Graph(strong), ClaimCosts.Graph(mix.Tasks, false), _ => "strong", isTyped: true, 1), 1);
        Add($"graph, strongest for all, cap {Cap}", await RunAsync(mix.Graph(strong), ClaimCosts.Graph(mix.Tasks, false), _ => "strong", isTyped: true, Cap), bound / mix.CriticalPath(_ => "strong"));
        foreach (var cap in (int[])[Cap, DefaultCap])
        {
            var path = mix.CriticalPath(task => task.Tier);
            Add($"tiered graph with caching, cap {cap}", await RunAsync(mix.Graph(tiered), ClaimCosts.Graph(mix.Tasks, true), task => task.Tier, isTyped: true, cap), bound / Math.Max(path, mix.Tasks.Sum(task => ClaimMix.Tiers[task.Tier].Seconds) / cap));
        }
        Add($"graph routed by task without caching, cap {Cap}", await ClaimRun.OfAsync(mix.Routed(tiered), mix.RoutedScript(tiered, faults), Cap, folder), bound / mix.CriticalPath(task => task.Tier));

        Task<ClaimRun> RunAsync(WorkflowSpec workflow, TokenUsage[] usages, Func<ClaimTask, string> tierOf, bool isTyped, int cap) =>
            ClaimRun.OfAsync(workflow, mix.Script(usages, tierOf, isTyped, faults), cap, folder);

        void Add(string who, ClaimRun run, double boundOfGraph) => table.Add($"claims: {mix.Tasks.Count} tasks, width {mix.Width}, {who}, {faults:P0} faults", "durable", run.Seconds * ClaimMix.Speed / 60, "min",
            ("× monolith's throughput", monolith.Seconds / run.Seconds), ("× at most by the graph", boundOfGraph), ("tasks/h", mix.Tasks.Count / (run.Seconds * ClaimMix.Speed / 3600)), ("s p95 of a task", run.P95 * ClaimMix.Speed), ("USD", run.Usd), ("calls", run.Calls),
            ("tokens/task", (double)run.Tokens / mix.Tasks.Count), ("processor ms/task, provider included", run.ProcessorSeconds * 1000 / mix.Tasks.Count), ("MB peak of the process so far", Process.GetCurrentProcess().PeakWorkingSet64 / 1e6));
    }

    private static async Task AddManyAsync(Table table, string folder)
    {
        var mix = new ClaimMix(ManyTasks, ManyWidth);
        if (mix.Tasks.Select(task => task.Agent).Distinct(StringComparer.Ordinal).Count() is var used && used != 63) throw new InvalidOperationException($"The graph uses {used} specialists.");
        var run = await ClaimRun.OfAsync(mix.Graph(Named(Providers[0].Models)), mix.Script(ClaimCosts.Graph(mix.Tasks, true), task => task.Tier, isTyped: true, 0), Cap, folder);
        table.Add($"claims: {ManyTasks} agents of {used} specialists, width {mix.Width}", "durable", run.Seconds * ClaimMix.Speed / 60, "min",
            ("× its critical path", run.Seconds * ClaimMix.Speed / mix.CriticalPath(task => task.Tier)), ("× faster than one at a time", mix.Tasks.Sum(task => ClaimMix.Tiers[task.Tier].Seconds) / (run.Seconds * ClaimMix.Speed)), ("USD", run.Usd), ("calls", run.Calls), ("processor ms/task, provider included", run.ProcessorSeconds * 1000 / ManyTasks));
    }

    private static Dictionary<string, ModelPrice> Prices(string[] models)
    {
        var prices = PriceTable.Load();
        return Named(models).ToDictionary(tier => tier.Key, tier => prices.Find(tier.Value)?.Price ?? throw new InvalidOperationException($"The price table has no '{tier.Value}'."), StringComparer.Ordinal);
    }

    private static Dictionary<string, string> Named(string[] models) => new(StringComparer.Ordinal) { ["fast"] = models[0], ["balanced"] = models[1], ["strong"] = models[2] };
}
