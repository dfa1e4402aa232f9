using System.Data.Common;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Caching;

/// <summary>An answer that came out of a cache.</summary>
/// <param name="Tier"><c>exact</c> or <c>semantic</c>.</param>
/// <param name="Age">Since it was made.</param>
/// <param name="Similarity">Of the two last turns, as a cosine; null: the words are the same.</param>
/// <param name="SavedUsd">What it cost when it was made.</param>
/// <param name="Tokens">All tokens of the call that made it.</param>
public sealed record CacheHit(string Tier, TimeSpan Age, double? Similarity, decimal SavedUsd, long Tokens);

/// <summary>Hits since a moment, by model and tier.</summary>
public sealed record CacheHitLine(string Model, string Tier, long Hits, long ServedTokens, decimal SavedUsd);

/// <summary>
/// Counts what caches served, in the ledger's file but apart from its charges: a replay is no charge and touches no budget. One row
/// for each hour, key, model and tier.
/// </summary>
internal sealed class CacheHits
{
    private const long HourMs = 3_600_000;
    /// <summary>In SQLite's words.</summary>
    internal const string Table = """
        CREATE TABLE IF NOT EXISTS cache_hits(
            start INTEGER NOT NULL, key_id TEXT NOT NULL, team TEXT NOT NULL, model TEXT NOT NULL, tier TEXT NOT NULL,
            hits INTEGER NOT NULL, tokens INTEGER NOT NULL, saved INTEGER NOT NULL, PRIMARY KEY(start, key_id, team, model, tier)) WITHOUT ROWID
        """;

    private readonly StoredLedger _ledger;
    private readonly TimeProvider _clock;

    public CacheHits(StoredLedger ledger, TimeProvider clock) => (_ledger, _clock) = (ledger, clock);

    /// <summary>Marks the operation as answered by a cache, and counts it with the next transaction.</summary>
    public void Note(Operation operation, CachedAnswer answer, double? similarity)
    {
        var now = _clock.GetUtcNow();
        var hit = new CacheHit(similarity is null ? "exact" : "semantic", now - answer.At, similarity, answer.CostUsd, answer.Tokens);
        operation.Cache = "hit";
        operation.Hit = hit;
        var (caller, model, start) = (operation.Caller, operation.Model, now.ToUnixTimeMilliseconds() / HourMs * HourMs);
        _ledger.WriteLater(() => Write(start, caller, model, hit));
    }

    /// <summary>Hits since a moment; empty where none was ever counted.</summary>
    public static IReadOnlyList<CacheHitLine> Read(DbConnection connection, DateTimeOffset since)
    {
        if (connection is Microsoft.Data.Sqlite.SqliteConnection && connection.Ask("SELECT 1 FROM sqlite_master WHERE type='table' AND name='cache_hits'") is null) return [];
        using var command = connection.Command("SELECT model, tier, SUM(hits), SUM(tokens), SUM(saved) FROM cache_hits WHERE start>=@since GROUP BY model, tier ORDER BY SUM(saved) DESC, model, tier", ("since", since.ToUnixTimeMilliseconds() / HourMs * HourMs));
        using var reader = command.ExecuteReader();
        var lines = new List<CacheHitLine>();
        while (reader.Read()) lines.Add(new CacheHitLine(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), new PicoUsd(reader.GetInt64(4)).Usd));
        return lines;
    }

    private void Write(long start, Caller caller, string model, CacheHit hit)
    {
        _ledger.Connection.Run(LedgerDialect.Of(_ledger.Connection).ToTables(Table));
        _ledger.Connection.Run("""
            INSERT INTO cache_hits VALUES(@start, @key, @team, @model, @tier, 1, @tokens, @saved)
            ON CONFLICT(start, key_id, team, model, tier) DO UPDATE SET hits=cache_hits.hits+1, tokens=cache_hits.tokens+excluded.tokens, saved=cache_hits.saved+excluded.saved
            """, ("start", start), ("key", caller.KeyId ?? ""), ("team", caller.Team ?? ""), ("model", model), ("tier", hit.Tier), ("tokens", hit.Tokens), ("saved", PicoUsd.FromUsd(hit.SavedUsd).Amount));
    }
}
