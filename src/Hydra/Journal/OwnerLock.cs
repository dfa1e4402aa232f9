namespace Hydra.Journal;

/// <summary>Ownership of a run on one machine: a file locked by the operating system, so that even kill -9 gives it back at once.</summary>
internal static class OwnerLock
{
    /// <summary>Takes the lock; null when another process or another part of this one holds it.</summary>
    public static IDisposable? TryTake(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }
}
