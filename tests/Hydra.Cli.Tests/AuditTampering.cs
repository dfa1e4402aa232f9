using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>A copy of a store in the hands of somebody who may write all of it, and knows how its hashes are made.</summary>
internal sealed class AuditTampering(string folder, IReadOnlyList<string> olderCopies, Random random) : IDisposable
{
    private readonly SqliteConnection _database = Open(Path.Combine(folder, "hydra.db"));

    private sealed record Row(long Run, long Seq, long At, byte[] Hash, byte[] Body);

    /// <summary>Every way, and whether only a head outside the store can tell.</summary>
    public static readonly IReadOnlyList<(string Name, bool NeedsHead, Action<AuditTampering> Do)> Ways =
    [
        ("a bit of a frame flipped", false, way => way.Flip()),
        ("a frame's time changed", false, way => way.ChangeTime()),
        ("a frame deleted", false, way => way.DeleteWithin()),
        ("two frames exchanged", false, way => way.Reorder()),
        ("a frame inserted", false, way => way.Insert(isRehashed: false)),
        ("a frame replaced by another", false, way => way.Replace(isRehashed: false)),
        ("an artifact changed, emptied or deleted", false, way => way.HarmArtifact()),
        ("two artifacts exchanged", false, way => way.SwapArtifacts()),
        ("the kill switch turned without a use", false, way => way.TurnSwitch()),
        ("a whole journal emptied", false, way => way.Run($"DELETE FROM frames WHERE run={way.AnyRun()}")),
        ("the end cut off", true, way => way.CutTail()),
        ("a whole run removed", true, way => way.RemoveRun()),
        ("a frame inserted, the tail hashed anew", true, way => way.Insert(isRehashed: true)),
        ("a frame replaced, the tail hashed anew", true, way => way.Replace(isRehashed: true)),
        ("a frame deleted, the tail hashed anew", true, way => way.DeleteAndRehash()),
        ("the journals of two runs exchanged", true, way => way.SwapRuns()),
        ("the store rolled back to an older copy", true, way => way.RollBack()),
        ("a use of the kill switch changed", true, way => way.ChangeUse()),
        ("a use of the kill switch taken out", true, way => way.RemoveUse()),
    ];

