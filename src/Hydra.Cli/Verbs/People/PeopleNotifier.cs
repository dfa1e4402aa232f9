using System.Diagnostics;
using System.Threading.Channels;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>
/// Tells people outside of the terminal that a run waits for them: the command line in <c>HYDRA_NOTIFY</c> is run for each
/// event with its JSON on standard input, one after another. What it does wrong is a warning and never holds the run up.
/// </summary>
internal sealed class PeopleNotifier : RunView
{
    public const string Variable = "HYDRA_NOTIFY";
    /// <summary>Events that may wait for their turn; more are dropped with a warning.</summary>
    private const int QueueLengthMax = 1_000;
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);
    /// <summary>How long the end of a run waits for what is still to be told.</summary>
    private static readonly TimeSpan ClosingTimeout = TimeSpan.FromSeconds(15);

    private readonly RunView _inner;
    private readonly string _command;
    private readonly CliIo _io;
    private readonly Channel<Value> _events = Channel.CreateBounded<Value>(QueueLengthMax);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _telling;

    private PeopleNotifier(RunView inner, string command, CliIo io)
    {
        (_inner, _command, _io) = (inner, command, io);
        _telling = Task.Run(TellAsync);
    }

    /// <summary>The view, with notifications where the environment asks for them.</summary>
    public static RunView Around(RunView inner, CliIo io) => io.Environment(Variable) is { Length: > 0 } command ? new PeopleNotifier(inner, command, io) : inner;

    public override void OnFrame(Frame frame, RunState state)
    {
        _inner.OnFrame(frame, state);
        foreach (var happened in frame.Events)
        {
            if (EventOf(happened, frame.AtMs, state) is { } told && !_events.Writer.TryWrite(told)) Warn("more events than it can take; one is dropped");
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _events.Writer.Complete();
        try
        {
            await _telling.WaitAsync(ClosingTimeout, _io.Clock);
        }
        catch (TimeoutException)
        {
            Warn("not everything could be told before the run's process ended");
            await _stop.CancelAsync();
            await _telling;
        }
        _stop.Dispose();
        await _inner.DisposeAsync();
    }

    private static Value? EventOf(RunEvent happened, long atMs, RunState state) => happened switch
    {
        RunEvent.WaitOpened e => Describe("asked", e.Node, atMs, state),
        RunEvent.WaitReminded e => Describe("reminder", e.Node, atMs, state),
        RunEvent.WaitExpired { As: WaitExpiry.Escalate } e => Describe("escalated", e.Node, atMs, state),
        RunEvent.WaitExpired e => Describe("expired", e.Node, atMs, state),
        RunEvent.Overdue e => ValueMap.Of(
            ("event", "overdue"), ("at", WaitText.Iso(atMs)), ("run_id", state.RunName), ("workflow", state.Plan.Name), ("node", state.PathOf(e.Node)), ("attempt", state.AttemptOf(e.Node)),
            ("estimate_seconds", state.NodeOf(e.Node).Settings.EstimateSeconds)),
        _ => null,
    };

    private static Value? Describe(string what, int node, long atMs, RunState state)
    {
        var wait = state.DetailOf(node)!.Wait!;
        return ValueMap.Of(
            ("event", what), ("at", WaitText.Iso(atMs)), ("run_id", state.RunName), ("workflow", state.Plan.Name), ("node", state.PathOf(node)), ("wait", wait.Id),
            ("kind", WireNames.Of(wait.Request.Kind)), ("prompt", wait.Request.Prompt), ("payload_sha256", wait.Request.PayloadSha256),
            ("since", WaitText.Iso(wait.OpenedAtMs)), ("deadline", WaitText.Iso(wait.DeadlineMs)), ("approvers", Value.OfTexts(wait.MayAnswer)),
            ("decision", wait.Decision?.Expired is { } expired ? WireNames.Of(expired) : Value.Null),
            ("command", WaitText.CommandFor(state.RunName, state.PathOf(node), wait.Request)));
    }

    private async Task TellAsync()
    {
        await foreach (var told in _events.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested) return;
            try
            {
                if (await RunAsync(told.ToJson()) is { } wrong) Warn(wrong);
            }
            catch (Exception failed) when (failed is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
            {
                Warn(failed.Message);
            }
        }
    }

    /// <summary>What went wrong; null: nothing.</summary>
    private async Task<string?> RunAsync(string json)
    {
        var (shell, flag) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        using var process = new Process { StartInfo = new ProcessStartInfo(shell, [flag, _command]) { WorkingDirectory = _io.WorkingDirectory, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true } };
        process.OutputDataReceived += static (_, _) => { };   // what it prints belongs to no output of the run
        var lastLine = "";
        process.ErrorDataReceived += (_, line) => lastLine = line.Data is { Length: > 0 } text ? text : lastLine;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(CommandTimeout);
        try
        {
            await FeedAsync(process, json, limit.Token);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return $"no end within {CommandTimeout.TotalSeconds:0} s; it was stopped";
        }
        return process.ExitCode == 0 ? null : $"exit code {process.ExitCode}{(lastLine.Length == 0 ? "" : ": " + lastLine)}";
    }

    private static async Task FeedAsync(Process process, string json, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(json.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not read what it is told; its exit code says whether that was wrong.
        }
    }

    private void Warn(string what) => _io.Error.WriteLine($"warning: {Variable}: {TerminalText.Clip(what, 300)}. The run goes on.");
}
