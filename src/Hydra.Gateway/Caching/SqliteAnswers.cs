using Hydra.Gateway.Ledger;
using Hydra.Journal;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Caching;

/// <summary>Answers in a SQLite file of their own, which processes of this machine share and which outlives them.</summary>
/// <remarks>A cache may be lost: nothing is forced to the disk, and a file that is locked or damaged is a miss.</remarks>
internal sealed class SqliteAnswers : IAnswerStore
{
    /// <summary>A call waits no longer for another process's write.</summary>
    private const int BusyMsMax = 50;
    private const int EvictedAtOnce = 32;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS answers(
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, model TEXT NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL,
            used INTEGER NOT NULL, bytes INTEGER NOT NULL, saved INTEGER NOT NULL, tokens INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers(expires);
        CREATE TABLE IF NOT EXISTS tags(tag TEXT NOT NULL, answer INTEGER NOT NULL, PRIMARY KEY(tag, answer)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS tags_by_answer ON tags(answer);
        CREATE TABLE IF NOT EXISTS size(id INTEGER PRIMARY KEY CHECK(id=1), bytes INTEGER NOT NULL);
        INSERT OR IGNORE INTO size VALUES(1, 0);
        CREATE TRIGGER IF NOT EXISTS answer_comes AFTER INSERT ON answers BEGIN UPDATE size SET bytes=bytes+NEW.bytes; END;
        CREATE TRIGGER IF NOT EXISTS answer_goes AFTER DELETE ON answers BEGIN UPDATE size SET bytes=bytes-OLD.bytes; DELETE FROM tags WHERE answer=OLD.id; END;
        """;

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly long _bytesMax;
    private readonly TimeProvider _clock;

    /// <exception cref="Hydra.Model.StoreException">The file cannot be opened or made.</exception>
    public SqliteAnswers(string file, long bytesMax, TimeProvider clock)
    {
        (_bytesMax, _clock) = (bytesMax, clock);
        SQLitePCL.Batteries_V2.Init();
        SqliteConnection? connection = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 1, Pooling = false }.ToString());
            connection.Open();
            StoreSchema.Run(connection, $"PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {Tables} PRAGMA busy_timeout={BusyMsMax}");
            _connection = connection;
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            throw SqliteFaults.Explain(failed, file, "name another file under 'store' in the gateway's configuration");
        }
    }

    /// <summary>The cache's file beside a ledger's: <c>gateway.db</c> has <c>gateway-cache.db</c>.</summary>
    public static string FileBeside(string ledger) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(ledger))!, $"{Path.GetFileNameWithoutExtension(ledger)}-cache.db");

    public ValueTask<CachedAnswer?> FindAsync(string key, CancellationToken cancellationToken) => new(Try<CachedAnswer?>(() =>
    {
        using var find = Command("UPDATE answers SET used=$now WHERE key=$key AND expires>$now RETURNING body", ("$key", key), ("$now", NowMs));
        return find.ExecuteScalar() is byte[] body ? AnswerCodec.Read(body) : null;
    }));

    public ValueTask KeepAsync(string key, CachedAnswer answer, CancellationToken cancellationToken)
    {
        if (AnswerCodec.Write(answer) is not { } body || body.Length > _bytesMax) return default;
        Try(() =>
        {
            using var all = _connection.BeginTransaction();
            Run("DELETE FROM answers WHERE key=$key", ("$key", key));
            MakeRoom(body.Length);
            using var keep = Command("INSERT INTO answers(key, model, at, expires, used, bytes, saved, tokens, body) VALUES($key, $model, $at, $expires, $at, $bytes, $saved, $tokens, $body) RETURNING id",
                ("$key", key), ("$model", answer.Model), ("$at", answer.At.ToUnixTimeMilliseconds()), ("$expires", answer.ExpiresAt.ToUnixTimeMilliseconds()),
                ("$bytes", (long)body.Length), ("$saved", PicoUsd.FromUsd(answer.CostUsd).Amount), ("$tokens", answer.Tokens), ("$body", body));
            var id = (long)keep.ExecuteScalar()!;
            foreach (var tag in answer.Tags) Run("INSERT OR IGNORE INTO tags VALUES($tag, $id)", ("$tag", tag), ("$id", id));
            all.Commit();
            return true;
        });
        return default;
    }

    /// <exception cref="Hydra.Model.StoreException">The file cannot be written: an operator must know.</exception>
    public ValueTask<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            try
            {
                using var clear = Command("""
                    DELETE FROM answers WHERE ($tag IS NULL OR id IN (SELECT answer FROM tags WHERE tag=$tag)) AND ($model IS NULL OR model=$model) AND ($before IS NULL OR at<$before)
                    """, ("$tag", selection.Tag), ("$model", selection.Model), ("$before", selection.MadeBefore?.ToUnixTimeMilliseconds()));
                using var all = _connection.BeginTransaction();
                clear.Transaction = all;
                // Changes of triggers are not counted in what the statement returns.
                var gone = clear.ExecuteNonQuery();
                all.Commit();
                return new(gone);
            }
            catch (SqliteException failed)
            {
                throw SqliteFaults.Explain(failed, _connection.DataSource);
            }
        }
    }

    public ValueTask<CacheStats> StatsAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            using var command = Command("SELECT COUNT(*), COALESCE(SUM(bytes), 0), COALESCE(SUM(saved), 0) FROM answers WHERE expires>$now", ("$now", NowMs));
            using var reader = command.ExecuteReader();
            reader.Read();
            return new(new CacheStats(reader.GetInt64(0), reader.GetInt64(1), new PicoUsd(reader.GetInt64(2)).Usd));
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate) _connection.Dispose();
        return default;
    }

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>First what has expired, then what saves least for each byte and each moment since it was last asked for.</summary>
    private void MakeRoom(long bytes)
    {
        if (SizeOf() + bytes <= _bytesMax) return;
        Run("DELETE FROM answers WHERE expires<=$now", ("$now", NowMs));
        while (SizeOf() + bytes > _bytesMax)
        {
            var gone = Run($"DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY (saved+tokens)*1.0/bytes/(1+MAX(0, $now-used)), id LIMIT {EvictedAtOnce})", ("$now", NowMs));
            if (gone == 0) return;
        }
    }

    private long SizeOf() => (long)StoreSchema.Ask(_connection, "SELECT bytes FROM size")!;

    private T? Try<T>(Func<T> act)
    {
        lock (_gate)
        {
            try
            {
                return act();
            }
            catch (SqliteException)
            {
                return default;   // locked, full or damaged: a miss
            }
        }
    }

    private int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
