using System.Runtime.InteropServices;

namespace Hydra.Artifacts;

/// <summary>Presses a folder's entries to disk, which a rename needs to survive a power cut (POSIX fsync on the folder).</summary>
internal static partial class DiskSync
{
    private const int CannotBeSynced = 22, ReadOnlyDisk = 30, NotSupported = 95;   // EINVAL, EROFS, EOPNOTSUPP: some file systems have no folders to press

    /// <summary>Makes a folder and those above it, each pressed into the one that holds it: a file in a folder that a power cut takes is lost with it.</summary>
    public static void MakeFolder(string path)
    {
        if (Directory.Exists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(parent)) MakeFolder(parent);
        Directory.CreateDirectory(path);
        if (!string.IsNullOrEmpty(parent)) Entry(parent);
    }

    /// <summary>Presses a folder's entries, or a file's content. Throws <see cref="IOException"/> where the disk cannot.</summary>
    public static void Entry(string path)
    {
        if (OperatingSystem.IsWindows()) return;   // NTFS journals its metadata, and folders cannot be flushed there
        var handle = Open(path, 0);
        if (handle < 0) return;
        var failed = Fsync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(handle);
        if (failed is not (0 or CannotBeSynced or NotSupported or ReadOnlyDisk)) throw new IOException($"'{path}' could not be pressed to disk: {Marshal.GetPInvokeErrorMessage(failed)}", failed);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
