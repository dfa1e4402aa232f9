using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra pause RUN</c>: nothing new starts; the run ends paused and goes on with <c>resume</c>.</summary>
internal static class PauseVerb
{
    private static readonly Option Now = Option.Switch("--now", "interrupts calls under way in place of waiting for them");

    public static readonly Verb Verb = new("pause", "RUN", "pauses a run; `resume` goes on with it")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Now, ControlOptions.Reason, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Calls under way finish and count; what they belong to stops before its next call and goes on from there.",
        Run = static (arguments, io) => RunControl.AskAsync(
            ControlOptions.RequestOf(ControlRequest.Pause, arguments, io) with { Now = arguments.Has(Now) }, RunStatus.Paused, arguments, io),
    };
}
