using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra inspect RUN --follow</c>: another process's run on this screen. Leaving does not touch the run.</summary>
internal static class FollowVerb
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    public static async Task<int> FollowAsync(IRunStore store, RunId run, ParsedArguments arguments, CliIo io)
    {
        using var stop = new CancellationTokenSource();
        using var interrupts = io.OnInterrupt(stop.Cancel);
        var (plan, _) = RunReading.PlanOf(store, run);
        var state = new RunState(plan);
        await using (var view = RunViews.For(run, arguments, io))
        {
            while (true)
            {
                var isOwned = store.IsOwned(run);   // before reading: what a dying owner wrote last is not missed
                foreach (var frame in store.Read(run, state.NextSequence))
                {
                    state.Apply(frame);
                    view.OnFrame(frame, state);
                }
                if (state.HasEnded || !isOwned) break;
                try
                {
                    await Task.Delay(LookInterval, io.Clock, stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return ExitCode.Interrupted;
                }
            }
        }
        var status = state.HasEnded ? state.Status : RunStatus.Interrupted;
        io.Error.WriteLine($"{run} {WireNames.Of(status)}{(state.HasEnded ? $": {TerminalText.Of(state.Reason)}" : $": its process is gone. Go on: hydra resume {run}")}");
        return ExitCode.Done;
    }
}
