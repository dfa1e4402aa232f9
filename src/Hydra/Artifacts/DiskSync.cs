using System.Runtime.InteropServices;

namespace Hydra.Artifacts;

/// <summary>Presses a folder's entries to disk, which a rename needs to survive a power cut (POSIX fsync on the folder).</summary>
internal static partial class DiskSync
{
    /// <summary>Makes a folder and those above it, each pressed into the one that holds it: a file in a folder that a power cut takes is lost with it.</summary>
    public static void MakeFolder(string path)
    {
        if (Directory.Exists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(parent)) MakeFolder(parent);
        Directory.CreateDirectory(path);
        if (!string.IsNullOrEmpty(parent)) Entry(parent);
    }

    /// <summary>Presses a folder's entries, or a file's content.</summary>
    public static void Entry(string path)
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
