using System.Data.Common;
using Hydra.Journal;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// This process's share in the ledger: an owner number in the store and a file locked by the operating system, so that even kill -9
/// shows at once which reservations nobody will settle any more.
/// </summary>
internal sealed class LedgerOwner : IDisposable
{
    /// <summary>A reservation's id is its owner's number and a count: 2^36 calls a process.</summary>
    private const int CountBits = 36;

    private readonly IDisposable? _lock;
    private long _last;

    /// <summary>An owner that something else than a file keeps alive.</summary>
    public LedgerOwner(long id)
    {
        Id = id;
        LockFile = "";
    }

    private LedgerOwner(long id, string lockFile, IDisposable taken)
    {
        Id = id;
        LockFile = lockFile;
        _lock = taken;
    }

    public long Id { get; }
    /// <summary>Empty: it has none.</summary>
    public string LockFile { get; }

    /// <summary>Takes a new lock and writes its owner down, in this order: no owner is ever seen without its lock.</summary>
    public static LedgerOwner Enter(SqliteConnection connection, string file, long nowMs)
    {
        var token = Guid.CreateVersion7().ToString("n");
        var taken = OwnerLock.TryTake(LockOf(file, token)) ?? throw new InvalidOperationException("A new owner's lock is taken.");
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO owners(token, since) VALUES($token, $since); SELECT last_insert_rowid()";
            command.Parameters.AddWithValue("$token", token);
            command.Parameters.AddWithValue("$since", nowMs);
            return new LedgerOwner((long)command.ExecuteScalar()!, LockOf(file, token), taken);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Ids rise within an owner; one caller at a time.</summary>
    public long NextId() => (Id << CountBits) | ++_last;

    public void Dispose()
    {
        if (_lock is null) return;
        _lock.Dispose();
        File.Delete(LockFile);
    }

    /// <summary>Owners whose process is gone, each with its lock taken until the result is disposed of.</summary>
    public static IReadOnlyList<DeadOwner> FindDead(SqliteConnection connection, string file, long self)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, token FROM owners WHERE id<>$self";
        command.Parameters.AddWithValue("$self", self);
        using var reader = command.ExecuteReader();
        var dead = new List<DeadOwner>();
        while (reader.Read())
        {
            var lockFile = LockOf(file, reader.GetString(1));
            if (OwnerLock.TryTake(lockFile) is { } taken) dead.Add(new DeadOwner(reader.GetInt64(0), lockFile, taken));
        }
        return dead;
    }

    /// <summary>The last generation of a process's notes that the store knows; null: it writes to the store alone.</summary>
    public static long? AheadOf(DbConnection connection, long id) =>
        (long?)connection.Ask("SELECT generation FROM ahead WHERE owner=@id", ("id", id));

    public static void GoAmongOthers(DbConnection connection, long id) => connection.Run("DELETE FROM ahead WHERE owner=@id", ("id", id));

    public static void Remove(DbConnection connection, long id)
    {
        GoAmongOthers(connection, id);
        connection.Run("DELETE FROM owners WHERE id=@id", ("id", id));
    }

    /// <summary>Locks of other processes that note first.</summary>
    public static IReadOnlyList<string> LocksAhead(SqliteConnection connection, string file, long self)
    {
        using var command = connection.Command("SELECT token FROM owners JOIN ahead ON owner=id WHERE id<>@id", ("id", self));
        using var reader = command.ExecuteReader();
        var found = new List<string>();
        while (reader.Read()) found.Add(LockOf(file, reader.GetString(0)));
        return found;
    }

    /// <summary>Where the locks of all processes on a store lie.</summary>
    public static string FolderOf(string file) => file + "-owners";

    private static string LockOf(string file, string token) => Path.Combine(FolderOf(file), token + ".lock");
}

/// <summary>A process that ended without settling. Disposing of it gives its lock back.</summary>
internal sealed record DeadOwner(long Id, string LockFile, IDisposable Lock) : IDisposable
{
    public void Dispose()
    {
        Lock.Dispose();
        File.Delete(LockFile);
    }
}
