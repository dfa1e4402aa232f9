using System.Runtime.InteropServices;

namespace Hydra.Nodes;

/// <summary>A container of its own for each program, by Docker's command line.</summary>
/// <param name="command">The command, or a path to it.</param>
internal sealed partial class Docker(string command) : ISandbox
{
    /// <summary>The image where a node names none.</summary>
    public const string ImageDefault = "python:3-slim";

    /// <summary>Where a container has the working directory.</summary>
    private const string Folder = "/folder";

    public string Name => "docker";
    public string Promise => "no network; the image and the working directory are read only; /tmp is private; memory, processes and time are limited";

    public string? WhyNot() => Bubblewrap.Probe(command, "version", "--format", "{{.Server.Version}}") switch
    {
        (0, _) => null,
        (null, _) => "--sandbox docker needs Docker's command line, which is not here. Install it, or use --sandbox bubblewrap or inprocess.",
        (_, var said) => $"--sandbox docker finds no Docker that answers: '{Excerpt.Of(said, 200)}'. Start its service, or use --sandbox bubblewrap or inprocess.",
    };

    /// <remarks>(1) Run. (2) Where the command was cut, end the container, which knows nothing of that.</remarks>
    public async Task<ProcessResult> RunAsync(ProcessRequest request, Action alive, CancellationToken cancellationToken)
    {
        // (1)
        var container = $"hydra-{Guid.NewGuid():N}";
        try
        {
            return await ProcessRunner.RunAsync(Wrap(request, container), alive, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // (2)
            Bubblewrap.Probe(command, "rm", "--force", container);
            throw;
        }
    }

    public Confined Confine(ProcessRequest request)
    {
        var container = $"hydra-{Guid.NewGuid():N}";
        return new Confined(Wrap(request, container), new Removal(command, container));
    }

    /// <summary>Ends a container whose command was ended, and which knows nothing of that.</summary>
    private sealed class Removal(string command, string container) : IDisposable
    {
        public void Dispose() => Bubblewrap.Probe(command, "rm", "--force", container);
    }

    private ProcessRequest Wrap(ProcessRequest request, string container)
    {
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.WorkingDirectory));
        var writable = request.Writable.Select(path => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, folder))).ToHashSet(StringComparer.Ordinal);
        var isWritable = writable.Remove(folder);   // one target cannot be mounted twice
        List<string> arguments =
        [
            "run", "--rm", "--interactive", "--name", container, "--network", "none", "--read-only", "--tmpfs", $"/tmp:rw,size={SandboxLimits.FileBytes}", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--user", UserOf(request), "--memory", $"{SandboxLimits.MemoryBytes}", "--memory-swap", $"{SandboxLimits.MemoryBytes}",
            "--pids-limit", $"{SandboxLimits.Processes}", "--ulimit", $"fsize={SandboxLimits.FileBytes}", "--ulimit", $"cpu={SandboxLimits.CpuSeconds}", "--ulimit", "core=0",
            "--env", "HOME=/tmp", "--mount", Bound(folder, Folder) + (isWritable ? "" : ",readonly"), "--workdir", Folder,
        ];
        foreach (var path in writable) arguments.AddRange(["--mount", Bound(path, $"{Folder}/{Path.GetRelativePath(folder, path).Replace('\\', '/')}")]);
        if (Directory.Exists(Path.Combine(folder, ".hydra"))) arguments.AddRange(["--tmpfs", $"{Folder}/.hydra:ro,size=4096"]);
        // By name alone, so that no value stands among the arguments, which every user of the machine can list.
        foreach (var name in request.Environment.Keys) arguments.AddRange(["--env", name]);
        arguments.AddRange([request.Image ?? ImageDefault, request.Program, .. request.Arguments]);
        return request with { Program = command, Arguments = arguments };
    }

    /// <summary>Nobody; but where the program may write, whoever runs Hydra, as the folders are theirs and what is written there is to be as well.</summary>
    private static string UserOf(ProcessRequest request) =>
        request.Writable.Count == 0 || OperatingSystem.IsWindows() ? $"{SandboxLimits.User}:{SandboxLimits.User}" : $"{EffectiveUser()}:{EffectiveGroup()}";

    /// <summary>A mount as Docker reads it: fields of a CSV line, in which a folder's name may hold commas.</summary>
    private static string Bound(string source, string target) => $"type=bind,{Field($"source={source}")},{Field($"target={target}")}";

    private static string Field(string text) => text.Contains(',') || text.Contains('"') ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint EffectiveGroup();
}
