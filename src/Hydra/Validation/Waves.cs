using System.Text;
using Hydra.Model;

namespace Hydra.Validation;

/// <summary>The layers of a graph, for display only: nodes run the moment their own dependencies are done.</summary>
public static class Waves
{
    /// <summary>Ids by wave; within a wave in the order of the file. Nodes on or behind a cycle are missing.</summary>
    public static IReadOnlyList<IReadOnlyList<NodeId>> Of(WorkflowSpec spec)
    {
        var graph = new GraphIndex(spec.Nodes);
        var waves = new List<List<int>>();
        foreach (var node in graph.Order)
        {
            var level = graph.LevelOf(node);
            while (waves.Count <= level) waves.Add([]);
            waves[level].Add(node);
        }
        foreach (var wave in waves) wave.Sort();
        return waves.ConvertAll(wave => (IReadOnlyList<NodeId>)wave.ConvertAll(node => spec.Nodes[node].Id));
    }
}

/// <summary>What <c>hydra validate</c> prints for a workflow without errors.</summary>
public static class ValidateText
{
    /// <summary>The name, the counts and the waves, in the words of dagraph; no line break at the end.</summary>
    public static string Of(WorkflowSpec spec)
    {
        var waves = Waves.Of(spec);
        var text = new StringBuilder($"✓ {spec.Name}: {spec.Nodes.Count} nodes, {waves.Count} wave(s)");
        for (var i = 0; i < waves.Count; i++)
        {
            text.Append("\n  wave ").Append(i + 1).Append(": [");
            for (var n = 0; n < waves[i].Count; n++) text.Append(n == 0 ? "'" : ", '").Append(waves[i][n].Text).Append('\'');
            text.Append(']');
        }
        return text.ToString();
    }
}
