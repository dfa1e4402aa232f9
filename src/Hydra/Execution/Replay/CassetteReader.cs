using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Reads a run's journal as a cassette: every call with what came of it, in the order in which they were announced.</summary>
public static class CassetteReader
{
    /// <param name="planOf">The plan a run is pinned to.</param>
    public static Cassette Read(IRunStore store, RunId run, Func<RunId, Plan> planOf, MissingCall missing = MissingCall.Fail)
    {
        var state = new RunState(planOf(run));
        var recorder = new CassetteRecorder(store, planOf) { IsForFile = false };
        foreach (var frame in store.Read(run))
        {
            state.Apply(frame);
            recorder.OnFrame(frame, state);
        }
        return recorder.ToCassette(missing);
    }
}
