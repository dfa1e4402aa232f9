using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// Finds earlier results by their key. A run that reuses asks once a node, so the statement stays prepared and the frames that
/// were read last stay decoded: neighbours in one run mostly ended in one frame. Safe for many threads, one at a time.
/// </summary>
internal sealed class ReuseLookup(Func<SqliteConnection> connect) : IDisposable
{
    private const int FramesMax = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<(RunId Run, long Sequence, long AtMs), Dictionary<int, RunEvent.Ended>> _frames = [];
    private SqliteConnection? _connection;
    private SqliteCommand? _find;
    private bool _cannotSort;

    /// <summary>Of several the one at the same path, then the latest: items asked alike keep their own results.</summary>
    public ReuseSource? Find(string key, string path, RunId notOf, long sinceMs)
    {
        lock (_lock)
        {
            var find = _find ??= Prepare_NeedsLock();
            SortIn_NeedsLock();
            find.Parameters[0].Value = Convert.FromHexString(key);
            find.Parameters[1].Value = notOf.Text;
            find.Parameters[2].Value = sinceMs;
            find.Parameters[3].Value = path;
            RunId run;
            string at;
            long sequence, atMs;
            int node;
            using (var reader = find.ExecuteReader())
            {
                if (!reader.Read()) return null;
                (run, at, sequence, node, atMs) = (new RunId(reader.GetString(0)), reader.GetString(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetInt64(4));
            }
            return CompletedIn_NeedsLock(run, sequence, atMs).TryGetValue(node, out var ended) ? new ReuseSource(run, at, ended.Output!, ended.Signal) : null;
        }
    }

    /// <summary>What cannot be sorted in now (another process writes, the disk is full) is looked at as it lies; it is not tried again.</summary>
    private void SortIn_NeedsLock()
    {
        if (_cannotSort) return;
        try
        {
            ReuseRows.SortIn(_connection!);
        }
        catch (SqliteException)
        {
            _cannotSort = true;
        }
    }

    private SqliteCommand Prepare_NeedsLock()
    {
        _connection = connect();
        var find = _connection.CreateCommand();
        find.CommandText = """
            WITH found AS (
                SELECT run, path, seq, node, at FROM reuse WHERE key=$key
                UNION ALL SELECT run, path, seq, node, at FROM reuse_new WHERE key=$key)
            SELECT runs.run, found.path, found.seq, found.node, found.at FROM found JOIN runs ON runs.id=found.run
            WHERE runs.run<>$run AND found.at>=$since ORDER BY (found.path=$path) DESC, found.at DESC, found.seq DESC LIMIT 1
            """;
        foreach (var name in (string[])["$key", "$run", "$since", "$path"]) find.Parameters.Add(new SqliteParameter { ParameterName = name });
        return find;
    }

    private Dictionary<int, RunEvent.Ended> CompletedIn_NeedsLock(RunId run, long sequence, long atMs)
    {
        if (_frames.TryGetValue((run, sequence, atMs), out var known)) return known;
        if (_frames.Count == FramesMax) _frames.Clear();
        var ended = FrameRows.Read(_connection!, run, sequence).First().Events.OfType<RunEvent.Ended>().Where(one => one is { Status: NodeStatus.Completed, Output: not null });
        var completed = new Dictionary<int, RunEvent.Ended>();
        foreach (var one in ended) completed[one.Node] = one;
        return _frames[(run, sequence, atMs)] = completed;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _find?.Dispose();
            _connection?.Dispose();
        }
    }
}
