using System.Globalization;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>The tables of <c>hydra.db</c>. Version 2 packs the bodies of frames (<see cref="StoredBody"/>); whoever knows it reads those of version 1 as they are.</summary>
internal static class StoreSchema
{
    public const int Version = 2;

    public static void Prepare(SqliteConnection connection, Durability durability)
    {
        // 16 MiB of log between checkpoints: a checkpoint costs fsyncs of its own.
        Run(connection, $"PRAGMA journal_mode=WAL; PRAGMA synchronous={(durability == Durability.Full ? "FULL" : "NORMAL")}; PRAGMA wal_autocheckpoint=4096;");
        var found = Convert.ToInt32(Ask(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
        if (found > Version) throw new StoreException(StoreFault.Newer, $"{connection.DataSource} was written by a newer Hydra (format {found}, this one knows {Version}). Use that version, or another --runs-dir.");
        if (found < Version) Make(connection);
        ReuseRows.Prepare(connection);
        Run(connection, KillSwitchRows.Tables + PolicyChangeRows.Table + OwnerRows.Table);
    }

    private static void Make(SqliteConnection connection) => Run(connection, $"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS runs(
                id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, definition TEXT NOT NULL,
                status TEXT NOT NULL, reason TEXT NOT NULL, started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                micro_usd INTEGER NOT NULL, tokens INTEGER NOT NULL, tags TEXT NOT NULL, node_seconds TEXT);
            CREATE INDEX IF NOT EXISTS runs_by_workflow ON runs(workflow, id);
            CREATE TABLE IF NOT EXISTS frames(
                run INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,
                PRIMARY KEY(run, seq)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS inbox(
                id INTEGER PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL, verb TEXT NOT NULL, body TEXT NOT NULL);
            {KillSwitchRows.Tables}
            {PolicyChangeRows.Table}
            {OwnerRows.Table}
            PRAGMA user_version={Version};
            COMMIT;
            """);

    public static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static object? Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
