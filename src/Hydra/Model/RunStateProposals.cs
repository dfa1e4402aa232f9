namespace Hydra.Model;

/// <summary>What of a run's state came up during the run: nodes that models wrote.</summary>
public sealed partial class RunState
{
    /// <summary>In how many proposed graphs, one in the other, an instance lies.</summary>
    public int ProposedDepthOf(int instance) => ProposedDepthOf(instance, out _);

    /// <param name="labels">Those of all that the models had read which wrote the instance's node and those around it.</param>
    public int ProposedDepthOf(int instance, out Labels labels)
    {
        var depth = 0;
        labels = default;
        for (var scope = ScopeOf(instance); scope.Parent >= 0; scope = ScopeOf(scope.Parent))
        {
            if (scope.Opening.Proposed is not { } proposed) continue;
            depth++;
            labels = labels.With(proposed.Labels);
        }
        return depth;
    }
}
