using System.Globalization;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>The tables of <c>hydra.db</c>. Version 2 packs the bodies of frames (<see cref="StoredBody"/>) and has one integer as their key (<see cref="FrameKey"/>).</summary>
internal static class StoreSchema
{
    public const int Version = 2;

    /// <summary>Below this a store is converted in less time than a line takes to read.</summary>
    private const long ToldBytesMin = 16_000_000;

    /// <param name="told">Hears of a conversion that takes long.</param>
    public static void Prepare(SqliteConnection connection, Durability durability, Action<string>? told)
    {
        // 16 MiB of log between checkpoints: a checkpoint costs fsyncs of its own.
        Run(connection, $"PRAGMA journal_mode=WAL; PRAGMA synchronous={(durability == Durability.Full ? "FULL" : "NORMAL")}; PRAGMA wal_autocheckpoint=4096;");
        var found = Convert.ToInt32(Ask(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
        if (found > Version) throw new StoreException(StoreFault.Newer, $"{connection.DataSource} was written by a newer Hydra (format {found}, this one knows {Version}). Use that version, or another --runs-dir.");
        if (found == 1) Convert1(connection, told);
        else if (found < Version) Make(connection);
        ReuseRows.Prepare(connection);
        Run(connection, KillSwitchRows.Tables + PolicyChangeRows.Table + OwnerRows.Table);
    }

    private static readonly string Frames = $"""
        CREATE TABLE IF NOT EXISTS frames(
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,
            run INTEGER AS (id >> 32), seq INTEGER AS (id & {FrameKey.SequenceMax}));
        """;

    /// <summary>From version 1, whose frames had the key (run, seq); whole or not at all, and by one process where several come.</summary>
    private static void Convert1(SqliteConnection connection, Action<string>? told)
    {
        // Not SqliteTransaction: SQLite ends the transaction itself where the disk is full, and that one then throws when it is put away.
        Run(connection, "BEGIN IMMEDIATE");
        if (Ask(connection, "PRAGMA user_version") is 1L)
        {
            if (new FileInfo(connection.DataSource).Length is >= ToldBytesMin and var bytes) told?.Invoke($"{connection.DataSource} is being converted to format {Version} ({bytes / 1_000_000:#,0} MB); this happens once.");
            Run(connection, $"""
                ALTER TABLE frames RENAME TO frames_1;
                {Frames}
                INSERT INTO frames(id, at, hash, body) SELECT {FrameKey.From("run", "seq")}, at, hash, body FROM frames_1 ORDER BY run, seq;
                DROP TABLE frames_1;
                PRAGMA user_version={Version};
                """);
        }
        Run(connection, "COMMIT");
    }

    private static void Make(SqliteConnection connection) => Run(connection, $"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS runs(
                id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, definition TEXT NOT NULL,
                status TEXT NOT NULL, reason TEXT NOT NULL, started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                micro_usd INTEGER NOT NULL, tokens INTEGER NOT NULL, tags TEXT NOT NULL, node_seconds TEXT);
            CREATE INDEX IF NOT EXISTS runs_by_workflow ON runs(workflow, id);
            {Frames}
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
