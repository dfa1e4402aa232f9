using System.Data.Common;
using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Every number of the ledger explains itself, and the past is corrected by further rows only.</summary>
public class LedgerReportTests : IDisposable
{
    private readonly LedgerFolder _folder;

    public LedgerReportTests() : this(new LedgerFolder())
    {
    }

    /// <summary>The same sentences hold for another store.</summary>
    private protected LedgerReportTests(LedgerFolder folder) => _folder = folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_operation_shows_its_attempts_and_their_arithmetic()
    {
        await using var ledger = await _folder.OpenAsync();
        await ledger.SettleAsync(await ledger.TakeAsync(0.05m, "op7"), LedgerFolder.Bill(0.0036m, 1200));
        await ledger.TakeAsync(0.04m, "op7");
        using var report = _folder.OpenReport();
        var rows = report.Operation("op7");
        Assert.Equal(["answered", "held"], rows.Select(row => row.Outcome));
        Assert.Equal((0.0036m, 0.05m, "table of 2026-08-01"), (rows[0].CostUsd, rows[0].BoundUsd, rows[0].PriceSource));
        var line = Assert.Single(rows[0].Lines);
        Assert.Equal(("input", 1200L, 3m, 0.0036m), (line.Class, line.Count, line.UsdPerMillion, line.Usd));
        Assert.Equal(["project=x"], rows[0].Caller.Tags);
        Assert.Empty(report.Operation("op8"));
    }

    [Fact]
    public async Task A_scope_shows_the_sum_of_its_rows_and_its_limit()
    {
        await using var ledger = await _folder.OpenAsync("team:research 1 day");
        await ledger.SettleAsync(await ledger.TakeAsync(0.30m), LedgerFolder.Bill(0.25m));
        await ledger.SettleAsync(await ledger.TakeAsync(0.30m, caller: new Caller(null, "other", null, [])), LedgerFolder.Bill(0.30m));
        await ledger.TakeAsync(0.10m, "op2");
        using var report = _folder.OpenReport();
        var fact = report.Scope(BudgetScope.TryParse("team:research")!.Value, BudgetWindow.Day, _folder.Now);
        Assert.Equal((0.25m, 0.10m, 1L, 1L, 1m), (fact.SpentUsd, fact.ReservedUsd, fact.Charges, fact.Held, fact.Limit!.UsdMax));
        Assert.Equal(["held", "answered"], fact.Newest.Select(row => row.Outcome));
        Assert.Equal([("other", 0.30m), ("research", 0.25m)], report.Spend("team", _folder.Now.AddDays(-1)).Select(line => (line.What, line.CostUsd)));
    }

    [Fact]
    public async Task A_counter_that_is_not_the_sum_of_its_rows_is_found()
    {
        await using var ledger = await _folder.OpenAsync("all 1 day");
        await ledger.SettleAsync(await ledger.TakeAsync(0.30m), LedgerFolder.Bill(0.25m));
        using var report = _folder.OpenReport();
        Assert.Empty(report.Verify());
        _folder.Write("UPDATE counters SET spent_usd=spent_usd-1");
        Assert.StartsWith("all, day from 2026-03-04 00:00: the counter says $0.249999999999 spent", Assert.Single(report.Verify()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eighty_and_a_hundred_percent_of_a_limit_are_noted_once()
    {
        await using var ledger = await _folder.OpenAsync("all 1 day");
        foreach (var cost in (decimal[])[0.5m, 0.3m, 0.1m, 0.1m]) await ledger.SettleAsync(await ledger.TakeAsync(cost), LedgerFolder.Bill(cost));
        using var report = _folder.OpenReport();
        Assert.Equal([80, 100], report.Alerts().Select(alert => alert.Percent).Order());
    }

    [Fact]
    public async Task Other_prices_add_correcting_rows_and_change_none()
    {
        await using var ledger = await _folder.OpenAsync("all 1 day");
        await ledger.SettleAsync(await ledger.TakeAsync(0.05m, "op7"), LedgerFolder.Bill(0.0036m, 1200));
        using var report = _folder.OpenReport();
        var cheaper = new ModelPrice(2m, 10m, "invoice of 2026-04-01");
        var change = Assert.Single(LedgerUpkeep.Compare(report, _folder.Now.AddDays(-1), _ => cheaper));
        Assert.Equal(-0.0012m, change.DifferenceUsd);
        await LedgerUpkeep.ApplyAsync(ledger, [change]);
        Assert.Equal([(0.0036m, "answered"), (-0.0012m, "repriced")], report.Operation("op7").Select(row => (row.CostUsd!.Value, row.Outcome)));
        Assert.Equal(0.0024m, (await ledger.StateAsync("all")).SpentUsd);
        Assert.Empty(report.Verify());
        Assert.Empty(LedgerUpkeep.Compare(report, _folder.Now.AddDays(-1), _ => cheaper));
        Assert.Contains("never changes", Assert.ThrowsAny<DbException>(() => _folder.Write("UPDATE charges SET cost=0")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_rows_fold_up_into_months_and_every_sum_stays()
    {
        await using var ledger = await _folder.OpenAsync("team:research 100 total", "all 50 month");
        var now = _folder.Now;
        foreach (var (daysAgo, cost) in ((int, decimal)[])[(70, 1m), (69, 2m), (40, 4m), (0, 8m)])
        {
            _folder.Now = now.AddDays(-daysAgo);
            await ledger.SettleAsync(await ledger.TakeAsync(cost), LedgerFolder.Bill(cost));
        }
        Assert.Equal(3, await LedgerUpkeep.PurgeAsync(ledger, now, now));
        using var report = _folder.OpenReport();
        Assert.Empty(report.Verify());
        Assert.Equal((15m, 8m), ((await ledger.StateAsync("team:research")).SpentUsd, (await ledger.StateAsync("all")).SpentUsd));
        _folder.Write("DELETE FROM counters");   // so that they are folded anew
        Assert.Equal((15m, 8m), ((await ledger.StateAsync("team:research")).SpentUsd, (await ledger.StateAsync("all")).SpentUsd));
        Assert.Equal([("2025-12", 2L, 3m), ("2026-01", 1L, 4m), ("2026-03-04", 1L, 8m)], report.Spend("day", now.AddDays(-100)).Select(line => (line.What, line.Calls, line.CostUsd)));
    }
}
