using Hydra.Gateway.Ledger;
using Hydra.Gateway.Prices;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway stats</c>: spend by key, team, user, model, deployment or day, and budgets that run out.</summary>
internal static class StatsVerb
{
    private static readonly Option By = new("--by", "WHAT", "key, team, user, model, deployment or day; default key");
    private static readonly Option Since = new("--since", "WHEN", "a day such as 2026-08-01 or an age such as 30d; default 30d");

    public static readonly Verb Verb = new("gateway stats", "", "what was spent through the gateway")
    {
        Options = [By, Since, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = "Exit code 1: a counter is not the sum of its rows.",
        Run = static (arguments, io) => Task.FromResult(Show(arguments, io)),
    };

    private static int Show(ParsedArguments arguments, CliIo io)
    {
        var by = arguments.Choice(By, "key", "key", "team", "user", "model", "deployment", "day");
        using var report = GatewayStore.OpenReport(arguments, io);
        var lines = report.Spend(by, GatewayStore.SinceOf(arguments, Since, "30d", io));
        var hits = report.CacheHits(GatewayStore.SinceOf(arguments, Since, "30d", io));
        var (alerts, faults) = (report.Alerts(), report.Verify());
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(
                ("by", by), ("lines", Value.Of(lines.Select(line => Value.Of(ValueMap.Of(("what", line.What), ("calls", line.Calls), ("cost_usd", GatewayStore.Amount(line.CostUsd)), ("tokens", line.Tokens), ("cut", line.Cut)))))),
                ("cache", Value.Of(hits.Select(hit => Value.Of(ValueMap.Of(("model", hit.Model), ("tier", hit.Tier), ("hits", hit.Hits), ("tokens_served", hit.ServedTokens), ("usd_saved", GatewayStore.Amount(hit.SavedUsd))))))),
                ("alerts", Value.Of(alerts.Select(alert => Value.Of(ValueMap.Of(("scope", alert.Budget.Scope.ToString()), ("percent", alert.Percent), ("at", alert.At.ToString("o"))))))), ("faults", Value.OfTexts(faults))), indented: true));
            return faults.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        var table = new TextTable(by, "calls", "tokens", "cost", "cut") { Right = [1, 2, 3, 4] };
        foreach (var line in lines) table.Add(line.What.Length == 0 ? "(none)" : TerminalText.Clip(line.What, 60), $"{line.Calls:#,0}", $"{line.Tokens:#,0}", GatewayStore.Money(line.CostUsd), $"{line.Cut:#,0}");
        io.Out.WriteLine(table.ToString());
        foreach (var hit in hits) io.Out.WriteLine($"cache ({hit.Tier}) of {TerminalText.Clip(hit.Model, 60)}: {Amounts.Count((int)Math.Min(int.MaxValue, hit.Hits), "hit", "hits")}, {hit.ServedTokens:#,0} tokens served, {GatewayStore.Money(hit.SavedUsd)} saved");
        foreach (var alert in alerts) io.Out.WriteLine($"{GatewayStore.Time(alert.At)}: {alert.Percent} % of {TerminalText.Of(alert.Budget.Scope.ToString())} a {BudgetWindows.NameOf(alert.Budget.Window)} was spent");
        foreach (var fault in faults) io.Out.WriteLine(TerminalText.Of(fault));
        return faults.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}

/// <summary><c>hydra gateway reprice</c>: what the past would have cost at today's prices, as a report or as correcting rows.</summary>
internal static class RepriceVerb
{
    private static readonly Option From = new("--from", "WHEN", "charges since: a day such as 2026-08-01 or an age such as 30d");
    private static readonly Option DryRun = Option.Switch("--dry-run", "only says what would change; the default");
    private static readonly Option Apply = Option.Switch("--apply", "adds a correcting row for each charge");

    public static readonly Verb Verb = new("gateway reprice", "", "compares charges with today's prices")
    {
        Options = [From, DryRun, Apply, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = "Rows that were written never change: a correction is a further row, and counts in the window of the charge it corrects.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        if (!arguments.Has(From)) throw new UsageException("say since when: hydra gateway reprice --from 2026-08-01.");
        if (arguments.Has(Apply) && arguments.Has(DryRun)) throw new UsageException("--dry-run and --apply exclude each other: leave one out.");
        var since = GatewayStore.SinceOf(arguments, From, "", io);
        var prices = PriceTable.Load(io.Environment("HYDRA_PRICES"));
        IReadOnlyList<Repricing> changes;
        using (var report = GatewayStore.OpenReport(arguments, io)) changes = LedgerUpkeep.Compare(report, since, charge => PriceOf(prices, charge));
        if (arguments.Has(Apply))
        {
            await using var ledger = await GatewayStore.PlaceOf(arguments, io).OpenAsync(io.Clock);
            await LedgerUpkeep.ApplyAsync(ledger, changes);
        }
        var sum = changes.Sum(change => change.DifferenceUsd);
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("applied", arguments.Has(Apply)), ("charges", changes.Count), ("difference_usd", GatewayStore.Amount(sum))), indented: true));
            return ExitCode.Done;
        }
        foreach (var group in changes.GroupBy(change => change.Charge.Deployment).OrderBy(group => group.Key, StringComparer.Ordinal))
            io.Out.WriteLine($"{TerminalText.Of(group.Key)}: {Amounts.Count(group.Count(), "charge", "charges")}, {GatewayStore.Money(group.Sum(change => change.DifferenceUsd))}");
        io.Out.WriteLine($"{(arguments.Has(Apply) ? "corrected" : "would correct")} {Amounts.Count(changes.Count, "charge", "charges")} by {GatewayStore.Money(sum)}");
        return ExitCode.Done;
    }

    /// <summary>The price of the model that answered, or was asked: the end of <c>group/provider/model</c>.</summary>
    private static ModelPrice? PriceOf(PriceTable prices, ChargeFact charge)
    {
        var parts = charge.Deployment.Split('/', 3);
        var price = (charge.AnsweredBy is { } answered ? prices.Find(answered) : null)?.Price ?? prices.Find(parts[^1])?.Price;
        // A class of service is named at the end of where its price comes from.
        var service = price?.Services.Keys.FirstOrDefault(name => charge.PriceSource.EndsWith($"({name})", StringComparison.Ordinal));
        return price?.For(service);
    }
}

/// <summary><c>hydra gateway purge</c>: folds old charges up into one row a month and caller.</summary>
internal static class PurgeVerb
{
    private static readonly Option Before = new("--before", "WHEN", "a day such as 2026-08-01 or an age such as 90d; whole months before it go");

    public static readonly Verb Verb = new("gateway purge", "", "folds old charges up into monthly sums")
    {
        Options = [Before, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = "Sums stay as they are; only the single rows go. Safe while gateways run.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        if (!arguments.Has(Before)) throw new UsageException("say what is old: hydra gateway purge --before 90d.");
        await using var ledger = await GatewayStore.PlaceOf(arguments, io).OpenAsync(io.Clock);
        var gone = await LedgerUpkeep.PurgeAsync(ledger, GatewayStore.SinceOf(arguments, Before, "", io), io.Clock.GetUtcNow());
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(ValueMap.Of(("charges", gone)), indented: true) : $"folded up {Amounts.Count(gone, "charge", "charges")}");
        return ExitCode.Done;
    }
}
