using Hydra.Gateway.Resilience;
using Hydra.Model;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>Looks into a ledger while others write: every answer is of one moment. Not safe to share between threads.</summary>
public sealed class LedgerReport : IDisposable
{
    private readonly DbConnection _connection;

    /// <exception cref="StoreException">The file cannot be opened, or the process that is alone on it does not answer.</exception>
    public LedgerReport(string file) : this(file, LedgerKnock.WaitMax)
    {
    }

    internal LedgerReport(string file, TimeSpan knockMax)
    {
        file = Path.GetFullPath(file);
        var connection = LedgerSchema.Open(file);
        _connection = connection;
        try
        {
            LedgerKnock.Wait(connection, file, self: 0, knockMax);
        }
        catch (Exception failed)
        {
            _connection.Dispose();
            if (failed is SqliteException or IOException or UnauthorizedAccessException) throw LedgerSchema.Explain(failed, file);
            throw;
        }
        // What is left of those that were alone is of processes that are gone.
        if (LedgerOwner.LocksAhead(connection, file, self: 0).Count > 0) SettleDeadAsync(file).GetAwaiter().GetResult();
    }

    internal LedgerReport(DbConnection connection) => _connection = connection;

    private static async Task SettleDeadAsync(string file)
    {
        await using var _ = await SqliteLedger.OpenAsync(file, TimeProvider.System);
    }

    /// <summary>Every row of an operation, in the order of its attempts; empty: it is not known here.</summary>
    public IReadOnlyList<ChargeFact> Operation(string id)
    {
        using var command = Command($"""
            SELECT {ChargeFact.Columns} FROM charges WHERE operation=@id UNION ALL
            SELECT {ChargeFact.ColumnsOfHeld} FROM reservations WHERE operation=@id ORDER BY attempt, id
            """, ("id", id));
        return ChargeFact.Read(command);
    }

    /// <summary>What a scope came to in the window of a moment, with its newest rows.</summary>
    /// <param name="rowsMax">Rows that are listed at most; the sums are over all.</param>
    public ScopeFact Scope(BudgetScope scope, BudgetWindow window, DateTimeOffset at, int rowsMax = 20)
    {
        using var snapshot = new Snapshot(_connection);
        var start = BudgetWindows.StartOf(window, at.ToUnixTimeMilliseconds());
        var end = BudgetWindows.EndOf(window, start);
        var resolved = Resolve(scope);
        var sum = LedgerFold.Of(_connection, resolved, start, end);
        var budget = BudgetRows.Read(_connection).FirstOrDefault(row => row.Budget.Scope == resolved && row.Budget.Window == window);
        var covered = $"at>=@start AND at<@end AND {LedgerFold.Where(resolved)}";
        using var command = Command($"""
            SELECT {ChargeFact.Columns} FROM charges WHERE {covered} UNION ALL
            SELECT {ChargeFact.ColumnsOfHeld} FROM reservations WHERE {covered} ORDER BY at DESC, id DESC LIMIT @max
            """, ("max", (long)rowsMax));
        LedgerFold.Bind(command, resolved, start, end);
        var rows = ChargeFact.Read(command);
        using var count = Command($"SELECT (SELECT COUNT(*) FROM charges WHERE {covered}), (SELECT COUNT(*) FROM reservations WHERE {covered})");
        LedgerFold.Bind(count, resolved, start, end);
        using var counted = count.ExecuteReader();
        counted.Read();
        return new ScopeFact(resolved, window, TimeOf(start), TimeOf(end), budget?.Budget, sum.SpentUsd.Usd, sum.ReservedUsd.Usd, sum.SpentTokens, sum.ReservedTokens, counted.GetInt64(0), counted.GetInt64(1), rows);
    }

    /// <summary>Windows for which a scope has a budget.</summary>
    public IReadOnlyList<BudgetWindow> WindowsOf(BudgetScope scope)
    {
        var resolved = Resolve(scope);
        return [.. BudgetRows.Read(_connection).Where(row => row.Budget.Scope == resolved).Select(row => row.Budget.Window).Distinct()];
    }

