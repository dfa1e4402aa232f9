using System.Buffers;
using System.Text;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// The table <c>reuse</c>: an index over completed executions by what their results depend on. It holds no results: it
/// points at the frame in which the node ended, and the journal is believed. New lines are appended to <c>reuse_new</c> in
/// the transaction of that frame, all of them by one statement, and sorted into the index many at a time by whoever looks: a
/// line at a random place of a large index costs pages of its own, one at the end of a list nearly nothing, and a run that
/// nobody asks pays for no more than that. Whoever looks sees both.
/// </summary>
internal static class ReuseRows
{
    /// <summary>New lines before whoever looks sorts them in; bounds what a look at them can cost.</summary>
    public const int NewMax = 512;

    /// <summary>Lines sorted in by one transaction: other runs wait for it with their frames.</summary>
    private const int SortedAtOnceMax = 4_096;

    private const int KeyBytes = 32;
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
        insert.CommandText = $"""
            INSERT INTO reuse_new({Columns})
            SELECT substr($keys, 1+{KeyBytes}*key, {KeyBytes}), $run, json_extract(value, '$[0]'), $seq, $at, json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each($lines)
            """;
        foreach (var name in (string[])["$run", "$seq", "$at", "$keys", "$lines"]) insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        return insert;
    }

    public static void Save(SqliteCommand insert, PendingFrame frame)
    {
        insert.Parameters[0].Value = frame.RunKey.Id;
        insert.Parameters[1].Value = frame.Sequence;
        insert.Parameters[2].Value = frame.AtMs;
        insert.Parameters[3].Value = KeysOf(frame.Reuse);
        insert.Parameters[4].Value = LinesOf(frame.Reuse);
        insert.ExecuteNonQuery();
    }

    /// <summary>One behind the other: JSON has no bytes.</summary>
    private static byte[] KeysOf(IReadOnlyList<ReuseEntry> entries)
    {
        var keys = new byte[KeyBytes * entries.Count];
        for (var i = 0; i < entries.Count; i++) Convert.FromHexString(entries[i].Key.Hash, keys.AsSpan(KeyBytes * i, KeyBytes), out _, out _);
        return keys;
    }

    /// <summary>Node, path and parts of each.</summary>
    private static string LinesOf(IReadOnlyList<ReuseEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>(512 * entries.Count);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        foreach (var entry in entries)
        {
            json.WriteStartArray();
            json.WriteNumberValue(entry.Node);
            json.WriteStringValue(entry.Path);
            json.WriteStringValue(entry.Key.PartsJson);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Sorts what is new into the index where there is much of it, also what runs that died left and what runs that go on have appended so far.</summary>
    public static void SortIn(SqliteConnection connection)
    {
        using var bounds = connection.CreateCommand();
        bounds.CommandText = "SELECT coalesce((SELECT id FROM reuse_new ORDER BY id LIMIT 1), 0), coalesce((SELECT id FROM reuse_new ORDER BY id DESC LIMIT 1), -1)";
        long first, last;
        using (var reader = bounds.ExecuteReader())
        {
            reader.Read();
            (first, last) = (reader.GetInt64(0), reader.GetInt64(1));
        }
        if (last - first < NewMax) return;
        for (var upTo = Math.Min(first + SortedAtOnceMax, last); ; upTo = Math.Min(upTo + SortedAtOnceMax, last))
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            using var sort = connection.CreateCommand();
            sort.Transaction = transaction;
            sort.CommandText = $"""
                INSERT OR REPLACE INTO reuse({Columns}) SELECT {Columns} FROM reuse_new WHERE id<=$up_to ORDER BY key, run, seq;
                DELETE FROM reuse_new WHERE id<=$up_to;
                """;
            sort.Parameters.AddWithValue("$up_to", upTo);
            sort.ExecuteNonQuery();
            transaction.Commit();
            if (upTo == last) return;
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
