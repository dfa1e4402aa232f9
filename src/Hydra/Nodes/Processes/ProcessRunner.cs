using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>A program to run, without a shell between.</summary>
internal sealed record ProcessRequest(string Program, IReadOnlyList<string> Arguments)
{
    public byte[] Input { get; init; } = [];
    /// <summary>The container image that it wants; null: the sandbox's own. Only containers have images.</summary>
    public string? Image { get; init; }
    /// <summary>Variables besides the few that are inherited (<see cref="ProcessRunner.Inherited"/>).</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public required string WorkingDirectory { get; init; }
    /// <summary>Folders that a sandbox leaves writable, relative to the working directory; <c>.</c>: that itself. Else it may only read there.</summary>
    public IReadOnlyList<string> Writable { get; init; } = [];
    /// <summary>Bytes of standard output that are kept; the rest is read and dropped.</summary>
    public required int OutputBytesMax { get; init; }
}

/// <param name="Output">Standard output, as far as it was kept.</param>
/// <param name="OutputBytes">All bytes written to standard output.</param>
/// <param name="ErrorTail">The end of standard error.</param>
internal sealed record ProcessResult(int ExitCode, byte[] Output, long OutputBytes, string ErrorTail);

/// <summary>Runs programs as children of this process and leaves none behind.</summary>
internal static partial class ProcessRunner
{
    /// <summary>What a child inherits of this process's environment: nothing that may hold a secret.</summary>
    public static IReadOnlyList<string> Inherited { get; } = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE"];

    /// <summary>How long what a finished program left running may hold its output open, in real time: foreign code keeps no other.</summary>
    private static readonly TimeSpan LettingGo = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);
    public const int SignalKill = 9;

    /// <summary>Starts a session of its own where the system offers it, so that all that a program starts can be ended together.</summary>
    private static readonly string? Session = OperatingSystem.IsWindows() ? null : Array.Find(["/usr/bin/setsid", "/bin/setsid"], File.Exists);

    /// <param name="alive">Called whenever the program writes something; from any thread.</param>
    /// <remarks>(1) Start. (2) Feed and read it until it ends. (3) End what it left running. Cancelling ends the whole tree.</remarks>
    public static async Task<ProcessResult> RunAsync(ProcessRequest request, Action alive, CancellationToken cancellationToken)
    {
        // (1)
        cancellationToken.ThrowIfCancellationRequested();
        using var process = Start(request);

        // (2)
        var output = new BoundedOutput(request.OutputBytesMax);
        var errors = new TailOutput();
        var pumps = Task.WhenAll(
            PumpAsync(process.StandardOutput.BaseStream, output.Add, alive),
            PumpAsync(process.StandardError.BaseStream, errors.Add, alive));
        var feeding = FeedAsync(process, request.Input);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await EndTreeAsync(process);
            throw;
        }
        finally
        {
            // (3)
            await Task.WhenAny(pumps, Task.Delay(LettingGo, CancellationToken.None));
            if (!pumps.IsCompleted)
            {
                KillTree(process);
                await Task.WhenAny(pumps, Task.Delay(LettingGo, CancellationToken.None));
            }
        }
        await Task.WhenAny(feeding, Task.Delay(LettingGo, CancellationToken.None));
        return new ProcessResult(process.ExitCode, output.Bytes, output.Total, errors.Text);
    }

    /// <summary>Starts it in a session of its own, all three streams redirected. Whoever starts it ends it with <see cref="KillTree"/>.</summary>
    internal static Process Start(ProcessRequest request)
    {
        var start = new ProcessStartInfo(Session ?? request.Program)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetFullPath(request.WorkingDirectory),
        };
        if (Session is not null) start.ArgumentList.Add(request.Program);
        foreach (var argument in request.Arguments) start.ArgumentList.Add(argument);
        var inherited = Inherited.Select(name => (name, value: start.Environment.TryGetValue(name, out var value) ? value : null)).ToArray();
        start.Environment.Clear();
        foreach (var (name, value) in inherited.Where(pair => pair.value is not null)) start.Environment[name] = value;
        foreach (var (name, value) in request.Environment) start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception failed) when (failed is Win32Exception or IOException or ArgumentException)
        {
            throw new CallFailedException(ErrorCode.ToolFailed, $"'{request.Program}' could not be started in '{start.WorkingDirectory}': {failed.Message}. Is it installed, and does the folder exist?", failed);
        }
    }

    private static async Task PumpAsync(Stream from, Action<ReadOnlySpan<byte>> take, Action alive)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, CancellationToken.None) is > 0 and var count)
            {
                take(buffer.AsSpan(0, count));
                alive();
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The other end is gone, or was given up: what was read stands.
        }
    }

    private static async Task FeedAsync(Process process, byte[] input)
    {
        try
        {
            await using var to = process.StandardInput.BaseStream;
            await to.WriteAsync(input, CancellationToken.None);
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The program does not read its input, or ended before it had.
        }
    }

    /// <summary>Ends it and everything that it started, and gives the system a moment to take them away: the last signal is not the end of a process.</summary>
    internal static async Task EndTreeAsync(Process process)
    {
        KillTree(process);
        await process.WaitForExitAsync(CancellationToken.None);
        var since = Stopwatch.GetTimestamp();
        while (Session is not null && Kill(-process.Id, 0) == 0 && Stopwatch.GetElapsedTime(since) < LettingGo) await Task.Delay(LookInterval);
    }

    /// <summary>Ends it and everything that it started.</summary>
    internal static void KillTree(Process process)
    {
        if (Session is not null) _ = Kill(-process.Id, SignalKill);
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int process, int signal);
}
