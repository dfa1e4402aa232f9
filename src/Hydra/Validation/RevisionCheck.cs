using Hydra.Model;

namespace Hydra.Validation;

/// <summary>Gates that have work done again: from where, and that nothing keeps what was made of the version before.</summary>
internal static class RevisionCheck
{
    /// <summary>The nodes of the scope that some gate may have done again, by number.</summary>
    public static IReadOnlySet<int> Check(NameScope scope, IReadOnlyDictionary<string, INodeType> types, ProblemList problems)
    {
        var revised = new HashSet<int>();
        var graph = scope.Graph;
        for (var gate = 0; gate < graph.Nodes.Count; gate++)
        {
            var node = graph.Nodes[gate];
            if (types.GetValueOrDefault(node.Type)?.RevisesFrom(node) is not { } id) continue;
            var at = node.PlaceOf("on_reject");
            var from = graph.IndexOf(id);
            if (from < 0 || !graph.IsAncestor(from, gate))
            {
                problems.Error(ProblemCodes.BadRevision, at, from < 0
                    ? $"node '{node.Id}' revises '{id}', which this graph does not define.{DidYouMean.Hint(id, graph.Ids)} Name a node that runs before the gate."
                    : $"node '{node.Id}' revises '{id}', which does not run before it. Name a node that the gate depends on, directly or through others.");
                continue;
            }
            revised.UnionWith(Path(scope, from, gate, id, at, problems));
        }
        return revised;
    }

    private static List<int> Path(NameScope scope, int from, int gate, string id, SourcePosition at, ProblemList problems)
    {
        var graph = scope.Graph;
        var path = new List<int> { from };
        var seen = new HashSet<int> { from };
        for (var i = 0; i < path.Count; i++)
        {
            if (path[i] == gate) continue;
            foreach (var next in graph.DependantsOf(path[i]))
            {
                if (!seen.Add(next)) continue;
                if (next == gate || graph.IsAncestor(next, gate)) path.Add(next);
                else if (!graph.IsAncestor(gate, next))
                    problems.Error(ProblemCodes.BadRevision, at, $"node '{scope.NameOf(gate)}' revises '{id}', and '{graph.Nodes[next].Id}' uses what was revised without waiting for the gate: it would keep the rejected version. Add '{graph.Nodes[gate].Id}' to `depends_on` of '{graph.Nodes[next].Id}', or let the gate wait for it.");
            }
        }
        return path;
    }
}
