using Hydra.Model;

namespace Hydra.Changes;

/// <summary>Finds an instance of a run by its path.</summary>
public static class InstancePath
{
    /// <summary>The instance of that path; for an item or round of several nodes (<c>d[1]</c>, <c>l#2</c>), all of it. Throws <see cref="RunRefusedException"/>.</summary>
    public static IReadOnlyList<int> FindAll(RunState state, string path)
    {
        if (path.Length > 0 && (path[^1] == ']' || path.LastIndexOf('#') > path.LastIndexOf('/')))
        {
            var inside = Enumerable.Range(0, state.InstanceCount).Where(i => !state.IsDropped(i) && state.PathOf(i) is var at && at.StartsWith(path + "/", StringComparison.Ordinal) && at.LastIndexOf('/') == path.Length).ToList();
            if (inside.Count > 0) return inside;
        }
        return [Find(state, path)];
    }

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
