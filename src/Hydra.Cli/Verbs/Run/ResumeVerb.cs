using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra resume RUN</c>: goes on after a crash, a stop, a failure or a larger budget.</summary>
internal static class ResumeVerb
{
    public static readonly Verb Verb = new("resume", "RUN|--due", "goes on with a run that was cut off, stopped or failed")
    {
        PositionalsMax = 1,
        Options =
        [
            CommonOptions.RunsDir, RunOptions.AddUsd, RunOptions.AddTokens, CommonOptions.MaxConcurrent, CommonOptions.Rpm, CommonOptions.Tpm, RunOptions.Sandbox, RunOptions.Detach, RunOptions.Wait, DueRuns.Due, FollowVerb.InPlace, RunOptions.Assume, RunOptions.Log,
            CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Quiet, CommonOptions.Help,
        ],
        Notes = "Completed nodes do not run again. A completed run prints its result once more. --due is for a scheduler such as cron: it asks nobody, and its exit code is that of the first run that did neither complete nor pause.",
        Run = static async (arguments, io) =>
        {
            if (arguments.Has(DueRuns.Due)) return await DueRuns.ResumeAsync(arguments, io);
            if (arguments.Positionals.Count == 0) throw new UsageException("RUN is missing. Usage: hydra resume RUN, or hydra resume --due");
            using var store = Wiring.OpenExisting(arguments, io);
            return await ResumeAsync(store, Wiring.FindRun(store, arguments.Positionals[0]), arguments, io);
        },
    };

    public static async Task<int> ResumeAsync(IRunStore store, RunInfo info, ParsedArguments arguments, CliIo io)
    {
        var request = RunOptions.ToRequest(arguments, io) with { Run = info.Run };
        if (arguments.Has(RunOptions.Detach)) return await Detached.StartAsync(info.Run, arguments, io);
        using var workshop = Wiring.Open(ProgramOptions.Of(store, info.Run), store, io);
        return await RunSession.FollowAsync(workshop, arguments, io, request, isKept: true, RunReading.PlanOf(store, info.Run).Plan.Workflow, (asked, stop) => workshop.Engine.ResumeAsync(info.Run, asked, stop));
    }
}
