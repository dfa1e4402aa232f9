using System.Diagnostics;
using System.Globalization;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>The disk of <c>powerloss.c</c>, built once for all tests.</summary>
internal static class PowerDisk
{
    private static readonly Lazy<string> Library = new(Build);

    /// <summary>Null: it can be used here.</summary>
    public static string? WhyNot { get; } = !OperatingSystem.IsLinux() ? "the simulated disk stands between a program and the C library of Linux"
        : !HasCompiler() ? "the simulated disk is written in C: install gcc" : null;

    /// <summary>What a process must be started with.</summary>
    /// <param name="folder">The simulated disk: everything below it is subject to loss.</param>
    /// <param name="cutAt">The storage call at which the power goes; 0: never.</param>
    /// <param name="failAt">The fsync from which on the disk fails with EIO; 0: never.</param>
    /// <param name="killAt">The point of the journal at which the process is killed, without a loss: 2n−1 before its n-th transaction is written, 2n after it was pressed to disk; 0: never.</param>
    /// <param name="bad">Files and folders whose names end so cannot be pressed to disk; null: all can.</param>
    /// <param name="room">Bytes that are free; null: enough.</param>
    public static Dictionary<string, string> Environment(string folder, int seed, int cutAt, bool dropsSyncs = false, int failAt = 0, long? room = null, string? bad = null, int killAt = 0)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LD_PRELOAD"] = Library.Value,
            ["POWER_DIR"] = folder,
            ["POWER_SEED"] = seed.ToString(CultureInfo.InvariantCulture),
            ["POWER_AT"] = cutAt.ToString(CultureInfo.InvariantCulture),
            ["POWER_LOG"] = folder + ".log",
        };
        if (failAt > 0) environment["POWER_EIO"] = failAt.ToString(CultureInfo.InvariantCulture);
        if (killAt > 0) environment["POWER_KILL"] = killAt.ToString(CultureInfo.InvariantCulture);
        if (dropsSyncs) environment["POWER_DROP"] = "fsync";
        if (bad is not null) environment["POWER_BAD"] = bad;
        if (room is { } bytes) environment["POWER_ROOM"] = bytes.ToString(CultureInfo.InvariantCulture);
        return environment;
    }

    /// <summary>What a process must be started with so that it tells of every lock of the database that is refused it.</summary>
    /// <param name="pipe">A named pipe that gets a byte for each.</param>
    public static Dictionary<string, string> EnvironmentOfLocks(string pipe) => new(StringComparer.Ordinal) { ["LD_PRELOAD"] = Library.Value, ["POWER_BUSY"] = pipe };

    private static bool HasCompiler() => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "cc")));

    private static string Build()
    {
        var source = Path.Combine(Terminal.Root, "tests", "Hydra.Cli.Tests", "PowerLoss", "powerloss.c");
        var library = Path.Combine(Directory.CreateTempSubdirectory("hydra-power-").FullName, "powerloss.so");
        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]) { RedirectStandardError = true, UseShellExecute = false })!;
        var said = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0) throw new InvalidOperationException(said);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(library)!, recursive: true);
        return library;
    }
}
