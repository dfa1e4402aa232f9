using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>What an operator does to a ledger: correct prices of the past by further rows, and fold old rows up.</summary>
public static class LedgerUpkeep
{
    /// <summary>Rows in one transaction: calls go on in between.</summary>
    private const int RowsAtOnce = 500;

    /// <summary>What charges since a moment would be at other prices; only those that differ.</summary>
    /// <param name="priceOf">The price of a charge's model; null: leave it as it is.</param>
    public static IReadOnlyList<Repricing> Compare(LedgerReport report, DateTimeOffset since, Func<ChargeFact, ModelPrice?> priceOf)
    {
        var changes = new List<Repricing>();
        foreach (var charge in report.Priced(since))
        {
            if (priceOf(charge) is not { } price) continue;
            var lines = LinesAt(price, charge.Lines);
            var corrected = report.Operation(charge.OperationId).Where(row => row.Corrects == charge.Id).Sum(row => row.CostUsd ?? 0);
            var difference = lines.Sum(line => line.Usd) - charge.CostUsd!.Value - corrected;
            if (difference != 0) changes.Add(new Repricing(charge, lines, difference, price.Source));
        }
        return changes;
    }

    /// <summary>Adds a correcting row for each; the rows that were written stay. Run it while nobody else does.</summary>
    public static async Task ApplyAsync(StoredLedger ledger, IReadOnlyList<Repricing> changes)
    {
        foreach (var part in changes.Chunk(RowsAtOnce))
        {
            await ledger.WriteAsync((book, owner, nowMs) =>
            {
                foreach (var change in part) book.Correct(Correction(change, owner, nowMs));
                return true;
            });
        }
    }

    /// <summary>Folds charges of whole months before a moment into one row a month and caller, and removes them.</summary>
    /// <returns>How many rows went. Months whose windows still run are never touched.</returns>
    public static async Task<long> PurgeAsync(StoredLedger ledger, DateTimeOffset before, DateTimeOffset now)
    {
        var weekMs = BudgetWindows.StartOf(BudgetWindow.Week, now.ToUnixTimeMilliseconds());
        var cutMs = BudgetWindows.StartOf(BudgetWindow.Month, Math.Min(weekMs, before.ToUnixTimeMilliseconds()));
        var gone = 0L;
        while (true)
        {
            var removed = await ledger.WriteAsync((book, _, _) => PurgePart(ledger, book, cutMs));
            gone += removed;
            if (removed == 0) return gone;
        }
    }

    private static long PurgePart(StoredLedger ledger, LedgerBook book, long cutMs)
    {
        book.Save();
        ledger.Connection.Run($"""
            CREATE TEMP TABLE IF NOT EXISTS going(id BIGINT PRIMARY KEY);
            DELETE FROM going;
            INSERT INTO going SELECT id FROM charges WHERE at<@cut ORDER BY at LIMIT {RowsAtOnce};
            INSERT INTO months(start, key_id, team, "user", tags, model, deployment, calls, cost, tokens)
                SELECT {LedgerDialect.Of(ledger.Connection).MonthStartOf("at")} AS month, key_id, team, "user", tags, model, deployment, SUM(CASE WHEN corrects IS NULL THEN 1 ELSE 0 END), SUM(cost), SUM(tokens)
                FROM charges WHERE id IN (SELECT id FROM going) GROUP BY month, key_id, team, "user", tags, model, deployment
                ON CONFLICT(start, key_id, team, "user", tags, model, deployment) DO UPDATE SET calls=months.calls+excluded.calls, cost=months.cost+excluded.cost, tokens=months.tokens+excluded.tokens;
            DELETE FROM charges WHERE id IN (SELECT id FROM going);
            DELETE FROM counters WHERE start<@cut AND start<>{long.MinValue};
            DELETE FROM alerts WHERE start<@cut AND start<>{long.MinValue};
            """, ("cut", cutMs));
        book.Forget();
        book.Refresh();
        return (long)ledger.Connection.Ask("SELECT COUNT(*) FROM going")!;
    }

    private static ChargeRow Correction(Repricing change, LedgerOwner owner, long nowMs)
    {
        var charge = change.Charge;
        var row = new ReservationRow
        {
            Id = charge.Id, Owner = owner.Id, OperationId = charge.OperationId, Attempt = charge.Attempt, AtMs = charge.At.ToUnixTimeMilliseconds(), Caller = charge.Caller,
            Model = charge.Model, Deployment = charge.Deployment, BoundUsd = PicoUsd.Zero, BoundTokens = 0,
        };
        var settlement = new Settlement { Usage = default, CostUsd = change.DifferenceUsd, Lines = change.Lines, PriceSource = change.PriceSource, Outcome = "repriced", AnsweredBy = charge.AnsweredBy };
        return new ChargeRow(owner.NextId(), charge.Id, row, nowMs, PicoUsd.FromUsd(change.DifferenceUsd), 0, settlement);
    }

    /// <summary>The same counts at other rates.</summary>
    private static IReadOnlyList<ChargeLine> LinesAt(ModelPrice price, IReadOnlyList<ChargeLine> lines)
    {
        return price.Bill(new TokenUsage(Count("input"), Count("output"), Count("cache_read"), Count("cache_write"), Count("reasoning"))
        {
            CacheWriteHour = Count("cache_write_1h"), InputAudio = Count("input_audio"), OutputAudio = Count("output_audio"), ServerToolUnits = Count("server_tool"),
        });

        long Count(string name) => lines.FirstOrDefault(line => line.Class == name).Count;
    }
}

/// <summary>A charge that other prices would make another sum.</summary>
/// <param name="Lines">The arithmetic at the other prices.</param>
/// <param name="DifferenceUsd">What is to be added to the charge; less than zero: it was too dear.</param>
public sealed record Repricing(ChargeFact Charge, IReadOnlyList<ChargeLine> Lines, decimal DifferenceUsd, string PriceSource);
