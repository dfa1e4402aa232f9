using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>What SQLite says, in words an operator can act on.</summary>
internal static class SqliteFaults
{
    private const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;
    /// <summary>With less than this left, what SQLite calls an I/O error is its log or its shared memory not finding room.</summary>
    private const long RoomBytesMin = 128 << 10;

    /// <param name="otherwise">How to use another place, as the end of a sentence.</param>
    public static StoreException Explain(Exception failed, string file, string otherwise = "choose another folder with --runs-dir")
    {
        if (failed is not SqliteException sqlite) return StoreFaults.Explain(failed, file);
        return sqlite.SqliteErrorCode switch
        {
            Full => StoreFaults.Full(file, failed),
            InputOutput or CannotOpen when !HasRoom(file) => StoreFaults.Full(file, failed),
            InputOutput => new(StoreFault.Other, $"{file} could not be read or written: {sqlite.Message} Look at the disk and its system log, then {StoreException.TryAgain}; nothing acknowledged is lost.", failed),
            ReadOnly => new(StoreFault.ReadOnly, $"{file} cannot be written: it or its folder is read-only. Change its rights, or {otherwise}.", failed),
            CannotOpen when File.Exists(file) => new(StoreFault.ReadOnly, $"{file} cannot be opened: it may not be read, or it or its folder is read-only. Change their rights, or {otherwise}.", failed),
            CannotOpen => new(StoreFault.ReadOnly, $"{file} cannot be opened: check that its folder exists and may be written, or {otherwise}.", failed),
            Busy or Locked => new(StoreFault.Locked, $"{file} is locked by {LockHolders.Of(file) ?? "another program"} for too long. Close what holds it, then {StoreException.TryAgain}; nothing acknowledged is lost.", failed),
            Corrupt or NotADatabase => new(StoreFault.Corrupt, $"{file} is damaged ({sqlite.Message}). Nothing was overwritten; restore it from a copy, or {otherwise}.", failed),
            _ => new(StoreFault.Other, $"{file}: {sqlite.Message}", failed),
        };
    }

    private static bool HasRoom(string file)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(file)!).AvailableFreeSpace >= RoomBytesMin;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return true;
        }
    }
}

/// <summary>Who holds a lock on a file: known on Linux, where the kernel lists locks (proc(5), /proc/locks) and open files.</summary>
internal static class LockHolders
{
    private const int NamedMax = 3;

    /// <summary>As in <c>process 17 (sqlite3)</c>; null: it cannot be said.</summary>
    public static string? Of(string file)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            var holders = File.ReadLines("/proc/locks").Select(ProcessOf).OfType<int>().Distinct()
                .Where(process => process != Environment.ProcessId && HasOpen(process, file)).Take(NamedMax).Select(process => $"process {process} ({NameOf(process)})").ToList();
            return holders.Count == 0 ? null : string.Join(", ", holders);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary><c>1: POSIX ADVISORY WRITE 1234 fe:01:5678 120 120</c>; a database's locks are POSIX, an owner's is FLOCK.</summary>
    private static int? ProcessOf(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [_, "POSIX" or "FLOCK", _, "WRITE", var process, ..] && int.TryParse(process, System.Globalization.CultureInfo.InvariantCulture, out var id) && id > 0 ? id : null;
    }

    private static bool HasOpen(int process, string file)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fd").Any(link => new FileInfo(link).LinkTarget is { } target && target.StartsWith(file, StringComparison.Ordinal));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;   // it has ended, or belongs to somebody else
        }
    }

    private static string NameOf(int process) => File.ReadAllText($"/proc/{process}/comm").Trim();
}
