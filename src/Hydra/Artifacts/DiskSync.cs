using System.Runtime.InteropServices;

namespace Hydra.Artifacts;

/// <summary>Presses files and the entries of folders to disk: a rename needs both to survive a power cut (POSIX fsync).</summary>
internal static partial class DiskSync
{
    private const int Denied = 13, CannotBeSynced = 22, ReadOnlyDisk = 30, NotSupported = 95;   // EACCES: a folder above ours may be closed to us; EINVAL, EROFS, EOPNOTSUPP: some file systems have no folders to press

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
        if (handle < 0)
        {
            var refused = Marshal.GetLastPInvokeError();
            Check(refused == Denied ? 0 : refused, path);
            return;
        }
        var failed = Fsync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(handle);
        Check(failed, path);
    }

    /// <summary>Presses what was written to a file. Throws <see cref="IOException"/> where the disk cannot.</summary>
    /// <remarks>
    /// Not with <c>Flush(flushToDisk: true)</c> alone: on Unix it hides a failed fsync, because <c>SystemNative_FSync</c> returns
    /// <c>fsync(fd) &lt; 0</c>, which is 1, and the caller looks for less than 0 (dotnet/runtime, pal_io.c; so in 10.0). Nor
    /// before our own on Linux, which tells each failure once. On macOS it goes further than fsync (F_FULLFSYNC).
    /// </remarks>
    public static void Content(FileStream file)
    {
        if (!OperatingSystem.IsLinux()) file.Flush(flushToDisk: true);
        if (OperatingSystem.IsWindows()) return;
        file.Flush();
        Check(Fsync((int)file.SafeFileHandle.DangerousGetHandle()) == 0 ? 0 : Marshal.GetLastPInvokeError(), file.Name);
        GC.KeepAlive(file);
    }

    private static void Check(int failed, string path)
    {
        if (failed is not (0 or CannotBeSynced or NotSupported or ReadOnlyDisk)) throw new IOException($"'{path}' could not be pressed to disk: {Marshal.GetPInvokeErrorMessage(failed)}", failed);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
