using System.Data.Common;

namespace Hydra.Gateway.Ledger;

/// <summary>A key as it is stored.</summary>
internal sealed record KeyRow(VirtualKey Key, Hash256 Hash, Hash256? OldHash);

/// <summary>The table <c>keys</c>.</summary>
internal static class KeyRows
{
    private const string Columns = "keys.id, keys.name, prefix, hash, old_hash, old_until, team, \"user\", tags, models, rpm, tpm, max_parallel, created, expires, blocked, last_used, \"window\", max_usd, budgets.max_tokens";

    public static IReadOnlyList<KeyRow> Read(DbConnection connection)
    {
        using var command = connection.Command($"SELECT {Columns} FROM keys LEFT JOIN budgets ON kind=1 AND budgets.name=keys.id AND origin='key '||keys.id WHERE deleted IS NULL ORDER BY created, keys.id");
        using var reader = command.ExecuteReader();
        var found = new List<KeyRow>();
        while (reader.Read()) found.Add(ReadRow(reader));
        return found;
    }

    public static void Add(DbConnection connection, VirtualKey key, Hash256 hash) => connection.Run("""
        INSERT INTO keys(id, name, prefix, hash, team, "user", tags, models, rpm, tpm, max_parallel, created, expires, blocked)
        VALUES(@id, @name, @prefix, @hash, @team, @user, @tags, @models, @rpm, @tpm, @parallel, @created, @expires, 0)
        """, ("id", key.Id), ("name", key.Name), ("prefix", key.Prefix), ("hash", hash.ToArray()), ("team", key.Team ?? ""), ("user", key.User ?? ""),
        ("tags", LedgerTags.ToText(key.Tags)), ("models", LedgerTags.ToText(key.Models)), ("rpm", key.RequestsPerMinute), ("tpm", key.TokensPerMinute),
        ("parallel", key.ParallelMax), ("created", key.CreatedAt.ToUnixTimeMilliseconds()), ("expires", key.ExpiresAt?.ToUnixTimeMilliseconds()));

    public static void Rotate(DbConnection connection, string id, string prefix, Hash256 hash, long oldUntilMs) =>
        Update(connection, id, "old_hash=hash, old_until=@until, hash=@hash, prefix=@prefix", ("until", oldUntilMs), ("hash", hash.ToArray()), ("prefix", prefix));

    public static void SetBlocked(DbConnection connection, string id, bool isBlocked) => Update(connection, id, "blocked=@blocked", ("blocked", isBlocked ? 1L : 0L));

    /// <summary>The row stays, so that charges of the key keep their name.</summary>
    public static void Delete(DbConnection connection, string id, long nowMs) => Update(connection, id, "deleted=@now", ("now", nowMs));

    public static void SetUsed(DbConnection connection, string id, long atMs) => Update(connection, id, "last_used=@at", ("at", atMs));

    public static long Version(DbConnection connection) => (long)connection.Ask("SELECT value FROM changes WHERE name='keys'")!;

    private static void Update(DbConnection connection, string id, string change, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = connection.Command($"UPDATE keys SET {change} WHERE id=@id", values);
        command.Bind(("id", id));
        command.ExecuteNonQuery();
    }

    private static KeyRow ReadRow(DbDataReader reader)
    {
        var id = reader.GetString(0);
        var budget = reader.IsDBNull(17) ? null
            : new Budget(new BudgetScope(BudgetScopeKind.Key, id), (BudgetWindow)reader.GetInt32(17), reader.IsDBNull(18) ? null : decimal.Parse(reader.GetString(18)), reader.IsDBNull(19) ? null : reader.GetInt64(19));
        var key = new VirtualKey
        {
            Id = id, Name = reader.GetString(1), Prefix = reader.GetString(2), Team = Text(reader, 6), User = Text(reader, 7),
            Tags = LedgerTags.Parse(reader.GetString(8)), Models = LedgerTags.Parse(reader.GetString(9)),
            RequestsPerMinute = reader.IsDBNull(10) ? null : reader.GetInt32(10), TokensPerMinute = reader.IsDBNull(11) ? null : reader.GetInt64(11), ParallelMax = reader.IsDBNull(12) ? null : reader.GetInt32(12),
            Budget = budget, CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(13)), ExpiresAt = Time(reader, 14), IsBlocked = reader.GetInt64(15) != 0, LastUsedAt = Time(reader, 16),
            OldSecretUntil = Time(reader, 5),
        };
        return new KeyRow(key, Hash256.Read(reader.GetFieldValue<byte[]>(3)), reader.IsDBNull(4) ? null : Hash256.Read(reader.GetFieldValue<byte[]>(4)));
    }

    private static string? Text(DbDataReader reader, int column) => reader.GetString(column) is { Length: > 0 } text ? text : null;
    private static DateTimeOffset? Time(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));
}
