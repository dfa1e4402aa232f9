using System.Security.Cryptography;
using System.Text;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>A rule that was put into the project's policy or taken out of it by <c>hydra policy</c>.</summary>
/// <param name="IsAccepted">False: it was revoked.</param>
/// <param name="Name">The rule's name.</param>
/// <param name="Rule">The rule as it was written.</param>
/// <param name="By">Who, as they say.</param>
/// <param name="AtMs">When (Unix milliseconds).</param>
public sealed record PolicyChange(bool IsAccepted, string Name, ValueMap Rule, string By, string Reason, long AtMs)
{
    internal ValueMap ToValue() => ValueMap.Of(("accepted", IsAccepted), ("name", Name), ("rule", Rule), ("by", By), ("reason", Reason), ("at", AtMs));
}

/// <summary>The table <c>policy_changes</c>: each row with the hash of itself and the row before.</summary>
internal static class PolicyChangeRows
{
    public const string Table = "CREATE TABLE IF NOT EXISTS policy_changes(id INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);";

    public static void Add(SqliteConnection connection, PolicyChange change)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var rows = Read(connection);
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO policy_changes(body, hash) VALUES($body, $hash)";
        var body = ValueJson.ToText(change.ToValue());
        command.Parameters.AddWithValue("$body", body);
        command.Parameters.AddWithValue("$hash", HashOf(rows.Count == 0 ? "" : rows[^1].Hash, body));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    public static IReadOnlyList<PolicyChange> Changes(SqliteConnection connection) => [.. Read(connection).Select(row => Of(row.Body))];

    /// <summary>The hash after that many changes; null: there are fewer.</summary>
    public static string? HashAt(SqliteConnection connection, long count) => Read(connection) is var rows && count >= 1 && count <= rows.Count ? rows[(int)count - 1].Hash : null;

    /// <summary>The first row that is not the one that was written, from 1; null: all are.</summary>
    public static int? FirstBroken(SqliteConnection connection)
    {
        var before = "";
        var number = 0;
        foreach (var row in Read(connection))
        {
            number++;
            if (row.Hash != HashOf(before, row.Body)) return number;
            before = row.Hash;
        }
        return null;
    }

    /// <summary>The last change's number and hash; null: there was none.</summary>
    public static JournalHead? Head(SqliteConnection connection) => Read(connection) is { Count: > 0 } rows ? new(AuditHead.PolicyName, rows.Count, rows[^1].Hash) : null;

    private static List<(string Body, string Hash)> Read(SqliteConnection connection)
    {
        var rows = new List<(string, string)>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT body, hash FROM policy_changes ORDER BY id";
        using var reader = command.ExecuteReader();
        while (reader.Read()) rows.Add((reader.GetString(0), reader.GetString(1)));
        return rows;
    }

    private static PolicyChange Of(string body)
    {
        var map = Value.ParseJson(body).AsObject;
        return new PolicyChange(map["accepted"].AsBoolean, map["name"].AsText, map["rule"].AsObject, map["by"].AsText, map["reason"].AsText, map["at"].AsInteger);
    }

    private static string HashOf(string before, string body) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(before + "\n" + body)));
}
