using Hydra.Model;

namespace Hydra.Journal;

/// <summary>What a run keeps in an artifact that is lost, and what can be done without it.</summary>
internal static class LostParts
{
    private const string Restore = "Or restore the file from a copy.";

    /// <summary>The event that each of the artifacts matters most to.</summary>
    /// <param name="lost">Hashes of artifacts.</param>
    public static Dictionary<string, RunEvent> Find(IEnumerable<Frame> frames, IEnumerable<string> lost)
    {
        var (wanted, found) = (lost.ToHashSet(StringComparer.Ordinal), new Dictionary<string, RunEvent>(StringComparer.Ordinal));
        foreach (var happened in frames.SelectMany(frame => frame.Events))
        {
            foreach (var artifact in RunArchive.ArtifactsOf(happened))
            {
                if (wanted.Contains(artifact.Hex) && (!found.TryGetValue(artifact.Hex, out var known) || Rank(happened) > Rank(known))) found[artifact.Hex] = happened;
            }
        }
        return found;
    }

    /// <summary>A result is often what a call was answered, too: as a result more depends on it.</summary>
    private static int Rank(RunEvent happened) => happened switch
    {
        RunEvent.RunStarted or RunEvent.Forked => 2,
        RunEvent.StepIntended or RunEvent.StepEnded => 0,
        _ => 1,
    };

    /// <param name="state">The run's state; null: its definition cannot be read.</param>
    public static (string What, string Mend) Tell(RunId run, RunEvent happened, RunState? state)
    {
        if (happened is RunEvent.RunStarted or RunEvent.Forked)
            return ("the run's definition and inputs, without which nothing of the run can be read", "Restore the file from a copy. Without one, `hydra run FILE --reuse` with the same inputs begins a new run that takes what this one has done.");
        if (state is null) return ("a part of one of its nodes", "Restore the file from a copy, and with it the one that holds the run's definition: nothing else helps without that.");
        return happened switch
        {
            RunEvent.WaitOpened e => OfWait(run, e, Path(state, e.Node), state),
            RunEvent.Ended e => ($"the result of '{Path(state, e.Node)}'", $"{Anew(run, state, e.Node)} makes it anew. {Restore}"),
            RunEvent.OutputSet e => ByHand(run, Path(state, e.Node)),
            RunEvent.Assumed e => ByHand(run, Path(state, e.Node)),
            RunEvent.Expanded e => ($"what '{Path(state, e.Node)}' began a part of its work with", $"{Anew(run, state, e.Node)} begins it anew. {Restore}"),
            RunEvent.StepIntended e => ($"what '{Path(state, e.Node)}' asked in a call", OfCall(run, e.Node, state)),
            RunEvent.StepEnded e => ($"what a call of '{Path(state, e.Node)}' was answered", OfCall(run, e.Node, state)),
            _ => throw new ArgumentException($"{happened.GetType().Name} keeps nothing in artifacts.", nameof(happened)),
        };
    }

    private static (string What, string Mend) OfWait(RunId run, RunEvent.WaitOpened opened, string path, RunState state)
    {
        if (!state.OpenWaits.Contains(opened.Node) || state.DetailOf(opened.Node)!.Wait!.Request.Payload.Artifact != opened.Request.Payload.Artifact)
            return ($"what '{path}' asked", "What was decided stands, and nothing needs this to go on. Restore the file from a copy to see it again.");
        var reject = opened.Request.Kind == WaitKind.Approval ? $" Rejecting it (`hydra approve {run} '{path}' --reject`) needs none of it." : "";
        return ($"what '{path}' asks", $"It cannot be {(opened.Request.Kind == WaitKind.Approval ? "approved" : "answered")} unseen. {Anew(run, state, opened.Node)} asks anew.{reject} {Restore}");
    }

    private static (string What, string Mend) ByHand(RunId run, string path) =>
        ($"the result that was given for '{path}' by hand", $"`hydra rerun {run} --set-output '{path}=TEXT'` gives it again. {Restore}");

    private static string OfCall(RunId run, int node, RunState state) =>
        node < state.InstanceCount && state.StatusOf(node) is NodeStatus.Completed or NodeStatus.Degraded or NodeStatus.Skipped
            ? $"Its result stands: only who looks at the call, records or replays it needs this. {Anew(run, state, node)} asks anew. {Restore}"
            : $"{Anew(run, state, node)} asks anew. {Restore}";

    private static string Anew(RunId run, RunState state, int node) => $"`hydra rerun {run} --from '{Path(state, node)}'`";

    private static string Path(RunState state, int node) => node < state.InstanceCount ? state.PathOf(node) : $"#{node}";
}
