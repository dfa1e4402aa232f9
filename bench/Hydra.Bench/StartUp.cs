using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hydra.Bench;

/// <summary>
/// What <c>./hydra validate examples/research.yaml</c> takes from start to end of its process, launcher included, beside an
/// empty .NET program that is published the same way. The two run in turn, so that the ratio of a pair holds whatever else the machine does.
/// </summary>
internal static class StartUp
{
    private const int PairsMin = 15, WarmUps = 2;

    /// <returns>Medians over the pairs: milliseconds of each program, and of the ratio within a pair.</returns>
    public static (double HydraMs, double EmptyMs, double Ratio) Measure(string folder, int rounds)
    {
        var root = Root();
        var empty = Path.Combine(folder, "empty");
        Run("dotnet", root, "publish", "bench/Empty/Empty.csproj", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", empty, "-v", "quiet", "--nologo");
        var pairs = new List<(double Hydra, double Empty)>();
        for (var i = -WarmUps; i < Math.Max(PairsMin, rounds); i++)
        {
            var pair = (Run(Path.Combine(root, "hydra"), root, "validate", "examples/research.yaml"), Run(Path.Combine(empty, "Empty"), root));
            if (i >= 0) pairs.Add(pair);
        }
        return (Middle(pairs.Select(pair => pair.Hydra)), Middle(pairs.Select(pair => pair.Empty)), Middle(pairs.Select(pair => pair.Hydra / pair.Empty)));
    }

    /// <returns>Milliseconds until the process has ended. Throws where it fails.</returns>
    private static double Run(string program, string folder, params string[] words)
    {
        var start = new ProcessStartInfo(program, words) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var begun = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var elapsed = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        return process.ExitCode == 0 ? elapsed : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {said}{process.StandardError.ReadToEnd()}");
    }

    /// <summary>The checkout: the nearest folder above this program that holds the launcher.</summary>
    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "hydra"))) return folder.FullName;
        }
        throw new InvalidOperationException("Run the benchmarks from a checkout of Hydra: the launcher is not above this program.");
    }

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