    /// <summary>Spend by a dimension since a moment, dearest first; what was folded up into months counts from its month on.</summary>
    /// <param name="by"><c>key</c>, <c>team</c>, <c>user</c>, <c>model</c>, <c>deployment</c> or <c>day</c>.</param>
    public IReadOnlyList<SpendLine> Spend(string by, DateTimeOffset since)
    {
        var dialect = LedgerDialect.Of(_connection);
        var (column, monthColumn) = by switch
        {
            "key" => ("COALESCE((SELECT name FROM keys WHERE keys.id=key_id), key_id)", "COALESCE((SELECT name FROM keys WHERE keys.id=key_id), key_id)"),
            "team" or "user" or "model" or "deployment" => ($"\"{by}\"", $"\"{by}\""),
            "day" => (dialect.DayOf("at"), dialect.MonthOf("start")),
            _ => throw new ArgumentException($"'{by}' is not a dimension.", nameof(by)),
        };
        using var command = Command($"""
            SELECT what, SUM(calls), SUM(cost), SUM(tokens), SUM(cut) FROM (
                SELECT {column} AS what, CASE WHEN corrects IS NULL THEN 1 ELSE 0 END AS calls, cost, tokens, CASE WHEN outcome='cut' THEN 1 ELSE 0 END AS cut FROM charges WHERE at>=@since UNION ALL
                SELECT {monthColumn}, calls, cost, tokens, 0 FROM months WHERE start>=@since) AS spent GROUP BY what ORDER BY {(by == "day" ? "what" : "SUM(cost) DESC, what")}
            """, ("since", since.ToUnixTimeMilliseconds()));
        using var reader = command.ExecuteReader();
        var lines = new List<SpendLine>();
        while (reader.Read()) lines.Add(new SpendLine(reader.GetString(0), reader.GetInt64(1), new PicoUsd(reader.GetInt64(2)).Usd, reader.GetInt64(3), reader.GetInt64(4)));
        return lines;
    }

    /// <summary>What caches served since a moment, apart from all charges; what saved most first.</summary>
    public IReadOnlyList<Caching.CacheHitLine> CacheHits(DateTimeOffset since) => Caching.CacheHits.Read(_connection, since);

    /// <summary>What became of the newest calls to each deployment since a moment, as its breaker saw them; in the order of time.</summary>
    /// <param name="callsMax">Calls over all deployments; older ones are left out.</param>
    public IReadOnlyDictionary<string, IReadOnlyList<PastCall>> PastCalls(DateTimeOffset since, int callsMax)
    {
        using var command = Command("SELECT deployment, at, outcome, status FROM charges WHERE at>=@since AND corrects IS NULL ORDER BY at DESC, id DESC LIMIT @max", ("since", since.ToUnixTimeMilliseconds()), ("max", (long)callsMax));
        using var reader = command.ExecuteReader();
        var calls = new SortedDictionary<string, List<PastCall>>(StringComparer.Ordinal);
        while (reader.Read())
        {
            if (!Pipeline.Failures.TryRead(reader.GetString(2), reader.GetInt32(3), out var failure)) continue;
            if (!calls.TryGetValue(reader.GetString(0), out var of)) calls[reader.GetString(0)] = of = [];
            of.Add(new PastCall(TimeSpan.FromMilliseconds(reader.GetInt64(1) - since.ToUnixTimeMilliseconds()), failure));
        }
        foreach (var of in calls.Values) of.Reverse();
        return calls.ToDictionary(pair => pair.Key, IReadOnlyList<PastCall> (pair) => pair.Value, StringComparer.Ordinal);
    }

