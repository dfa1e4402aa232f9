using Hydra.Model;

namespace Hydra.Planning;

/// <summary>The longest path through a plan by its estimates.</summary>
public static class CriticalPath
{
    /// <summary>The nodes of the path by index, the first first; of equals the one that stands first in the file.</summary>
    public static IReadOnlyList<int> Of(Plan plan)
    {
        var path = new List<int>();
        for (var next = Longest(plan, plan.Roots); next >= 0; next = Longest(plan, plan.DependantsOf(next))) path.Add(next);
        return path;
    }

    private static int Longest(Plan plan, ReadOnlySpan<int> nodes)
    {
        var best = -1;
        foreach (var node in nodes)
        {
            if (best < 0 || plan.Rank[node] > plan.Rank[best]) best = node;
        }
        return best;
    }
}
