using Hydra.Model;

namespace Hydra.Journal;

/// <summary>Ownership of a run on one machine: a file locked by the operating system, so that even kill -9 gives it back at once.</summary>
internal static class OwnerLock
{
    private const int WouldBlock = 11, WouldBlockOnMac = 35, SharingViolation = 32;

    /// <summary>Takes the lock; null when another process or another part of this one holds it. Throws <see cref="StoreException"/> where it cannot be made.</summary>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
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
