using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Hydra.Cli.Tests;

/// <summary>The built program as a real process: for exit codes, signals and crashes.</summary>
internal sealed partial class HydraProcess : IDisposable
{
    /// <summary>A process that says nothing for so many seconds hangs; it is killed and the test fails. Only seconds in which the test itself ran count.</summary>
    private const int SilenceSecondsMax = 300;

    /// <summary>As users have it, compiled ahead of time, where <c>./test</c> has built it so: half of each start. Otherwise the one beside the tests.</summary>
    private static readonly string Built = Environment.GetEnvironmentVariable("HYDRA_PROGRAM") is { Length: > 0 } program ? program : typeof(CommandLine).Assembly.Location;

    private readonly Process _process;
    private readonly SemaphoreSlim _errorReader = new(1);
    private readonly StringBuilder _told = new();

    private HydraProcess(Process process)
    {
        _process = process;
        Out = process.StandardOutput.ReadToEndAsync();
    }

    public Task<string> Out { get; }
    public int Id => _process.Id;

    public static HydraProcess Start(string folder, IReadOnlyDictionary<string, string> environment, params string[] words) =>
        StartProgram(Built, folder, environment, words);

    /// <summary>Starts a copy of the program that lies elsewhere.</summary>
    public static HydraProcess StartProgram(string program, string folder, IReadOnlyDictionary<string, string> environment, params string[] words) =>
        // A shell that starts tests in the background has them ignore SIGINT, and children inherit that.
        Launch(folder, environment, "env", ["--default-signal=INT,TERM", "dotnet", program, .. words]);

    /// <summary>A shell in which <c>$HYDRA</c> is the program.</summary>
    public static HydraProcess StartShell(string folder, IReadOnlyDictionary<string, string> environment, string script) =>
        Launch(folder, environment, "sh", ["-c", Script(script)]);

    /// <summary>A shell that may mount file systems, which nobody else sees and which end with it. <c>$HYDRA</c> is the program.</summary>
    public static HydraProcess StartMounting(string folder, IReadOnlyDictionary<string, string> environment, string script) =>
        Launch(folder, environment, "unshare", ["-Urm", "sh", "-c", Script(script)]);

    private static string Script(string text) => $"HYDRA='dotnet {Built}'\n{text}";

    private static HydraProcess Launch(string folder, IReadOnlyDictionary<string, string> environment, string program, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var word in words) start.ArgumentList.Add(word);
        foreach (var name in start.Environment.Keys.Where(name => name.EndsWith("_API_KEY", StringComparison.Ordinal) || name.EndsWith("_BASE_URL", StringComparison.Ordinal) || name.StartsWith("HYDRA_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new HydraProcess(process);
    }

    /// <summary>The next line of standard error; null at its end.</summary>
    public async Task<string?> ReadErrorLineAsync()
    {
        await _errorReader.WaitAsync();
        try
        {
            var line = await OrHangs(_process.StandardError.ReadLineAsync());
            if (line is not null) _told.AppendLine(line);
            return line;
        }
        finally
        {
            _errorReader.Release();
        }
    }

    public async Task<string> ReadErrorUntilAsync(string part)
    {
        while (await ReadErrorLineAsync() is { } line)
        {
            if (line.Contains(part, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException($"The process ended without saying '{part}'.");
    }

    public void Kill() => _process.Kill(entireProcessTree: false);

    public void Signal(int number)
    {
        if (SendSignal(_process.Id, number) != 0) throw new InvalidOperationException("The signal was not sent.");
    }

    /// <returns>The exit code and all that was said, lines that were read before among it.</returns>
    public async Task<(int Code, string Out, string Error)> EndAsync()
    {
        while (await ReadErrorLineAsync() is not null) { }
        await OrHangs(EndOfProcess());
        return (_process.ExitCode, await Out, _told.ToString());
    }

    private async Task<int> EndOfProcess()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>What comes, unless the process hangs. A timer of one second does not catch up: while the whole machine stands, nothing is counted.</summary>
    private async Task<T> OrHangs<T>(Task<T> coming)
    {
        using var seconds = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var silent = 0; silent < SilenceSecondsMax; silent++)
        {
            var tick = seconds.WaitForNextTickAsync().AsTask();
            if (await Task.WhenAny(coming, tick) == coming) return await coming;
        }
        throw new TimeoutException($"The process has said nothing for {SilenceSecondsMax} s; before that:\n{_told}");
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
