using Hydra.Model;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Hydra.Agents.Memory;

/// <summary>
/// What agents have noted, in one SQLite file that processes share (<c>memory.db</c> in the runs directory), or in this process alone.
/// Safe to use from many threads.
/// </summary>
public sealed class AgentMemory
{
    private const string FileName = "memory.db";
    private const int BusySeconds = 10;
    private const string Columns = "id, scope, owner, only_run, key, text, labels, run, node, agent, written_ms, expires_ms";
    private readonly Lock _lock = new();
    private readonly string _source;
    private readonly SqliteConnection? _own;

    private AgentMemory(string source, SqliteConnection? own) => (_source, _own) = (source, own);

    /// <summary>The memory of a runs directory; the file is made at the first note.</summary>
    public static AgentMemory In(string folder) => new(Path.Combine(Path.GetFullPath(folder), FileName), null);

    /// <summary>A memory that ends with this object.</summary>
    public static AgentMemory OfProcess()
    {
        Batteries_V2.Init();
        return new AgentMemory("", Open(":memory:"));
    }

    /// <summary>Whether a runs directory holds anything; looking makes no file.</summary>
    public bool Exists => _own is not null || File.Exists(_source);

    /// <summary>Notes an item, or the same one again; what has expired goes, and the oldest beyond <paramref name="itemsMax"/> of its place.</summary>
    /// <exception cref="CallFailedException">The file cannot be written.</exception>
    public void Add(MemoryItem item, int itemsMax) => Use(connection =>
    {
        using var transaction = connection.BeginTransaction();
        Execute(connection, "DELETE FROM memory WHERE expires_ms <= $now", ("$now", item.WrittenMs));
        Execute(connection, "INSERT OR REPLACE INTO memory (scope, owner, only_run, key, text, labels, run, node, agent, written_ms, expires_ms) VALUES ($scope, $owner, $only, $key, $text, $labels, $run, $node, $agent, $written, $expires)",
            ("$scope", item.Place.Scope), ("$owner", item.Place.Owner), ("$only", item.Place.Run), ("$key", item.Key), ("$text", item.Text), ("$labels", item.Labels.ToValue().ToJson()),
            ("$run", item.Run), ("$node", item.Node), ("$agent", item.Agent), ("$written", item.WrittenMs), ("$expires", item.ExpiresMs));
        Execute(connection, "DELETE FROM memory WHERE scope = $scope AND owner = $owner AND id NOT IN (SELECT id FROM memory WHERE scope = $scope AND owner = $owner ORDER BY id DESC LIMIT $most)",
            ("$scope", item.Place.Scope), ("$owner", item.Place.Owner), ("$most", itemsMax));
        transaction.Commit();
        return 0;
    });

    /// <summary>What a place holds now: newest first, at most <paramref name="itemsMax"/>, and noted as read by a run.</summary>
    /// <param name="words">Items that hold more of these words come first, those with none not at all; none: every item.</param>
    /// <exception cref="CallFailedException">The file cannot be read.</exception>
    public IReadOnlyList<MemoryItem> Recall(MemoryPlace place, string reader, IReadOnlyList<string> words, int itemsMax, long nowMs) => !Exists ? [] : Use<IReadOnlyList<MemoryItem>>(connection =>
    {
        using var transaction = connection.BeginTransaction();
        var there = Read(connection, $"SELECT {Columns} FROM memory WHERE scope = $scope AND owner = $owner AND only_run IN ('', $run) AND (expires_ms IS NULL OR expires_ms > $now) ORDER BY id DESC",
            ("$scope", place.Scope), ("$owner", place.Owner), ("$run", reader), ("$now", nowMs));
        List<MemoryItem> found = words.Count == 0 ? [.. there.Take(itemsMax)]
            : [.. there.Select(item => (Item: item, Hits: words.Count(word => item.Text.Contains(word, StringComparison.OrdinalIgnoreCase)))).Where(hit => hit.Hits > 0).OrderByDescending(hit => hit.Hits).Select(hit => hit.Item).Take(itemsMax)];
        foreach (var item in found) Execute(connection, "INSERT OR IGNORE INTO readings (item, run) VALUES ($item, $run)", ("$item", item.Id), ("$run", reader));
        transaction.Commit();
        return found;
    });

