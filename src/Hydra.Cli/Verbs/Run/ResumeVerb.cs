using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra resume RUN</c>: goes on after a crash, a stop, a failure or a larger budget.</summary>
internal static class ResumeVerb
{
    public static readonly Verb Verb = new("resume", "RUN", "goes on with a run that was cut off, stopped or failed")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            CommonOptions.RunsDir, RunOptions.AddUsd, RunOptions.AddTokens, CommonOptions.MaxConcurrent, CommonOptions.Rpm, CommonOptions.Tpm, RunOptions.Sandbox, RunOptions.Wait, FollowVerb.InPlace, RunOptions.Assume, RunOptions.Log,
            CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Quiet, CommonOptions.Help,
        ],
        Notes = "Completed nodes do not run again. A completed run prints its result once more.",
        Run = static async (arguments, io) =>
        {
            using var store = Wiring.OpenExisting(arguments, io);
            return await ResumeAsync(store, Wiring.FindRun(store, arguments.Positionals[0]), arguments, io);
        },
    };

    public static async Task<int> ResumeAsync(IRunStore store, RunInfo info, ParsedArguments arguments, CliIo io)
    {
        var request = RunOptions.ToRequest(arguments, io) with { Run = info.Run };
        using var workshop = Wiring.Open(ProgramOptions.Of(store, info.Run), store, io);
        return await RunSession.FollowAsync(workshop, arguments, io, request, isKept: true, RunReading.PlanOf(store, info.Run).Plan.Workflow, (asked, stop) => workshop.Engine.ResumeAsync(info.Run, asked, stop));
    }
}
