using Hydra.Execution;
using Hydra.Gateway;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary>One run on a screen or in a pipe: shows its progress, listens for Ctrl+C, prints its result.</summary>
internal static class RunSession
{
    public static async Task<int> FollowAsync(Workshop workshop, ParsedArguments arguments, CliIo io, RunRequest request, bool isKept, WorkflowSpec workflow, Func<RunRequest, CancellationToken, Task<RunReport>> start)
    {
        var run = request.Run!.Value;
        if (isKept && arguments.Has(FollowVerb.InPlace) && FollowVerb.GoingOn(run, workflow, workshop.Engine.Options.Store) is { } going)
        {
            if (arguments.Has(RunOptions.Assume)) throw new UsageException($"another process carries run '{going}' on, and nothing of it can be settled meanwhile. Leave {RunOptions.Assume.Name} out to follow it.");
            return await FollowVerb.InPlaceAsync(workshop.Engine.Options.Store, going, arguments, io);
        }
        var begun = Detached.StarterOf(run, io);
        using var log = LogFile.Open(arguments, ref io);
        var isQuiet = arguments.Has(CommonOptions.Quiet);
        if (workshop.Gateway.IsOfflineByDefault && workshop.Models is not PipelineModels && !request.IsDryRun && !isQuiet && ModelUse.IsPossible(workflow) && workshop.Engine.Options.Store.Find(run)?.Status != RunStatus.Completed)
            io.Error.WriteLine(ModelGateway.OfflineNotice);
        using var stop = new CancellationTokenSource();
        using var interrupts = io.OnInterrupt(() => Interrupt(stop, io));
        RunReport report;
        var hasQuestions = WaitAsker.HasQuestions(workflow);
        var asks = hasQuestions && WaitAsker.MayAsk(arguments, io);
        var recorder = ReplayOptions.RecorderOf(arguments, workshop.Engine.Options.Store, io);
        var stays = asks || arguments.Has(RunOptions.Wait);
        using (var blueprint = isKept ? BlueprintFile.Open(workflow.File, workflow.Name, workshop.Engine.Options.Store, isQuiet, io) : null)
        using (var asker = asks ? new WaitAsker(run, workshop.Engine.Options.Store, CommonOptions.WhereOf(arguments), io) : null)
        await using (var view = PeopleNotifier.Around(new WaitView(hasQuestions && stays && !isQuiet ? new PlainView(run, io) : RunViews.For(run, arguments, io), run, stays && !isQuiet, asker, arguments, io), io))
        {
            var notes = isKept ? AuditHeadNotes.For(workshop.Engine.Options.Store, run, io) : null;
            try
            {
                report = await start(request with { Observer = Both.Of(begun, Both.Of(notes, Both.Of(recorder, Both.Of(blueprint?.Observer, view)))), StaysForPeople = stays }, stop.Token);
            }
            catch (StoreException broken) when (log is not null)
            {
                io.Error.WriteLine($"hydra: {TerminalText.Of(CommandLine.MessageOf(broken, arguments.Words))}");   // whoever began the run may listen no more
                throw;
            }
        }
        var code = End(report, workshop.Engine.Options.Store, isKept, arguments, io, request.Cassette?.Drift);
        await RunSpansOut.WriteAsync(report, workshop.Engine.Options.Store, isKept, arguments, io);
        ReplayOptions.Closing(report, request.Cassette, recorder, workshop.Engine.Options.Store, isKept, arguments, io);   // last: a file that cannot be written hides no result
        return code;
    }

    /// <summary>Prints what came of a run and what may be done next; its exit code.</summary>
    /// <param name="drift">How it left the recording it was answered by; null: it did not.</param>
    public static int End(RunReport report, IRunStore store, bool isKept, ParsedArguments arguments, CliIo io, string? drift = null)
    {
        RunOutput.Write(report, store, arguments, io);
        if (!arguments.Has(CommonOptions.Quiet)) Closing(report, isKept, drift, arguments, io);
        else if (drift is not null) io.Error.WriteLine(TerminalText.Block(drift));
        return ExitCodeOf(report);
    }

    /// <summary>The first asks the run to stop, the second does not wait for it.</summary>
    private static void Interrupt(CancellationTokenSource stop, CliIo io)
    {
        if (stop.IsCancellationRequested)
        {
            io.Exit(ExitCode.Interrupted);
            return;
        }
        stop.Cancel();
    }

