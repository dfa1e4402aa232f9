using System.Diagnostics;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// How a process that comes to a store has the one that was alone on it write everything there: it puts a file beside the locks, which
/// the other sees at once.
/// </summary>
internal static class LedgerKnock
{
    private const string Ending = ".knock";
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(10);

    /// <summary>Waits until no other living process knows what the store does not.</summary>
    /// <param name="self">The owner that asks; 0: none.</param>
    /// <param name="waitMax">Longest wait for a process that says nothing.</param>
    /// <exception cref="StoreException">A process that is alone on the store did not answer.</exception>
    public static void Wait(SqliteConnection connection, string file, long self, TimeSpan waitMax)
    {
        var knock = Path.Combine(LedgerOwner.FolderOf(file), Guid.NewGuid().ToString("n") + Ending);
        var since = Stopwatch.GetTimestamp();
        while (LedgerOwner.LocksAhead(connection, file, self).FirstOrDefault(IsHeld) is { } holder)
        {
            if (Stopwatch.GetElapsedTime(since) > waitMax)
            {
                throw new StoreException(StoreFault.Locked, $"The process that uses {file} (lock {Path.GetFileName(holder)}) has not answered for {waitMax.TotalSeconds:0.#} s. Is it stopped? Continue or end it, and try again.");
            }
            File.Create(knock).Dispose();
            File.Delete(knock);
            Thread.Sleep(1);
        }
    }

    /// <summary>Listens for those who come; null: this system cannot tell.</summary>
    public static Listener? Listen(string file, Action onKnock)
    {
        try
        {
            return new Listener(LedgerOwner.FolderOf(file), onKnock);
        }
        catch (Exception unable) when (unable is IOException or PlatformNotSupportedException)
        {
            return null;   // such as when too many files are watched already
        }
    }

    private static bool IsHeld(string lockFile)
    {
        using var taken = OwnerLock.TryTake(lockFile);
        return taken is null;
    }

    internal sealed class Listener : IDisposable
    {
        private readonly FileSystemWatcher _watcher;

        public Listener(string folder, Action onKnock)
        {
            _watcher = new FileSystemWatcher(folder, "*" + Ending) { NotifyFilter = NotifyFilters.FileName };
            _watcher.Created += (_, _) => onKnock();
            _watcher.EnableRaisingEvents = true;
        }

        public void Dispose() => _watcher.Dispose();
    }
}