    /// <summary>Items as selected, oldest first.</summary>
    public IReadOnlyList<MemoryItem> List(MemorySelection selection) => !Exists ? [] : Use(connection => Matching(connection, selection));

    /// <summary>Removes items as selected.</summary>
    /// <param name="derived">Also what runs wrote after they had recalled one of them, and so on.</param>
    /// <returns>What is gone.</returns>
    public IReadOnlyList<MemoryItem> Remove(MemorySelection selection, bool derived) => !Exists ? [] : Use<IReadOnlyList<MemoryItem>>(connection =>
    {
        using var transaction = connection.BeginTransaction();
        var gone = Matching(connection, selection).ToDictionary(item => item.Id);
        var open = new Queue<MemoryItem>(gone.Values);
        while (derived && open.TryDequeue(out var source))
        {
            foreach (var item in Read(connection, $"SELECT {Columns} FROM memory WHERE id > $id AND run IN (SELECT run FROM readings WHERE item = $id)", ("$id", source.Id)))
                if (gone.TryAdd(item.Id, item)) open.Enqueue(item);
        }
        foreach (var id in gone.Keys)
        {
            Execute(connection, "DELETE FROM memory WHERE id = $id", ("$id", id));
            Execute(connection, "DELETE FROM readings WHERE item = $id", ("$id", id));
        }
        transaction.Commit();
        return [.. gone.Values.OrderBy(item => item.Id)];
    });

    private static IReadOnlyList<MemoryItem> Matching(SqliteConnection connection, MemorySelection wanted) =>
        [.. Read(connection, $"SELECT {Columns} FROM memory ORDER BY id").Where(item =>
            (wanted.Id is null || item.Id == wanted.Id) && (wanted.Scope is null || item.Place.Scope == wanted.Scope) && (wanted.Owner is null || item.Place.Owner == wanted.Owner)
            && (wanted.Run is null || item.Run == wanted.Run) && (wanted.Node is null || item.Node == wanted.Node) && (wanted.Agent is null || item.Agent == wanted.Agent)
            && (!wanted.IsUntrusted || item.Labels.IsUntrusted))];

    private T Use<T>(Func<SqliteConnection, T> act)
    {
        lock (_lock)
        {
            try
            {
                if (_own is not null) return act(_own);
                Batteries_V2.Init();
                Directory.CreateDirectory(Path.GetDirectoryName(_source)!);
                using var connection = Open(_source);
                return act(connection);
            }
            catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw new CallFailedException(ErrorCode.ToolFailed, $"the memory '{(_own is null ? _source : "of this process")}' cannot be used: {failed.Message.TrimEnd('.')}. Nothing was overwritten; restore the file from a copy, or move it away to begin without notes", failed);
            }
        }
    }

    private static SqliteConnection Open(string source)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = source, Pooling = false, DefaultTimeout = BusySeconds }.ToString());
        try
        {
            connection.Open();
            Execute(connection, """
                CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, owner TEXT NOT NULL, only_run TEXT NOT NULL, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL,
                    labels TEXT NOT NULL, run TEXT NOT NULL, node TEXT NOT NULL, agent TEXT NOT NULL, written_ms INTEGER NOT NULL, expires_ms INTEGER);
                CREATE INDEX IF NOT EXISTS memory_place ON memory (scope, owner);
                CREATE TABLE IF NOT EXISTS readings (item INTEGER NOT NULL, run TEXT NOT NULL, PRIMARY KEY (item, run)) WITHOUT ROWID;
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = CommandOf(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private static List<MemoryItem> Read(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = CommandOf(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var items = new List<MemoryItem>();
        while (reader.Read())
        {
            items.Add(new MemoryItem
            {
                Id = reader.GetInt64(0), Place = new MemoryPlace(reader.GetString(1), reader.GetString(2), reader.GetString(3)), Key = reader.GetString(4), Text = reader.GetString(5),
                Labels = Labels.Read(Value.ParseJson(reader.GetString(6))), Run = reader.GetString(7), Node = reader.GetString(8), Agent = reader.GetString(9),
                WrittenMs = reader.GetInt64(10), ExpiresMs = reader.IsDBNull(11) ? null : reader.GetInt64(11),
            });
        }
        return items;
    }

    private static SqliteCommand CommandOf(SqliteConnection connection, string sql, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // the texts are this class's own; what comes from outside is a parameter
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