    public void Dispose() => _database.Dispose();

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous=OFF";
        command.ExecuteNonQuery();
        return connection;
    }

    private void Flip()
    {
        var row = Any(Rows());
        var bytes = random.Next(4) == 0 ? row.Hash : row.Body;
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        Save(row);
    }

    private void ChangeTime()
    {
        var row = Any(Rows());
        Save(row with { At = row.At + random.Next(1, 100_000) });
    }

    private void DeleteWithin()
    {
        var rows = Journal();
        Run($"DELETE FROM frames WHERE run={rows[0].Run} AND seq={rows[random.Next(rows.Count - 1)].Seq}");
    }

    private void Reorder()
    {
        var rows = Journal();
        var (i, j) = Two(rows.Count);
        Save(rows[i] with { Seq = rows[j].Seq });
        Save(rows[j] with { Seq = rows[i].Seq });
    }

    private void Insert(bool isRehashed)
    {
        var rows = Journal();
        var at = random.Next(rows.Count);
        var copy = Any(rows);
        Write(rows, [.. rows[..at], copy, .. rows[at..]], isRehashed ? at : int.MaxValue);
    }

    private void Replace(bool isRehashed)
    {
        var rows = Journal();
        var (at, other) = Two(rows.Count);
        var written = rows.ToList();
        written[at] = rows[at] with { Body = rows[other].Body };
        Write(rows, written, isRehashed ? at : int.MaxValue);
    }

    private void DeleteAndRehash()
    {
        var rows = Journal();
        var at = random.Next(1, rows.Count);
        Write(rows, [.. rows[..at], .. rows[(at + 1)..]], at);
    }

    private void CutTail()
    {
        var rows = Journal();
        Run($"DELETE FROM frames WHERE run={rows[0].Run} AND seq>{rows[random.Next(rows.Count - 1)].Seq}");
    }

    private void RemoveRun()
    {
        var run = AnyRun();
        Run($"DELETE FROM frames WHERE run={run}; DELETE FROM runs WHERE id={run}");
    }

    private void SwapRuns()
    {
        var runs = Rows().Select(row => row.Run).Distinct().ToList();
        var (i, j) = Two(runs.Count);
        Run($"UPDATE frames SET run=-1 WHERE run={runs[i]}; UPDATE frames SET run={runs[i]} WHERE run={runs[j]}; UPDATE frames SET run={runs[j]} WHERE run=-1");
    }

    private void RollBack()
    {
        _database.Dispose();
        foreach (var log in new[] { "-wal", "-shm" }) File.Delete(Path.Combine(folder, "hydra.db" + log));
        File.Copy(olderCopies[random.Next(olderCopies.Count)], Path.Combine(folder, "hydra.db"), overwrite: true);
    }

    private void HarmArtifact()
    {
        var file = Artifacts()[random.Next(Artifacts().Count)];
        var bytes = File.ReadAllBytes(file);
        switch (random.Next(3))
        {
            case 0: File.Delete(file); return;
            case 1: bytes = bytes[..random.Next(bytes.Length)]; break;
            default: bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8)); break;
        }
        File.Delete(file);
        File.WriteAllBytes(file, bytes);
    }

    private void SwapArtifacts()
    {
        var files = Artifacts();
        var (i, j) = Two(files.Count);
        File.Move(files[i], files[i] + ".x");
        File.Move(files[j], files[i]);
        File.Move(files[i] + ".x", files[j]);
    }

    private void TurnSwitch() => Run(random.Next(3) switch { 0 => "UPDATE kill_switch SET scope=1-scope", 1 => "DELETE FROM kill_switch", _ => "UPDATE kill_switch SET by='bo'" });

    private void ChangeUse() => Run($"UPDATE kill_switch_uses SET {random.Next(4) switch { 0 => "turns_on=1-turns_on", 1 => "by='bo'", 2 => "reason='a drill'", _ => "at=at+1" }} WHERE id={random.Next(1, 5)}");

    private void RemoveUse() => Run($"DELETE FROM kill_switch_uses WHERE id={random.Next(1, 5)}");

    /// <summary>Writes the rows of one run anew, numbered on from its first, and from a place on with hashes that fit.</summary>
    private void Write(IReadOnlyList<Row> old, IReadOnlyList<Row> rows, int rehashFrom)
    {
        var (run, first) = (old[0].Run, old[0].Seq);
        Run($"DELETE FROM frames WHERE run={run}");
        var previous = first == 0 ? new byte[32] : Rows().First(row => row.Seq == first - 1).Hash;
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i] with { Seq = first + i };
            if (i >= rehashFrom) row = row with { Hash = HashOf(previous, row) };
            Save(row);
            previous = row.Hash;
        }
    }

    private static byte[] HashOf(byte[] previous, Row row)
    {
        var numbers = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, row.Seq);
        BinaryPrimitives.WriteInt64LittleEndian(numbers.AsSpan(8), row.At);
        return SHA256.HashData([.. previous, .. numbers, .. Unpacked(row.Body)]);
    }

    /// <summary>The body that the hash is over: a long one is stored as the byte 1, its length and a Brotli stream.</summary>
    private static byte[] Unpacked(byte[] stored)
    {
        if (stored is not [1, ..]) return stored;
        var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(stored.AsSpan(1))];
        Assert.True(BrotliDecoder.TryDecompress(stored.AsSpan(5), body, out _));
        return body;
    }

    private void Save(Row row)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "INSERT OR REPLACE INTO frames(run, seq, at, hash, body) VALUES($run, $seq, $at, $hash, $body)";
        command.Parameters.AddWithValue("$run", row.Run);
        command.Parameters.AddWithValue("$seq", row.Seq);
        command.Parameters.AddWithValue("$at", row.At);
        command.Parameters.AddWithValue("$hash", row.Hash);
        command.Parameters.AddWithValue("$body", row.Body);
        command.ExecuteNonQuery();
    }

    private List<Row> Rows()
    {
        using var command = _database.CreateCommand();
        command.CommandText = "SELECT run, seq, at, hash, body FROM frames ORDER BY run, seq";
        using var reader = command.ExecuteReader();
        var rows = new List<Row>();
        while (reader.Read()) rows.Add(new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<byte[]>(4)));
        return rows;
    }

    /// <summary>The frames of any one run that has more than one.</summary>
    private List<Row> Journal() => Any([.. Rows().GroupBy(row => row.Run).Select(rows => rows.ToList()).Where(rows => rows.Count > 1)]);

    private long AnyRun() => Any(Rows()).Run;

    private List<string> Artifacts() => [.. Directory.EnumerateFiles(Path.Combine(folder, "artifacts"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private T Any<T>(List<T> list) => list[random.Next(list.Count)];

    private (int, int) Two(int count)
    {
        var first = random.Next(count);
        return (first, (first + random.Next(1, count)) % count);
    }

    private void Run(string sql)
    {
        using var command = _database.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0, sql);
    }
}