    /// <summary>Limits of which 80 or 100 percent were spent, newest first.</summary>
    public IReadOnlyList<BudgetAlert> Alerts(int rowsMax = 20)
    {
        var budgets = BudgetRows.Read(_connection).ToDictionary(row => row.Id, row => row.Budget);
        using var command = Command("SELECT budget, start, percent, at FROM alerts ORDER BY at DESC LIMIT @max", ("max", (long)rowsMax));
        using var reader = command.ExecuteReader();
        var alerts = new List<BudgetAlert>();
        while (reader.Read())
        {
            if (budgets.TryGetValue(reader.GetInt64(0), out var budget)) alerts.Add(new BudgetAlert(budget, TimeOf(reader.GetInt64(1)), reader.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3))));
        }
        return alerts;
    }

    /// <summary>Counters that are not the fold of their rows; empty when the ledger is sound.</summary>
    public IReadOnlyList<string> Verify()
    {
        using var snapshot = new Snapshot(_connection);
        var budgets = BudgetRows.Read(_connection).ToDictionary(row => row.Id, row => row.Budget);
        using var command = Command("SELECT spent_usd, reserved_usd, spent_tokens, reserved_tokens, budget, start FROM counters");
        var counters = new List<(Counter Counter, long Budget, long Start)>();
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read()) counters.Add((LedgerFold.ReadCounter(reader), reader.GetInt64(4), reader.GetInt64(5)));
        }
        var faults = new List<string>();
        foreach (var (counter, id, start) in counters)
        {
            if (!budgets.TryGetValue(id, out var budget)) continue;
            var fold = LedgerFold.Of(_connection, budget.Scope, start, BudgetWindows.EndOf(budget.Window, start));
            if (!counter.Equals(fold))
                faults.Add($"{budget.Scope}, {BudgetWindows.NameOf(budget.Window)} from {TimeOf(start)?.ToString("yyyy-MM-dd HH:mm") ?? "the beginning"}: the counter says ${counter.SpentUsd} spent and ${counter.ReservedUsd} held, the rows ${fold.SpentUsd} and ${fold.ReservedUsd}.");
        }
        return faults;
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>Charges since a moment that have a price to look at, with what their corrections have made of them; oldest first.</summary>
    internal IReadOnlyList<ChargeFact> Priced(DateTimeOffset since)
    {
        using var command = Command($"SELECT {ChargeFact.Columns} FROM charges WHERE at>=@since AND corrects IS NULL AND lines<>'' ORDER BY at, id", ("since", since.ToUnixTimeMilliseconds()));
        return ChargeFact.Read(command);
    }

    /// <summary>A key by its id, however it was named.</summary>
    private BudgetScope Resolve(BudgetScope scope)
    {
        if (scope.Kind != BudgetScopeKind.Key) return scope;
        using var command = Command("SELECT id FROM keys WHERE name=@name AND deleted IS NULL", ("name", scope.Name));
        return command.ExecuteScalar() is string id ? new BudgetScope(BudgetScopeKind.Key, id) : scope;
    }

    private DbCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> values) => _connection.Command(sql, values);

    private static DateTimeOffset? TimeOf(long ms) => ms is long.MinValue or long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(ms);

    /// <summary>A transaction in which every answer is of one moment.</summary>
    private readonly struct Snapshot : IDisposable
    {
        private readonly DbConnection _connection;

        public Snapshot(DbConnection connection)
        {
            _connection = connection;
            connection.Run(LedgerDialect.Of(connection).BeginSnapshot);
        }

        public void Dispose() => _connection.Run("ROLLBACK");
    }
}

/// <summary>What a scope came to in one window.</summary>
/// <param name="Limit">Null: no budget is set for this window.</param>
/// <param name="Charges">Rows behind the spend.</param>
/// <param name="Held">Calls under way.</param>
/// <param name="Newest">The newest of both.</param>
public sealed record ScopeFact(BudgetScope Scope, BudgetWindow Window, DateTimeOffset? From, DateTimeOffset? To, Budget? Limit, decimal SpentUsd, decimal ReservedUsd,
    long SpentTokens, long ReservedTokens, long Charges, long Held, IReadOnlyList<ChargeFact> Newest);

/// <summary>Spend of one key, team, user, model, deployment or day.</summary>
/// <param name="Cut">Calls that a crash cut and that stand at their bound.</param>
public sealed record SpendLine(string What, long Calls, decimal CostUsd, long Tokens, long Cut);

/// <summary>A part of a limit that was spent.</summary>
public sealed record BudgetAlert(Budget Budget, DateTimeOffset? WindowFrom, int Percent, DateTimeOffset At);
