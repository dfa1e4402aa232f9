using Hydra.Artifacts;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// All runs of one folder in one SQLite file, <c>hydra.db</c>, in WAL mode. One connection writes; frames that arrive
/// while it commits are written together by the next one, so one fsync serves every run that has something to say.
/// </summary>
public sealed partial class SqliteRunStore : IRunStore
{
    private readonly string _folder;
    private readonly string _file;
    private readonly SqliteConnection _writer;
    private readonly FrameWriter _frames;
    private readonly ReuseLookup _reusable;
    private readonly FileArtifacts _artifacts;

    private readonly StoreFlaw _flaw;

    private SqliteRunStore(string folder, string file, SqliteConnection writer, Durability durability, StoreFlaw flaw)
    {
        _flaw = flaw;
        _folder = folder;
        _file = file;
        _writer = writer;
        _frames = new FrameWriter(writer, file, flaw);
        _reusable = new ReuseLookup(() => Connect(file, isReadOnly: false));
        Switch = new SharedSwitch(this);
        _artifacts = new FileArtifacts(Path.Combine(folder, "artifacts"), durability == Durability.Full);
    }

    /// <summary>The runs directory.</summary>
    public string Folder => _folder;
    public IArtifactStore Artifacts => _artifacts;
    public IKillSwitch Switch { get; }

    /// <summary>Opens the store, making folder and file where they are missing. Throws <see cref="StoreException"/>.</summary>
    /// <param name="told">Hears, in one line, what will take long; null: nobody does.</param>
    public static SqliteRunStore Open(string folder, Durability durability, Action<string>? told = null) => Open(folder, durability, StoreFlaw.None, told);

    internal static SqliteRunStore Open(string folder, Durability durability, StoreFlaw flaw, Action<string>? told = null)
    {
        SQLitePCL.Batteries_V2.Init();
        folder = Path.GetFullPath(folder);
        var file = Path.Combine(folder, "hydra.db");
        SqliteConnection? connection = null;
        try
        {
            DiskSync.MakeFolder(folder);
            RefuseEmptied(folder, file);
            var left = File.Exists(file) ? LeftIn(folder, "artifacts", "locks") : null;   // before looking into it: a store that another process begins has its tables first
            connection = Connect(file, isReadOnly: false);
            if (left is not null && !HasTables(connection)) throw new StoreException(StoreFault.Emptied, $"{file} holds no table, though {left} is there from earlier runs: its log {file}-wal is gone, or the file was cut off. Restore both from a copy, or move {folder} away to begin anew. Nothing was changed.");
            StoreSchema.Prepare(connection, durability, told);
            if (durability == Durability.Full) Press(folder);
            return new SqliteRunStore(folder, file, connection, durability, flaw);
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            throw SqliteFaults.Explain(failed, file);
        }
    }

    /// <summary>
    /// An empty database would be taken for a new one, and its log be removed (pagerOpenWalIfPresent in SQLite's pager.c). A store has its first page before
    /// it has anything else.
    /// </summary>
    private static void RefuseEmptied(string folder, string file)
    {
        if (new FileInfo(file) is not { Exists: true, Length: 0 }) return;
        if (LeftIn(folder, "hydra.db-wal", "artifacts", "locks") is { } left) throw new StoreException(StoreFault.Emptied, $"{file} is empty, though {left} is there from earlier runs: the file was cut off. Restore it from a copy, or move {folder} away to begin anew. Nothing was changed.");
    }

    private static string? LeftIn(string folder, params string[] parts) =>
        parts.Select(part => Path.Combine(folder, part)).FirstOrDefault(part => new FileInfo(part) is { Exists: true, Length: > 0 } || Directory.Exists(part));

    private static bool HasTables(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT EXISTS (SELECT 1 FROM sqlite_master)";
        return (long)command.ExecuteScalar()! == 1;
    }

    /// <summary>The entries of the database and its log, and the folder's own: SQLite presses the first two too, and does not say when that failed (unixSync in os_unix.c).</summary>
    private static void Press(string folder)
    {
        DiskSync.Entry(folder);
        if (Path.GetDirectoryName(folder) is { } parent) DiskSync.Entry(parent);
    }

    /// <summary>Whether a folder holds a store at all; looking must not make one.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, "hydra.db"));

