using Hydra.Gateway.Ledger;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Ledgers that an earlier Hydra wrote, and files that are none.</summary>
public sealed class LedgerMigrationTests : IDisposable
{
    /// <summary>Version 1 as it was written: one budget, one charge, and a call that its process left open when it died.</summary>
    private const string VersionOne = """
        CREATE TABLE changes(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO changes VALUES('budgets', 3), ('keys', 1);
        CREATE TABLE owners(id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, since INTEGER NOT NULL);
        INSERT INTO owners VALUES(1, 'gone', 1772627400000);
        CREATE TABLE budgets(
            id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, name TEXT NOT NULL, window INTEGER NOT NULL,
            max_usd TEXT, max_tokens INTEGER, origin TEXT NOT NULL, UNIQUE(kind, name, window, origin));
        INSERT INTO budgets SELECT 1, KIND, '', WINDOW, '1', NULL, 'config';
        CREATE TABLE counters(
            budget INTEGER NOT NULL, start INTEGER NOT NULL, spent_usd INTEGER NOT NULL, reserved_usd INTEGER NOT NULL,
            spent_tokens INTEGER NOT NULL, reserved_tokens INTEGER NOT NULL, PRIMARY KEY(budget, start)) WITHOUT ROWID;
        CREATE TABLE alerts(budget INTEGER NOT NULL, start INTEGER NOT NULL, percent INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(budget, start, percent)) WITHOUT ROWID;
        CREATE TABLE reservations(
            id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, operation TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
            key_id TEXT NOT NULL, team TEXT NOT NULL, user TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            bound_usd INTEGER NOT NULL, bound_tokens INTEGER NOT NULL);
        INSERT INTO reservations VALUES(68719476738, 1, 'op2', 1, 1772627400000, '', 'research', '', '', 'smart', 'smart/claude/x', 300000000000, 900);
        CREATE TABLE charges(
            id INTEGER PRIMARY KEY, operation TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
            key_id TEXT NOT NULL, team TEXT NOT NULL, user TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            bound_usd INTEGER NOT NULL, bound_tokens INTEGER NOT NULL, corrects INTEGER, settled_at INTEGER NOT NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL,
            lines TEXT NOT NULL, price_source TEXT NOT NULL, price_confidence TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL,
            ms REAL NOT NULL, ttft_ms REAL, answered_by TEXT NOT NULL, is_estimate INTEGER NOT NULL);
        INSERT INTO charges VALUES(68719476737, 'op1', 1, 1772627400000, '', 'research', '', '', 'smart', 'smart/claude/x', 300000000000, 900, NULL, 1772627401000, 200000000000, 500,
            '[]', 'table', '', 'answered', 200, 12.5, NULL, '', 0);
        CREATE TRIGGER charges_stay BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'a charge never changes; add a correcting one'); END;
        CREATE INDEX charges_by_at ON charges(at);
        CREATE INDEX charges_by_operation ON charges(operation);
        CREATE TABLE months(
            start INTEGER NOT NULL, key_id TEXT NOT NULL, team TEXT NOT NULL, user TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            calls INTEGER NOT NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY(start, key_id, team, user, tags, model, deployment)) WITHOUT ROWID;
        CREATE TABLE keys(
            id TEXT PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL, old_hash BLOB, old_until INTEGER,
            team TEXT NOT NULL, user TEXT NOT NULL, tags TEXT NOT NULL, models TEXT NOT NULL, rpm INTEGER, tpm INTEGER, max_parallel INTEGER,
            created INTEGER NOT NULL, expires INTEGER, blocked INTEGER NOT NULL, deleted INTEGER, last_used INTEGER) WITHOUT ROWID;
        CREATE UNIQUE INDEX keys_by_name ON keys(name) WHERE deleted IS NULL;
        PRAGMA user_version=1;
        """;

    private readonly LedgerFolder _folder = new();

    [Fact]
    public async Task A_ledger_of_version_1_is_taken_up_with_its_budgets_its_charges_and_what_was_under_way()
    {
        _folder.Write(VersionOne.Replace("KIND", $"{(int)BudgetScopeKind.All}", StringComparison.Ordinal).Replace("WINDOW", $"{(int)BudgetWindow.Total}", StringComparison.Ordinal));
        await using var ledger = await _folder.OpenAsync();
        Assert.Equal(2L, Ask("PRAGMA user_version"));
        Assert.Equal(0.5m, Assert.Single(await ledger.BudgetsAsync(Token)).SpentUsd);   // 0.2 charged, and 0.3 held by a process that is gone
        var request = new ReserveRequest { OperationId = "op3", Attempt = 1, Caller = Caller.Anyone, Model = "smart", Deployment = "smart/claude/x", BoundUsd = 0.6m, BoundTokens = 10 };
        Assert.IsType<ReserveResult.Refused>(await ledger.ReserveAsync(request, Token));
        var granted = Assert.IsType<ReserveResult.Granted>(await ledger.ReserveAsync(request with { BoundUsd = 0.5m }, Token));
        await ledger.SettleAsync(granted.Reservation, new Settlement { Usage = new TokenUsage(1, 1), CostUsd = 0.1m, PriceSource = "table", Outcome = "answered" });
        await ledger.DisposeAsync();
        Assert.Equal([("op1", (200_000L, "answered")), ("op2", (300_000L, "cut")), ("op3", (100_000L, "answered"))], _folder.Charges().OrderBy(charge => charge.Key).Select(charge => (charge.Key, charge.Value)));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_taken_up_stays_as_it_was()
    {
        _folder.Write(VersionOne.Replace("KIND", "0", StringComparison.Ordinal).Replace("WINDOW", "0", StringComparison.Ordinal) + "DROP INDEX charges_by_at; CREATE VIEW charges_by_at AS SELECT 1;");
        var failed = await Assert.ThrowsAsync<StoreException>(() => _folder.OpenAsync());
        Assert.Contains(_folder.File, failed.Message, StringComparison.Ordinal);
        Assert.Equal((1L, 0L, 1L), (Ask("PRAGMA user_version"), Ask("SELECT COUNT(*) FROM sqlite_master WHERE name='ahead'"), Ask("SELECT COUNT(*) FROM reservations")));
    }

    [Fact]
    public async Task A_newer_ledger_and_a_database_of_something_else_are_refused_and_stay_as_they_are()
    {
        _folder.Write("CREATE TABLE runs(id INTEGER PRIMARY KEY); PRAGMA user_version=1");
        Assert.Contains("is a database, but no ledger. Name another file: HYDRA_LEDGER", (await Assert.ThrowsAsync<StoreException>(() => _folder.OpenAsync())).Message, StringComparison.Ordinal);
        Assert.Equal((1L, 1L, "delete"), (Ask("PRAGMA user_version"), Ask("SELECT COUNT(*) FROM sqlite_master"), Ask("PRAGMA journal_mode")));
        _folder.Write("DROP TABLE runs; CREATE TABLE charges(id INTEGER PRIMARY KEY); PRAGMA user_version=3");
        Assert.Contains("was written by a newer Hydra (format 3, this one knows 2). Use that version", (await Assert.ThrowsAsync<StoreException>(() => _folder.OpenAsync())).Message, StringComparison.Ordinal);
        Assert.Equal(1L, Ask("SELECT COUNT(*) FROM sqlite_master WHERE type='table'"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    public void Dispose() => _folder.Dispose();
}
