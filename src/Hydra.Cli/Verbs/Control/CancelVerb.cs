using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra cancel RUN</c>: asks the run's owner to end it, or ends it where it has none.</summary>
internal static class CancelVerb
{
    private static readonly Option Compensate = Option.Switch("--compensate", "undoes what completed nodes did, the last first");

    public static readonly Verb Verb = new("cancel", "RUN", "ends a run as cancelled")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [ControlOptions.Reason, Compensate, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Calls under way are stopped. Without a running process the run is ended by this one.",
        Run = static (arguments, io) => RunControl.AskAsync(
            ControlOptions.RequestOf(ControlRequest.Cancel, arguments, io) with { Rollback = arguments.Has(Compensate) }, RunStatus.Cancelled, arguments, io),
    };
}
