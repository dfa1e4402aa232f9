namespace Hydra.Nodes;

/// <summary>
/// Limits on memory and processes of everything that a program starts, by the kernel's control groups, where this process may make some
/// (as root, or where a service manager delegates them). Where it may not, the limits of each process (<c>prlimit</c>) remain.
/// </summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private readonly List<string> _folders = [];

    /// <summary>The controllers that hold.</summary>
    public IReadOnlyList<string> Controllers { get; private init; } = [];

    public static ControlGroup Open()
    {
        var held = new List<string>();
        var group = new ControlGroup { Controllers = held };
        var name = $"hydra-{Guid.NewGuid():N}";
        foreach (var line in Lines("/proc/self/cgroup"))
        {
            // "8:pids:/path" names one controller's tree (version 1), "0::/path" the common one (version 2).
            if (line.Split(':', 3) is not [_, var controller, var path]) continue;
            var limits = controller switch
            {
                "pids" => [("pids.max", $"{SandboxLimits.Processes}")],
                "memory" => [("memory.limit_in_bytes", $"{SandboxLimits.MemoryBytes}")],
                "" => new[] { ("pids.max", $"{SandboxLimits.Processes}"), ("memory.max", $"{SandboxLimits.MemoryBytes}") },
                _ => [],
            };
            if (limits.Length > 0 && group.TryMake(Path.Combine(Root, controller, path.Trim('/'), name), limits)) held.Add(controller.Length == 0 ? "pids and memory" : controller);
        }
        return group;
    }

    /// <summary>The same program, which enters the group before it does anything.</summary>
    public ProcessRequest Wrap(ProcessRequest request) => _folders.Count == 0 ? request : request with
    {
        Program = "/bin/sh",
        Arguments = ["-c", """while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@" """, "sh", .. _folders, "--", request.Program, .. request.Arguments],
    };

    public void Dispose()
    {
        foreach (var folder in _folders)
        {
            try
            {
                foreach (var process in Lines(Path.Combine(folder, "cgroup.procs"))) ProcessRunner.Kill(int.Parse(process, System.Globalization.CultureInfo.InvariantCulture), ProcessRunner.SignalKill);
                Directory.Delete(folder);
            }
            catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
            {
                // Something in it is still ending; an empty group costs nothing.
            }
        }
    }

    private bool TryMake(string folder, (string File, string Limit)[] limits)
    {
        try
        {
            if (!Directory.Exists(Path.GetDirectoryName(folder))) return false;
            Directory.CreateDirectory(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        try
        {
            foreach (var (file, limit) in limits) File.WriteAllText(Path.Combine(folder, file), limit);
            _folders.Add(folder);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Directory.Delete(folder);
            return false;
        }
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
