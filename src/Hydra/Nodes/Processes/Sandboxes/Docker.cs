namespace Hydra.Nodes;

/// <summary>A container of its own for each program, by Docker's command line.</summary>
/// <param name="command">The command, or a path to it.</param>
internal sealed class Docker(string command) : ISandbox
{
    /// <summary>The image where a node names none.</summary>
    public const string ImageDefault = "python:3-slim";

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

    private ProcessRequest Wrap(ProcessRequest request, string container)
    {
        var folder = Path.GetFullPath(request.WorkingDirectory);
        List<string> arguments =
        [
            "run", "--rm", "--interactive", "--name", container, "--network", "none", "--read-only", "--tmpfs", $"/tmp:rw,size={SandboxLimits.FileBytes}", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--user", $"{SandboxLimits.User}:{SandboxLimits.User}", "--memory", $"{SandboxLimits.MemoryBytes}", "--memory-swap", $"{SandboxLimits.MemoryBytes}",
            "--pids-limit", $"{SandboxLimits.Processes}", "--ulimit", $"fsize={SandboxLimits.FileBytes}", "--ulimit", $"cpu={SandboxLimits.CpuSeconds}", "--ulimit", "core=0",
            "--env", "HOME=/tmp", "--mount", $"type=bind,source={folder},target=/work{(request.OwnsWorkingDirectory ? "" : ",readonly")}", "--workdir", "/work",
        ];
        if (Directory.Exists(Path.Combine(folder, ".hydra"))) arguments.AddRange(["--tmpfs", "/work/.hydra:ro,size=4096"]);
        // By name alone, so that no value stands among the arguments, which every user of the machine can list.
        foreach (var name in request.Environment.Keys) arguments.AddRange(["--env", name]);
        arguments.AddRange([request.Image ?? ImageDefault, request.Program, .. request.Arguments]);
        return request with { Program = command, Arguments = arguments };
    }
}
