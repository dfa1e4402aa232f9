using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra cancel RUN</c>: asks the run's owner to end it, or ends it where it has none.</summary>
internal static class CancelVerb
{
    private static readonly Option Reason = new("--reason", "TEXT", "why, for the run's receipt");
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public static readonly Verb Verb = new("cancel", "RUN", "ends a run as cancelled")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Reason, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help, Option.Later("--compensate")],
        Run = CancelAsync,
    };

    private static async Task<int> CancelAsync(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var run = Wiring.FindRun(store, arguments.Positionals[0]).Run;
        var reason = arguments.Get(Reason) ?? "cancelled by `hydra cancel`";
        using var workshop = Wiring.Open(ProgramOptions.Of(store, run), store, io);
        var wasAsked = false;
        while (true)
        {
            var info = store.Find(run)!;
            if (info.Status is RunStatus.Completed or RunStatus.Cancelled || (wasAsked && info.Status != RunStatus.Running && !store.IsOwned(run)))
                return Print(info, wasAsked, arguments, io);
            if (store.IsOwned(run))
            {
                if (!wasAsked) store.Post(run, new InboxCommand("cancel", ValueMap.Of(("reason", reason))));
                wasAsked = true;
                await Task.Delay(LookInterval, io.Clock);
                continue;
            }
            try
            {
                await workshop.Engine.CancelAsync(run, reason, CancellationToken.None);
                wasAsked = true;
            }
            catch (StoreException taken) when (taken.Fault == StoreFault.Owned)
            {
                // Somebody took it up between the look and the grasp: ask that process.
                wasAsked = false;
            }
        }
    }

    private static int Print(RunInfo info, bool wasAsked, ParsedArguments arguments, CliIo io)
    {
        var isCancelled = info.Status == RunStatus.Cancelled;
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(RunRow.ToJson(info), indented: true));
        else if (isCancelled) io.Out.WriteLine($"{info.Run} cancelled{(wasAsked ? "" : " already")}: {TerminalText.Of(info.Reason)}");
        else io.Error.WriteLine($"hydra: run '{info.Run}' is {WireNames.Of(info.Status)} already; there is nothing to cancel.");
        return isCancelled ? ExitCode.Done : ExitCode.Usage;
    }
}
