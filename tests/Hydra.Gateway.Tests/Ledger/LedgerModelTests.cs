using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Two ledgers on one real store, step by step beside a model of it that is a list.</summary>
public class LedgerModelTests : IDisposable
{
    private static readonly int Steps = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 10_000 : 2_000;
    private static readonly string[] Texts = ["all 4 day", "team:a 1 hour", "key:k1 2 day", "tag:p=x 0.5 minute", "model:smart 3 hour"];
    private readonly LedgerFolder _folder;
    private readonly Random _random = new(7);
    /// <summary>What was let in: when, by whom, and what it counts for: its bound, later its cost.</summary>
    private readonly List<(DateTimeOffset At, Caller Caller, decimal Usd)> _let = [];

    public LedgerModelTests() : this(new LedgerFolder())
    {
    }

    /// <summary>The same sentences hold for another store.</summary>
    private protected LedgerModelTests(LedgerFolder folder) => _folder = folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_store_decides_as_a_list_of_calls_would()
    {
        var ledgers = new[] { await _folder.OpenAsync(Texts), await _folder.OpenAsync() };
        var open = new List<(Reservation Reservation, int Place, int Ledger)>();
        var (granted, refused) = (0, 0);
        for (var step = 0; step < Steps; step++)
        {
            var turn = _random.Next(2);
            var kind = _random.Next(20);
            if (kind == 0) _folder.Now = _folder.Now.AddMinutes(_random.Next(90));
            else if (kind == 1 && open.Count > 10)
            {
                // One process ends with its calls under way: they stay at their bound.
                await ledgers[turn].DisposeAsync();
                open.RemoveAll(call => call.Ledger == turn);
                ledgers[turn] = await _folder.OpenAsync();
            }
            else if (kind < 10 && open.FindIndex(call => call.Ledger == turn) is >= 0 and var at)
            {
                var (reservation, place, _) = open[at];
                open.RemoveAt(at);
                var cost = kind < 4 ? 0 : Math.Round(reservation.BoundUsd * (decimal)_random.NextDouble(), 12);
                _let[place] = _let[place] with { Usd = cost };
                if (kind < 4) ledgers[turn].Release(reservation);
                else await ledgers[turn].SettleAsync(reservation, LedgerFolder.Bill(cost));
                if (kind < 4) await ledgers[turn].BudgetsAsync(CancellationToken.None);   // the release is written
            }
            else
            {
                var caller = new Caller($"k{_random.Next(3)}", _random.Next(2) == 0 ? "a" : "b", null, _random.Next(3) == 0 ? ["p=x"] : []);
                var usd = _random.Next(1, 300) / 1000m;
                var result = await ledgers[turn].ReserveAsync(LedgerFolder.Ask(usd, $"op{step}", caller), CancellationToken.None);
                Assert.Equal(Fits(caller, usd), result is ReserveResult.Granted);
                if (result is not ReserveResult.Granted { Reservation: var held }) refused++;
                else
                {
                    granted++;
                    open.Add((held, _let.Count, turn));
                    _let.Add((_folder.Now, caller, usd));
                }
            }
        }
        foreach (var ledger in ledgers) await ledger.DisposeAsync();
        using var report = _folder.OpenReport();
        Assert.Empty(report.Verify());
        Assert.Equal(_let.Sum(call => call.Usd), report.Scope(BudgetScope.All, BudgetWindow.Total, _folder.Now).SpentUsd);
        Assert.True(granted > Steps / 20 && refused > Steps / 20, $"{granted} granted, {refused} refused");
    }

    private bool Fits(Caller caller, decimal usd) => Texts.Select(LedgerFolder.Budget).Where(budget => budget.Scope.Covers(caller, "smart")).All(budget =>
    {
        var start = BudgetWindows.StartOf(budget.Window, _folder.Now.ToUnixTimeMilliseconds());
        return _let.Where(call => call.At.ToUnixTimeMilliseconds() >= start && budget.Scope.Covers(call.Caller, "smart")).Sum(call => call.Usd) + usd <= budget.UsdMax;
    });
}
