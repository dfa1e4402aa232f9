using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// The table <c>reuse</c>: an index over completed executions by what their results depend on. It holds no results: it
/// points at the frame in which the node ended, and the journal is believed. New lines are appended to <c>reuse_new</c> in
/// the transaction of that frame and sorted into the index many at a time: a line at a random place of a large index costs
/// pages of its own, one at the end of a list nearly nothing. Whoever looks sees both.
/// </summary>
internal static class ReuseRows
{
    /// <summary>New lines of one process before they are sorted in; bounds what a look at them can cost.</summary>
    public const int NewMax = 512;

    private const string Columns = "key, run, node, seq, at, path, parts";

    public static void Prepare(SqliteConnection connection) => StoreSchema.Run(connection, """
        CREATE TABLE IF NOT EXISTS reuse(
            key BLOB NOT NULL, run INTEGER NOT NULL, node INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL, parts TEXT NOT NULL,
            PRIMARY KEY(key, run, node)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS reuse_by_path ON reuse(path, at);
        CREATE TABLE IF NOT EXISTS reuse_new(
            id INTEGER PRIMARY KEY, key BLOB NOT NULL, run INTEGER NOT NULL, node INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL, parts TEXT NOT NULL);
        """);

    public static SqliteCommand InsertInto(SqliteConnection connection)
    {
        var insert = connection.CreateCommand();
        insert.CommandText = $"INSERT INTO reuse_new({Columns}) VALUES($key, $run, $node, $seq, $at, $path, $parts)";
        foreach (var name in (string[])["$key", "$run", "$node", "$seq", "$at", "$path", "$parts"]) insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        return insert;
    }

    /// <summary>Sorts what is new into the index, also what runs that died left; inside the caller's transaction.</summary>
    public static void SortIn(SqliteConnection connection) => StoreSchema.Run(connection, $"""
        INSERT OR REPLACE INTO reuse({Columns}) SELECT {Columns} FROM reuse_new ORDER BY key, run, seq;
        DELETE FROM reuse_new;
        """);

    public static void Save(SqliteCommand insert, PendingFrame frame)
    {
        foreach (var entry in frame.Reuse)
        {
            insert.Parameters[0].Value = Convert.FromHexString(entry.Key.Hash);
            insert.Parameters[1].Value = frame.RunKey.Id;
            insert.Parameters[2].Value = entry.Node;
            insert.Parameters[3].Value = frame.Sequence;
            insert.Parameters[4].Value = frame.AtMs;
            insert.Parameters[5].Value = entry.Path;
            insert.Parameters[6].Value = entry.Key.PartsJson;
            insert.ExecuteNonQuery();
        }
    }

    public static IReadOnlyList<ReuseRecord> At(SqliteConnection connection, string path, int countMax)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            WITH found AS (SELECT run, path, key, parts, at FROM reuse WHERE path=$path UNION ALL SELECT run, path, key, parts, at FROM reuse_new WHERE path=$path)
            SELECT runs.run, found.path, found.key, found.parts, found.at FROM found JOIN runs ON runs.id=found.run ORDER BY found.at DESC, found.run DESC LIMIT $max
            """;
        command.Parameters.AddWithValue("$path", path);
        command.Parameters.AddWithValue("$max", countMax);
        using var reader = command.ExecuteReader();
        var records = new List<ReuseRecord>();
        while (reader.Read())
        {
            records.Add(new ReuseRecord(new RunId(reader.GetString(0)), reader.GetString(1), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(2)), Value.ParseJson(reader.GetString(3)).AsObject, reader.GetInt64(4)));
        }
        return records;
    }
}
