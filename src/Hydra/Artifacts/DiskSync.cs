using System.Runtime.InteropServices;

namespace Hydra.Artifacts;

/// <summary>Presses a folder's entries to disk, which a rename needs to survive a power cut (POSIX fsync on the folder).</summary>
internal static partial class DiskSync
{
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows()) return;   // NTFS journals its metadata, and folders cannot be flushed there
        var handle = Open(path, 0);
        if (handle < 0) return;
        _ = Fsync(handle);
        _ = Close(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
