using Hydra.Model;

namespace Hydra.Journal;

/// <summary>
/// Ownership of a run, a ledger or an epic on one machine: a file locked by the operating system, so that even kill -9 gives it back at once.
/// Who only looks shares the lock with all who look, so that nobody takes a look for an owner. Safe to use from any thread.
/// </summary>
public static class OwnerLock
{
    private const int WouldBlock = 11, WouldBlockOnMac = 35, SharingViolation = 32;

    /// <summary>How often a lock that others only look at is tried, a millisecond apart. A look takes microseconds, or as long as its thread is kept from running.</summary>
    private const int TriesMax = 2_000;

    /// <summary>Takes the lock; null when another process or another part of this one holds it. Throws <see cref="StoreException"/> where it cannot be made.</summary>
    public static IDisposable? TryTake(string path)
    {
        for (var tries = 1; ; tries++)
        {
            if (Open(path, FileAccess.ReadWrite, FileShare.None) is { } taken) return taken;
            if (tries == TriesMax || IsHeld(path)) return null;
            Thread.Sleep(1);
        }
    }

    /// <summary>Whether somebody has taken the lock. Nothing is made for it.</summary>
    public static bool IsHeld(string path)
    {
        if (!File.Exists(path)) return false;
        using var looking = Open(path, FileAccess.Read, FileShare.Read);
        return looking is null;
    }

    private static FileStream? Open(string path, FileAccess access, FileShare share)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.OpenOrCreate, access, share, bufferSize: 1);
        }
        catch (IOException held) when ((held.HResult & 0xFFFF) is WouldBlock or WouldBlockOnMac or SharingViolation)
        {
            return null;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw StoreFaults.Explain(failed, path);
        }
    }
}
