using System.Diagnostics;

namespace Hydra.Nodes;

/// <summary>
/// Linux namespaces by the program <c>bwrap</c>: no network, the system's programs and the working directory to be read only, a private
/// <c>/tmp</c> in memory, no other process in sight, no rights. Needs no privileges where the system lets users make namespaces.
/// </summary>
internal sealed class Bubblewrap : ISandbox
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(10);
    private static readonly string[] SystemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    private static readonly string[] Settings = ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/ssl/certs", "/etc/nsswitch.conf"];

    public string Name => "bubblewrap";
    public string Promise => "no network; system and working directory are read only; /tmp is private; memory, processes and time are limited";

    public string? WhyNot()
    {
        var (exitCode, said) = Probe("bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--ro-bind", "/", "/", "true");
        return exitCode switch
        {
            0 => null,
            null => "--sandbox bubblewrap needs the program 'bwrap', which is not here. Install it (Debian: apt-get install bubblewrap), or use --sandbox docker or inprocess.",
            _ => $"--sandbox bubblewrap cannot make namespaces on this machine: bwrap says '{Excerpt.Of(said, 200)}'. Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or an AppArmor profile for bwrap), or use --sandbox docker or inprocess.",
        };
    }

    public async Task<ProcessResult> RunAsync(ProcessRequest request, Action alive, CancellationToken cancellationToken)
    {
        using var group = ControlGroup.Open();
        return await ProcessRunner.RunAsync(Wrap(request, group), alive, cancellationToken);
    }

    /// <summary>The same program, confined.</summary>
    public static ProcessRequest Wrap(ProcessRequest request, ControlGroup group)
    {
        var folder = Path.GetFullPath(request.WorkingDirectory);
        List<string> arguments =
        [
            "--unshare-all", "--unshare-user", "--disable-userns", "--uid", $"{SandboxLimits.User}", "--gid", $"{SandboxLimits.User}", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--size", $"{SandboxLimits.FileBytes}", "--tmpfs", "/tmp", "--setenv", "HOME", "/tmp",
        ];
        foreach (var path in SystemFolders)
        {
            if (new DirectoryInfo(path) is { LinkTarget: { } target }) arguments.AddRange(["--symlink", target, path]);
            else if (Directory.Exists(path)) arguments.AddRange(["--ro-bind", path, path]);
        }
        foreach (var path in Settings) arguments.AddRange(["--ro-bind-try", path, path]);
        if (folder != "/")
        {
            arguments.AddRange([request.OwnsWorkingDirectory ? "--bind" : "--ro-bind", folder, folder]);
            // The journals of runs hold prompts and results of others.
            if (Directory.Exists(Path.Combine(folder, ".hydra"))) arguments.AddRange(["--tmpfs", Path.Combine(folder, ".hydra"), "--remount-ro", Path.Combine(folder, ".hydra")]);
        }
        arguments.AddRange(["--remount-ro", "/", "--chdir", folder, "--", "prlimit", $"--as={SandboxLimits.MemoryBytes}", $"--nproc={SandboxLimits.Processes}", $"--fsize={SandboxLimits.FileBytes}", $"--cpu={SandboxLimits.CpuSeconds}", "--core=0", "--", request.Program, .. request.Arguments]);
        return group.Wrap(request with { Program = "bwrap", Arguments = arguments });
    }

    /// <summary>Runs a program that should end at once.</summary>
    /// <returns>Its exit code and what it said of an error; null: there is no such program.</returns>
    public static (int? ExitCode, string Said) Probe(string program, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var said = process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(AnswersWithin)) return (process.ExitCode, said.Result.Trim());
            process.Kill(entireProcessTree: true);
            return (-1, $"nothing within {AnswersWithin.TotalSeconds} s");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, "");
        }
    }
}
