using Hydra.Model;

namespace Hydra.Execution;

/// <summary>What may be asked of a run that nobody runs at the moment.</summary>
internal static class Control
{
    /// <summary>Whether the request changes anything: what has ended well, or has ended so already, stays.</summary>
    public static bool Changes(RunState state, ControlRequest asked) => asked.Verb switch
    {
        ControlRequest.Pause => !state.HasEnded || state.Status == RunStatus.Interrupted || state.IsLeftForPeople,   // else `resume --due` would take it up
        _ when !state.HasEnded => true,
        _ => state.RollbackAs is null && (state.Status is not (RunStatus.Completed or RunStatus.Cancelled)
            || (asked.Rollback && state.Status == RunStatus.Cancelled && state.ToUndo(all: true).Count > 0)),
    };

    /// <summary>What people say of unknown outcomes, against the run; refuses what it does not ask, and a run that was rolled back.</summary>
    public static List<RunEvent.Assumed> Check(RunId run, RunState state, IReadOnlyList<Assumption> assumptions, IArtifactStore artifacts)
    {
        if (state is { HasEnded: true, RollbackAs: not null, Status: RunStatus.Failed or RunStatus.Stopped or RunStatus.Cancelled } && state.Reopenable().Count == 0)
            throw new RunRefusedException($"Run '{run}' was rolled back: {RollbackReceipt.Of(state)}. It cannot go on from there; start it anew.");
        var said = new List<RunEvent.Assumed>();
        foreach (var assumed in assumptions)
        {
            var instance = Enumerable.Range(0, state.InstanceCount).FirstOrDefault(i => state.HasUnknownStep(i) && state.PathOf(i) == assumed.Path, -1);
            if (instance < 0) throw new RunRefusedException($"--assume names '{assumed.Path}', and {Unknown(state)}.");
            var output = assumed.Happened ? artifacts.Keep(assumed.Output, state.NodeOf(instance).Settings.Labels) : null;
            said.Add(new RunEvent.Assumed(instance, assumed.Happened, output, assumed.By));
        }
        return said;
    }

    /// <summary>Refuses what people say of a run that has completed.</summary>
    public static void RefuseLate(RunId run, IReadOnlyList<Assumption> assumptions)
    {
        if (assumptions is [var first, ..]) throw new RunRefusedException($"--assume names '{first.Path}', and run '{run}' has completed: what it did stands, and nothing is left to settle. Leave --assume out to print its result again.");
    }

    private static string Unknown(RunState state)
    {
        var open = Enumerable.Range(0, state.InstanceCount).Where(state.HasUnknownStep).Select(state.PathOf).Take(10).ToList();
        return open.Count == 0 ? "no effect of this run has an unknown outcome" : $"the effects whose outcome is unknown are those of {string.Join(", ", open)}";
    }
}
