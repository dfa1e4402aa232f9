using Hydra.Model;

namespace Hydra.Changes;

/// <summary>Finds an instance of a run by its path.</summary>
public static class InstancePath
{
    /// <summary>Throws <see cref="RunRefusedException"/> when the run has none of that path.</summary>
    public static int Find(RunState state, string path)
    {
        for (var i = state.InstanceCount - 1; i >= 0; i--)
        {
            if (!state.IsDropped(i) && state.PathOf(i) == path) return i;
        }
        var known = Enumerable.Range(0, Math.Min(state.InstanceCount, 20_000)).Where(i => !state.IsDropped(i)).Select(state.PathOf);
        throw new RunRefusedException($"Run '{state.RunName}' has no node '{path}'.{DidYouMean.Hint(path, known)} `hydra inspect {state.RunName}` lists them.");
    }
}
