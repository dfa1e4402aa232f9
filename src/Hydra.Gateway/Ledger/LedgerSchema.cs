using System.Globalization;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>The tables of <c>gateway.db</c>, and of a shared database, version 2. Money is in pico-dollars, times in milliseconds since 1970; an empty text stands for none.</summary>
internal static class LedgerSchema
{
    public const int Version = 2;
    /// <summary>Longest wait for other processes' transactions.</summary>
    private const int BusyMsMax = 10_000;

    public const string CallColumns = "operation, attempt, at, key_id, team, \"user\", tags, model, deployment, bound_usd, bound_tokens";

    /// <summary>In SQLite's words.</summary>
    public const string Tables = """
        CREATE TABLE IF NOT EXISTS changes(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO changes VALUES('budgets', 0), ('keys', 0) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS owners(id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, since INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS ahead(owner INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS budgets(
            id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, name TEXT NOT NULL, "window" INTEGER NOT NULL,
            max_usd TEXT, max_tokens INTEGER, origin TEXT NOT NULL, UNIQUE(kind, name, "window", origin));
        CREATE TABLE IF NOT EXISTS counters(
            budget INTEGER NOT NULL, start INTEGER NOT NULL, spent_usd INTEGER NOT NULL, reserved_usd INTEGER NOT NULL,
            spent_tokens INTEGER NOT NULL, reserved_tokens INTEGER NOT NULL, PRIMARY KEY(budget, start)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS alerts(budget INTEGER NOT NULL, start INTEGER NOT NULL, percent INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(budget, start, percent)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS reservations(
            id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, operation TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
            key_id TEXT NOT NULL, team TEXT NOT NULL, "user" TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            bound_usd INTEGER NOT NULL, bound_tokens INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS charges(
            id INTEGER PRIMARY KEY, operation TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
            key_id TEXT NOT NULL, team TEXT NOT NULL, "user" TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            bound_usd INTEGER NOT NULL, bound_tokens INTEGER NOT NULL, corrects INTEGER, settled_at INTEGER NOT NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL,
            lines TEXT NOT NULL, price_source TEXT NOT NULL, price_confidence TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL,
            ms REAL NOT NULL, ttft_ms REAL, answered_by TEXT NOT NULL, is_estimate INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS charges_by_at ON charges(at);
        CREATE INDEX IF NOT EXISTS charges_by_operation ON charges(operation);
        CREATE TABLE IF NOT EXISTS months(
            start INTEGER NOT NULL, key_id TEXT NOT NULL, team TEXT NOT NULL, "user" TEXT NOT NULL, tags TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
            calls INTEGER NOT NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY(start, key_id, team, "user", tags, model, deployment)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS keys(
            id TEXT PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL, old_hash BLOB, old_until INTEGER,
            team TEXT NOT NULL, "user" TEXT NOT NULL, tags TEXT NOT NULL, models TEXT NOT NULL, rpm INTEGER, tpm INTEGER, max_parallel INTEGER,
            created INTEGER NOT NULL, expires INTEGER, blocked INTEGER NOT NULL, deleted INTEGER, last_used INTEGER) WITHOUT ROWID;
        CREATE UNIQUE INDEX IF NOT EXISTS keys_by_name ON keys(name) WHERE deleted IS NULL;
        """;

    private const string ChargesStay = "CREATE TRIGGER IF NOT EXISTS charges_stay BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'a charge never changes; add a correcting one'); END";

    /// <summary>Opens the file, making it and its folder where they are missing. Throws <see cref="StoreException"/>.</summary>
    public static SqliteConnection Open(string file)
    {
        SQLitePCL.Batteries_V2.Init();
        SqliteConnection? connection = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            connection = Connect(file);
            RefuseForeign(connection, file);
            StoreSchema.Run(connection, "PRAGMA journal_mode=WAL");
            var found = Convert.ToInt32(StoreSchema.Ask(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
            if (found > Version) throw new StoreException(StoreFault.Corrupt, $"{file} was written by a newer Hydra (format {found}, this one knows {Version}). Use that version, or name another file under 'store' in the gateway's configuration.");
            // What is older lacks tables alone: version 1 has no `ahead`. A process of that version that still runs goes on beside this one.
            if (found < Version) StoreSchema.Run(connection, $"BEGIN IMMEDIATE; {Tables} {ChargesStay}; PRAGMA user_version={Version}; COMMIT");
            return connection;
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            throw Explain(failed, file);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>A file of something else is left as it is: of a store of runs, this would make one that no Hydra can read.</summary>
    private static void RefuseForeign(SqliteConnection connection, string file)
    {
        const string tables = "SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name";
        if ((long)StoreSchema.Ask(connection, $"{tables} NOT LIKE 'sqlite_%'")! == 0 || (long)StoreSchema.Ask(connection, $"{tables} = 'charges'")! == 1) return;
        throw new StoreException(StoreFault.Corrupt, $"{file} is a database, but no ledger. Name another file: HYDRA_LEDGER for runs, --store, or 'store' in the gateway's configuration.");
    }

    /// <summary>A further connection to a file that is prepared.</summary>
    public static SqliteConnection Connect(string file)
    {
        // Not pooled: a pool would keep the file open after disposal, and hand out connections with another's settings.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 1, Pooling = false }.ToString());
        connection.Open();
        // Checkpoints are for the ledger's upkeep, off the path of calls. The busy handler is SQLite's own: it waits in single milliseconds.
        StoreSchema.Run(connection, $"PRAGMA busy_timeout={BusyMsMax}; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0");
        return connection;
    }

    public static StoreException Explain(Exception failed, string file) => SqliteFaults.Explain(failed, file, "name another file under 'store' in the gateway's configuration");
}