    private static void Closing(RunReport report, bool isKept, string? drift, ParsedArguments arguments, CliIo io)
    {
        var where = CommonOptions.WhereOf(arguments);
        foreach (var file in report.FilesWritten) io.Error.WriteLine($"wrote {TerminalText.Of(file)}");
        io.Error.WriteLine($"{report.Run} {WireNames.Of(report.Status)}: {TerminalText.Of(report.Reason)} ({Amounts.Tokens(report.Tokens)}, {Amounts.Usd(report.Cost)}{Spend.UnpricedTextOf(report.UnpricedCalls)})");
        if (ReplayOptions.DriftBehind(report.Reason, drift) is { } more) io.Error.WriteLine(TerminalText.Block(more));
        if (!isKept) return;
        switch (report.Status)
        {
            case RunStatus.Stopped when report.Rollback is not null: io.Error.WriteLine($"See why: hydra inspect {report.Run}{where}"); break;
            case RunStatus.Stopped: io.Error.WriteLine(MoreBudget(report, where)); break;
            case RunStatus.Paused when report.IsSwitchedOff: io.Error.WriteLine($"Go on: hydra kill-switch off{where} && hydra resume {report.Run}{where}"); break;
            case RunStatus.Paused when report.Waits.Count > 0:
                foreach (var open in report.Waits) WaitText.WriteLeft(report.Run, open, where, io);
                io.Error.WriteLine($"Then go on: hydra resume {report.Run}{where}");
                break;
            case RunStatus.Paused or RunStatus.Interrupted: io.Error.WriteLine($"Go on: hydra resume {report.Run}{where}"); break;
            case RunStatus.Failed when report.Rollback is not null || arguments.Has(ReplayOptions.Replay) || arguments.Has(ReplayOptions.ReplayRun): io.Error.WriteLine($"See why: hydra inspect {report.Run}{where}"); break;
            case RunStatus.Failed when report.Unsettled.Count > 0:
                io.Error.WriteLine($"See why: hydra inspect {report.Run}{where}   Find out what took effect, then say so: hydra resume {report.Run}{where}{string.Concat(report.Unsettled.Select(path => $" {RunOptions.Assume.Name} {TerminalText.Word(path + "=done")}"))}   or PATH=done:JSON with its result, or PATH=not-done to do it now");
                break;
            case RunStatus.Failed: io.Error.WriteLine($"See why: hydra inspect {report.Run}{where}   Try again what failed: hydra resume {report.Run}{where}"); break;
            default: break;
        }
    }

    /// <summary>How to raise the limit that a run hit: two of the run's own by an option, every other in the file.</summary>
    private static string MoreBudget(RunReport report, string where)
    {
        string?[] options = [report.Budget?.MaxUsd is null ? null : $"{RunOptions.AddUsd.Name} 1.00", report.Budget?.MaxTokens is null ? null : $"{RunOptions.AddTokens.Name} 10000"];
        var migrate = $"hydra migrate {report.Run} FILE{where} --apply";
        var added = string.Join(", or ", options.OfType<string>());
        return added.Length == 0 ? $"More budget: raise the limit in the file, then {migrate}" : $"More budget: hydra resume {report.Run}{where} {added}   Another limit, or a node's: raise it in the file, then {migrate}";
    }

    public static int ExitCodeOf(RunReport report) => report.Status switch
    {
        RunStatus.Completed => ExitCode.Done,
        RunStatus.Paused when report.IsSwitchedOff => ExitCode.Refused,
        RunStatus.Failed when report.IsDenied => ExitCode.Refused,
        RunStatus.Paused => ExitCode.Paused,
        RunStatus.Stopped => ExitCode.BudgetExceeded,
        RunStatus.Interrupted => ExitCode.Interrupted,
        _ => ExitCode.Failed,
    };
}

/// <summary>The file of <c>--log</c> in the place of both outputs.</summary>
internal static class LogFile
{
    public static IDisposable? Open(ParsedArguments arguments, ref CliIo io)
    {
        if (arguments.Get(RunOptions.Log) is not { } path) return null;
        var full = Path.GetFullPath(io.PathOf(path));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var writer = new StreamWriter(full, append: true) { AutoFlush = true };
            io = io with { Out = writer, Error = writer, IsOutTerminal = false, IsErrorTerminal = false };
            return writer;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--log: '{path}' cannot be written: {failed.Message}");
        }
    }
}

/// <summary>Which view follows a run.</summary>
internal static class RunViews
{
    public static RunView For(RunId run, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Quiet)) return new SilentView();
        var isLive = io.IsErrorTerminal && !arguments.Has(CommonOptions.NoColor) && io.Environment("NO_COLOR") is null or "" && io.Environment("TERM") is not (null or "" or "dumb") && !arguments.Has(CommonOptions.Json);
        return isLive ? new Views.LiveView(run, io) : new PlainView(run, io);
    }
}

/// <summary>Shows a run while it goes on; disposing of it leaves the screen as it should stay.</summary>
internal abstract class RunView : IRunObserver, IAsyncDisposable
{
    public abstract void OnFrame(Frame frame, RunState state);
    public virtual bool NeedsStateOfFrame => true;
    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Two who see the same run.</summary>
internal sealed class Both(IRunObserver first, IRunObserver second) : IRunObserver
{
    public static IRunObserver Of(IRunObserver? first, IRunObserver second) => first is null ? second : new Both(first, second);

    public bool NeedsStateOfFrame => first.NeedsStateOfFrame || second.NeedsStateOfFrame;

    public void OnFrame(Frame frame, RunState state)
    {
        first.OnFrame(frame, state);
        second.OnFrame(frame, state);
    }

    public void OnProgress(int instance, string? partial)
    {
        first.OnProgress(instance, partial);
        second.OnProgress(instance, partial);
    }
}

internal sealed class SilentView : RunView
{
    public override bool NeedsStateOfFrame => false;
    public override void OnFrame(Frame frame, RunState state) { }
}
