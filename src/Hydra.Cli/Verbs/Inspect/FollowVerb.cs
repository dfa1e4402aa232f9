using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>Another process's run on this screen (<c>--follow</c>). Leaving does not touch the run.</summary>
internal static class FollowVerb
{
    public static readonly Option Option = Option.Switch("--follow", "stays until the run ends");
    /// <summary>For verbs that would begin a run or go on with one.</summary>
    public static readonly Option InPlace = Option.Switch("--follow", "where the run goes on in another process already, follows it to its end");
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    /// <summary><c>inspect RUN --follow</c>: says how it ended.</summary>
    public static async Task<int> FollowAsync(IRunStore store, RunId run, ParsedArguments arguments, CliIo io)
    {
        if (await WatchAsync(store, run, arguments, io) is not { } report) return ExitCode.Interrupted;
        io.Error.WriteLine($"{run} {WireNames.Of(report.Status)}: {TerminalText.Of(report.Reason)}{(report.Status == RunStatus.Interrupted ? $". Go on: hydra resume {run}{CommonOptions.WhereOf(arguments)}" : "")}");
        return ExitCode.Done;
    }

    /// <summary>The run that a command with <see cref="InPlace"/> follows: the one it names, or the one that has its genesis.xml; null: none goes on.</summary>
    public static RunId? GoingOn(RunId run, WorkflowSpec workflow, IRunStore store) =>
        store.IsOwned(run) ? run : BlueprintFile.IsBlueprint(workflow.File) ? BlueprintFile.RunThatHas(workflow.Name, store)?.Run : null;

    /// <summary>As if the run were this process's own: its progress, its result, its exit code.</summary>
    public static async Task<int> InPlaceAsync(IRunStore store, RunId run, ParsedArguments arguments, CliIo io)
    {
        if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine($"run {run} goes on in another process; this follows it, and leaving it does not end it");
        return await WatchAsync(store, run, arguments, io) is { } report ? RunSession.End(report, store, isKept: true, arguments, io) : ExitCode.Interrupted;
    }

    /// <summary>How the run ended, <c>interrupted</c> where its process is gone; null: this follower was told to leave.</summary>
    /// <param name="isTakenUp">Whether somebody stays who takes the run up again when its process dies; null: nobody does.</param>
    public static async Task<RunReport?> WatchAsync(IRunStore store, RunId run, ParsedArguments arguments, CliIo io, Func<bool>? isTakenUp = null)
    {
        using var stop = new CancellationTokenSource();
        using var interrupts = io.OnInterrupt(stop.Cancel);
        var state = new RunState(RunReading.PlanOf(store, run).Plan);
        await using (var view = RunViews.For(run, arguments, io))
        {
            while (true)
            {
                var goesOn = isTakenUp?.Invoke() == true;
                var isOwned = store.IsOwned(run);   // before reading: what a dying owner wrote last is not missed
                foreach (var frame in store.Read(run, state.NextSequence))
                {
                    state.Apply(frame);
                    view.OnFrame(frame, state);
                }
                // An end that was read while somebody owns the run, or is about to, may be that of an earlier process.
                if (!isOwned && !goesOn) break;
                try
                {
                    await Task.Delay(LookInterval, io.Clock, stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return null;
                }
            }
        }
        var report = RunReport.Of(run, state, store.Artifacts);
        return state.HasEnded ? report : report with { Status = RunStatus.Interrupted, Reason = "its process is gone" };
    }
}
