namespace Hydra.Nodes;

/// <summary>Where programs run that a workflow or a model wrote. All have the same interface; what they keep out differs, and each says so.</summary>
internal interface ISandbox
{
    /// <summary>The name in <c>--sandbox</c>.</summary>
    string Name { get; }

    /// <summary>What it keeps out, and what not, in a sentence for people.</summary>
    string Promise { get; }

    /// <summary>Why it cannot be used on this machine, with the mend; null: it can. Asks the machine, so it may take a moment.</summary>
    string? WhyNot();

    /// <summary>Runs a program to its end; what it started ends with it. Cancelling ends all of it.</summary>
    Task<ProcessResult> RunAsync(ProcessRequest request, Action alive, CancellationToken cancellationToken);

    /// <summary>The same program, confined, for whoever starts it and talks with it (a server of tools).</summary>
    Confined Confine(ProcessRequest request);
}

/// <summary>A program as it is to be started.</summary>
/// <param name="Held">What holds it; to be disposed when it has ended, which also ends what is left of it.</param>
internal sealed record Confined(ProcessRequest Request, IDisposable? Held);

/// <summary>The limits that every sandbox but <c>inprocess</c> holds its programs to.</summary>
internal static class SandboxLimits
{
    public const long MemoryBytes = 1024L * 1024 * 1024;
    /// <summary>Processes and threads at once.</summary>
    public const int Processes = 128;
    /// <summary>Longest file, and all of <c>/tmp</c> together.</summary>
    public const long FileBytes = 256L * 1024 * 1024;
    /// <summary>Processor time of one process.</summary>
    public const int CpuSeconds = 600;
    /// <summary>Who the programs are inside.</summary>
    public const int User = 65534;
}

/// <summary>The sandboxes by name.</summary>
internal static class Sandboxes
{
    public static IReadOnlyList<ISandbox> All { get; } = [new InProcess(), new Bubblewrap(), new Docker("docker")];

    /// <summary>Why a run may not have that sandbox here; null: it may.</summary>
    public static string? WhyNot(string name) => Find(name) is { } sandbox ? sandbox.WhyNot() : $"--sandbox '{name}' is not known. Write {string.Join(", ", All.Select(each => each.Name))}.";

    /// <param name="name">As the run was started with; null: none, which the run's start has refused wherever one is needed.</param>
    public static ISandbox Of(string? name) => Find(name ?? "inprocess") ?? throw new ArgumentException($"There is no sandbox '{name}'.", nameof(name));

    private static ISandbox? Find(string name)
    {
        foreach (var sandbox in All)
        {
            if (sandbox.Name == name) return sandbox;
        }
        return null;
    }

    /// <summary>No isolation at all.</summary>
    private sealed class InProcess : ISandbox
    {
        public string Name => "inprocess";
        public string Promise => "no isolation: programs have your own rights, files and network";
        public string? WhyNot() => null;
        public Task<ProcessResult> RunAsync(ProcessRequest request, Action alive, CancellationToken cancellationToken) => ProcessRunner.RunAsync(request, alive, cancellationToken);
        public Confined Confine(ProcessRequest request) => new(request, null);
    }
}