    public IRunJournal Own(RunId run)
    {
        var owned = OwnerLock.TryTake(LockPath(run)) ?? throw Owned(run);
        try
        {
            return new SqliteRunJournal(this, _frames, run, owned);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    public bool IsOwned(RunId run) => OwnerLock.IsHeld(LockPath(run));

    /// <summary>Throws <see cref="StoreException"/> as <see cref="Own"/> does while a living process owns the run; takes nothing.</summary>
    public void RefuseOwned(RunId run)
    {
        if (IsOwned(run)) throw Owned(run);
    }

    private StoreException Owned(RunId run) =>
        new(StoreFault.Owned, $"Run '{run}' is owned by another process that is still alive{(LockHolders.Of(LockPath(run)) is { } holder ? $": {holder}" : "")}. Watch it with `hydra inspect {run} --follow`, or end it with `hydra cancel {run}`.");

    /// <summary>Takes down a change of the project's policy, durably.</summary>
    public void Add(PolicyChange change) => Query(connection =>
    {
        PolicyChangeRows.Add(connection, change);
        return 0;
    });

    /// <summary>Every change of the policy by <c>hydra policy</c>, oldest first.</summary>
    public IReadOnlyList<PolicyChange> PolicyChanges() => Query(PolicyChangeRows.Changes);

    public RunInfo? Find(RunId run) => Query(connection => RunRows.Find(connection, run));

    public IEnumerable<RunInfo> List() => Query(RunRows.List);

    public IReadOnlyDictionary<string, float>? NodeSecondsOf(string workflow) => Query(connection => RunRows.NodeSecondsOf(connection, workflow));

    public IEnumerable<Frame> Read(RunId run, long fromSequence = 0) => Each(connection => FrameRows.Read(connection, run, fromSequence));

    public IEnumerable<Frame> Heads(RunId run) => Query(connection => Segment.ChainOf(connection, run).Select(segment => segment.Head).ToList(), isReadOnly: true);

    public void Post(RunId run, InboxCommand command) => Query(connection =>
    {
        InboxRows.Post(connection, run, command);
        return 0;
    });

    public bool KeepsReusable => true;

    public ReuseSource? FindReusable(string key, string path, RunId notOf, long sinceMs)
    {
        try
        {
            return _reusable.Find(key, path, notOf, sinceMs);
        }
        catch (SqliteException failed)
        {
            throw SqliteFaults.Explain(failed, _file);
        }
    }

    public IReadOnlyList<ReuseRecord> ReusableAt(string path, int countMax) => Query(connection => ReuseRows.At(connection, path, countMax));

    internal IEnumerable<RawFrame> ReadRaw(RunId run) => Each(connection => FrameRows.ReadRaw(connection, run, 0));

    internal byte[] ReadArtifact(ArtifactId id) => _artifacts.ReadBytes(id);

    internal void ImportArtifact(ArtifactId id, byte[] bytes) => _artifacts.WriteBytes(id, bytes);

    /// <summary>A whole run in one transaction; its hashes must have been checked. Throws <see cref="StoreException"/> when it exists or is owned.</summary>
    internal void ImportRun(RunInfo info, IReadOnlyList<RawFrame> frames)
    {
        using var owned = Own(info.Run);
        Query(connection =>
        {
            using var transaction = connection.BeginTransaction();
            var first = new PendingFrame { Run = info.Run, RunKey = new RunKey(), Sequence = 0, AtMs = 0, Hash = [], Body = [] };
            if (RunRows.Find(connection, info.Run) is not null) throw new StoreException(StoreFault.Other, $"Run '{info.Run}' exists here already and is not overwritten.");
            RunRows.Save(connection, first, info);
            foreach (var frame in frames) FrameRows.Save(connection, first.RunKey, frame);
            transaction.Commit();
            return 0;
        });
    }

    internal (RunKey Key, byte[] Hash, long Epoch) Tail(RunId run) => Query(connection => FrameRows.Tail(connection, run));

    internal byte[] HashOf(RunId run, long sequence) => Query(connection => FrameRows.HashOf(connection, run, sequence));

    internal IReadOnlyList<InboxCommand> Inbox(RunId run) => Query(connection =>
    {
        var waiting = InboxRows.Read(connection, run);
        if (_flaw == StoreFlaw.ForgetsInboxEarly) InboxRows.Remove(connection, run, [.. waiting.Select(command => command.Id)]);
        return waiting;
    });

    public void Dispose()
    {
        _reusable.Dispose();
        _frames.Dispose();
        _writer.Dispose();
    }

    /// <summary>The switch in the database: every process that shares the folder sees it.</summary>
    private sealed class SharedSwitch(SqliteRunStore store) : IKillSwitch
    {
        public KillSwitch Read() => store.Query(KillSwitchRows.Read);
        public KillSwitch Use(SwitchUse use) => store.Query(connection => KillSwitchRows.Use(connection, use));
        public IReadOnlyList<SwitchUse> Audit() => store.Query(KillSwitchRows.Audit);
    }

    private string LockPath(RunId run) => Path.Combine(_folder, "locks", run.Text + ".lock");

    /// <summary>Rows that are read as they are asked for.</summary>
    private IEnumerable<T> Each<T>(Func<SqliteConnection, IEnumerable<T>> read)
    {
        using var connection = Explained(() => Connect(_file, isReadOnly: true));
        using var rows = read(connection).GetEnumerator();
        while (Explained(rows.MoveNext)) yield return rows.Current;
    }

    private T Query<T>(Func<SqliteConnection, T> query, bool isReadOnly = false) => Explained(() =>
    {
        using var connection = Connect(_file, isReadOnly);
        return query(connection);
    });

    private T Explained<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (SqliteException failed)
        {
            throw SqliteFaults.Explain(failed, _file);
        }
    }

    /// <remarks>Not pooled: the pool may give a handle to two callers at once, and its timer can end the process (dotnet/efcore issues 27214 and 38854).</remarks>
    private static SqliteConnection Connect(string file, bool isReadOnly)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = isReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 10,
            Pooling = false,
        }.ToString());
        connection.Open();
        return connection;
    }
}

/// <summary>Bugs planted for the tests of the checkers: a store with one must be found out. See docs/durability.md.</summary>
internal enum StoreFlaw { None, SkipsEpochCheck, ForgetsInboxEarly }
