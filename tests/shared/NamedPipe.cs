using System.Diagnostics;

namespace Hydra.Tests.Shared;

/// <summary>How programs that tests start tell them something.</summary>
internal static class NamedPipe
{
    /// <summary>Makes one and opens it at both ends: reading waits until somebody writes.</summary>
    public static FileStream Open(string path)
    {
        using (var made = Process.Start("mkfifo", [path])) made.WaitForExit();
        return new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
    }
}
