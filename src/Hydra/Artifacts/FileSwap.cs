using System.Runtime.InteropServices;

namespace Hydra.Artifacts;

/// <summary>Replaces a file that others may write at the same moment, without losing what they wrote.</summary>
public static partial class FileSwap
{
    private const int WorkingDirectory = -100, Exchange = 2;   // AT_FDCWD, RENAME_EXCHANGE: rename(2)
    private const int SetLease = 1024, ReadLease = 0, NoLease = 2, TryAgain = 11;   // F_SETLEASE, F_RDLCK, F_UNLCK, EAGAIN: fcntl(2)

    /// <summary>
    /// Puts one file in the place of another in one step and looks at what stood there: the very file that was replaced, and
    /// not what was there some time before. Where it is not what is expected, or somebody has it open to write it, it is put back,
    /// unless somebody has saved once more meanwhile: then that stays.
    /// </summary>
    /// <param name="replacement">The new content, in the same folder; gone afterwards.</param>
    /// <param name="isExpected">Given the path at which the replaced file stands now.</param>
    /// <returns>False: the old file stands where it stood.</returns>
    /// <remarks>File systems that cannot exchange replace by renaming, with a moment between looking and replacing.</remarks>
    public static bool TryReplace(string replacement, string path, Func<string, bool> isExpected)
    {
        var put = StampOf(replacement);
        if (!OperatingSystem.IsLinux() || !TryExchange(replacement, path))
        {
            if (!isExpected(path)) return false;
            File.Move(replacement, path, overwrite: true);
            return true;
        }
        // In this order: once it stands at another path, nobody opens it any more.
        if (!IsBeingWritten(replacement) && isExpected(replacement))
        {
            File.Delete(replacement);
            return true;
        }
        PutBack(replacement, path, put);
        return false;
    }

    /// <summary>Until what comes out is what was put in last: everything else was saved there since, and is newer.</summary>
    private static void PutBack(string replacement, string path, (long Length, DateTime At) put)
    {
        var back = StampOf(replacement);
        while (TryExchange(replacement, path))
        {
            if (StampOf(replacement) == put)
            {
                File.Delete(replacement);
                return;
            }
            (put, back) = (back, StampOf(replacement));
        }
        File.Move(replacement, path, overwrite: true);   // somebody has taken away what stood there
    }

    /// <summary>What tells one saved file from another.</summary>
    public static (long Length, DateTime At) StampOf(string path)
    {
        var file = new FileInfo(path);
        return (file.Length, file.LastWriteTimeUtc);
    }

    private static bool TryExchange(string one, string other) => Rename(WorkingDirectory, one, WorkingDirectory, other, Exchange) == 0;

    /// <summary>Whether another process or thread has the file open for writing: a read lease is refused then, and only then, with EAGAIN.</summary>
    private static bool IsBeingWritten(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var handle = (int)file.DangerousGetHandle();
            if (Fcntl(handle, SetLease, ReadLease) != 0) return Marshal.GetLastPInvokeError() == TryAgain;
            _ = Fcntl(handle, SetLease, NoLease);
            return false;
        }
        catch (IOException)
        {
            return true;   // it is locked by whoever writes it
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int fromFolder, string from, int toFolder, string to, uint flags);
}
