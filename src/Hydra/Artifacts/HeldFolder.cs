using System.Runtime.InteropServices;
using Hydra.Model;
using Microsoft.Win32.SafeHandles;

namespace Hydra.Artifacts;

/// <summary>
/// A folder that is held open, so that nobody can put another one or a link in its place between looking at a path and using it: every step into it
/// is taken from the folder held, and follows no link. Only Linux holds folders so; elsewhere each step is looked at again, which leaves a moment.
/// </summary>
internal sealed partial class HeldFolder : IDisposable
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000, OnlyPath = 0x200000;   // the same on every Linux; the two below are not (fcntl.h)
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;
    private static readonly int OnlyFolder = IsArm ? 0x4000 : 0x10000, NoLink = IsArm ? 0x8000 : 0x20000;
    /// <summary>A folder may be one that its user may enter and not list.</summary>
    private static readonly int ToEnter = OnlyPath | OnlyFolder | NoLink;
    private const int NotFound = 2, Denied = 13, NoFolder = 20, Link = 40;

    private readonly SafeFileHandle? _handle;

    private HeldFolder(string path, SafeFileHandle? handle) => (_handle, Path) = (handle, handle is null ? path : $"/proc/self/fd/{handle.DangerousGetHandle()}");

    /// <summary>A path that leads into this very folder, wherever it is now.</summary>
    public string Path { get; }

    /// <summary>The folder below another, each name on the way being a folder and no link.</summary>
    /// <param name="root">With its links resolved.</param>
    /// <param name="makes">Makes what is missing on the way.</param>
    /// <exception cref="IOException">There is none.</exception>
    public static HeldFolder At(string root, IEnumerable<string> names, bool makes = false)
    {
        if (makes) Directory.CreateDirectory(root);
        var at = new HeldFolder(root, OperatingSystem.IsLinux() ? Open(root, ToEnter) : null);
        foreach (var name in names)
        {
            using var above = at;
            at = above.Into(name, makes);
        }
        return at;
    }

    /// <summary>Opens the file at a path that was found to lie within a folder, its links resolved.</summary>
    public static FileStream OpenRead(string root, string path)
    {
        var names = NamesOf(root, path);
        using var folder = At(root, names[..^1]);
        return folder.OpenRead(names[^1]);
    }

    /// <summary>The names from a folder to a path within it; of the folder itself, <c>.</c>.</summary>
    public static string[] NamesOf(string root, string path) => System.IO.Path.GetRelativePath(root, path).Split(System.IO.Path.DirectorySeparatorChar);

    public HeldFolder Into(string name, bool makes = false)
    {
        var path = System.IO.Path.Combine(Path, name);
        if (makes) Directory.CreateDirectory(path);
        return new HeldFolder(path, _handle is null ? Unlinked(path) : Open(path, ToEnter));
    }

    /// <summary>A pipe that nobody writes to is opened at once, too.</summary>
    public FileStream OpenRead(string name)
    {
        var path = System.IO.Path.Combine(Path, name);
        if (_handle is not null) return new FileStream(Open(path, NoLink | NonBlocking), FileAccess.Read);
        Unlinked(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    private static SafeFileHandle? Unlinked(string path) => new FileInfo(path).LinkTarget is null ? null : throw Swapped();

    private static SafeFileHandle Open(string path, int flags)
    {
        var handle = new SafeFileHandle(Open2(path, flags | CloseOnExec), ownsHandle: true);
        if (!handle.IsInvalid) return handle;
        handle.Dispose();
        throw Marshal.GetLastPInvokeError() switch
        {
            NotFound or NoFolder => new FileNotFoundException(),
            Denied => new UnauthorizedAccessException(),
            Link => Swapped(),
            var other => new IOException($"open failed with {other}"),
        };
    }

    private static CallFailedException Swapped() => new(ErrorCode.PolicyDenied, "a link was put in its place while it was looked at");

    public void Dispose() => _handle?.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open2(string path, int flags);
}
