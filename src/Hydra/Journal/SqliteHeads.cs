using System.Security.Cryptography;
using System.Text;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

// Ends of what is chained, for a note outside the store.
public sealed partial class SqliteRunStore
{
    /// <summary>The last frame of every run, or of one, the last use of the kill switch and the last change of the policy.</summary>
    public IReadOnlyList<JournalHead> JournalHeads(RunId? only = null) => Query(connection => HeadsIn(connection, only), isReadOnly: true);

    private static List<JournalHead> HeadsIn(SqliteConnection connection, RunId? only)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT r.run, f.seq, f.hash FROM runs r JOIN frames f ON f.id=(SELECT max(id) FROM frames WHERE id BETWEEN {FrameKey.From("r.id")} AND {FrameKey.Last("r.id")}) WHERE $run='' OR r.run=$run ORDER BY r.run";
        command.Parameters.AddWithValue("$run", only?.Text ?? "");
        using var reader = command.ExecuteReader();
        var heads = new List<JournalHead>();
        while (reader.Read()) heads.Add(new(reader.GetString(0), reader.GetInt64(1), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(2))));
        var uses = KillSwitchRows.Audit(connection);
        if (uses.Count > 0) heads.Add(new(AuditHead.SwitchName, uses.Count, SwitchHash(uses, uses.Count)!));
        if (PolicyChangeRows.Head(connection) is { } changes) heads.Add(changes);
        return heads;
    }

    /// <summary>The hash at a place that a note names; null: the store holds no such place.</summary>
    public string? HashAt(string of, long count) => Query(connection => HashIn(connection, of, count), isReadOnly: true);

    private static string? HashIn(SqliteConnection connection, string of, long count)
    {
        if (of == AuditHead.SwitchName) return SwitchHash(KillSwitchRows.Audit(connection), count);
        if (of == AuditHead.PolicyName) return PolicyChangeRows.HashAt(connection, count);
        if (count is < 0 or > FrameKey.SequenceMax) return null;
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT hash FROM frames WHERE id={FrameKey.From("SELECT id FROM runs WHERE run=$run", "$seq")}";
        command.Parameters.AddWithValue("$run", of);
        command.Parameters.AddWithValue("$seq", count);
        return command.ExecuteScalar() is byte[] hash ? Convert.ToHexStringLower(hash) : null;
    }

    /// <summary>The chain over the uses of the kill switch.</summary>
    private static string? SwitchHash(IReadOnlyList<SwitchUse> uses, long count)
    {
        if (count < 1 || count > uses.Count) return null;
        var hash = new byte[32];
        foreach (var use in uses.Take((int)count))
        {
            var text = ValueMap.Of(("on", use.TurnsOn), ("scope", (long)use.Scope), ("by", use.By), ("reason", use.Reason), ("at", use.AtMs));
            hash = SHA256.HashData([.. hash, .. Encoding.UTF8.GetBytes(StepKey.Of(text))]);
        }
        return Convert.ToHexStringLower(hash);
    }
}
