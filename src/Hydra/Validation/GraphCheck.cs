using Hydra.Model;

namespace Hydra.Validation;

/// <summary>Ids, dependencies, cycles and joins of one scope.</summary>
internal static class GraphCheck
{
    private const int CyclesMax = 20, CycleNodesShownMax = 50;

    public static void Check(NameScope scope, ProblemList problems)
    {
        var graph = scope.Graph;
        for (var i = 0; i < graph.Nodes.Count; i++)
        {
            CheckId(scope, i, problems);
            CheckParents(scope, i, problems);
            CheckJoin(graph.Nodes[i], problems);
        }
        foreach (var cycle in graph.Cycles(CyclesMax))
        {
            var ids = cycle.ConvertAll(node => graph.Nodes[node].Id.Text);
            if (ids.Count > CycleNodesShownMax) ids = [.. ids[..(CycleNodesShownMax / 2)], $"… {ids.Count - CycleNodesShownMax} more …", .. ids[^(CycleNodesShownMax / 2)..]];
            var first = graph.Nodes[cycle[0]];
            problems.Error(ProblemCodes.Cycle, first.PlaceOf("depends_on"),
                $"these nodes wait for each other: {string.Join(" → ", ids)} → {ids[0]}. Remove one of these dependencies; to repeat work, use `loop`.");
        }
    }

    private static void CheckId(NameScope scope, int i, ProblemList problems)
    {
        var node = scope.Graph.Nodes[i];
        var id = node.Id.Text;
        if (scope.Graph.IndexOf(id) is var first && first != i)
        {
            var at = scope.Graph.Nodes[first].At;
            problems.Error(ProblemCodes.DuplicateNode, node.PlaceOf("id"), $"the id '{id}' is taken{(at.Line > 0 ? $" by the node at {at}" : "")}. Give each node an id of its own.");
        }
        if (ReservedNames.Contains(id)) problems.Error(ProblemCodes.ReservedName, node.PlaceOf("id"), $"the id '{id}' is reserved for templates. Choose another, such as '{id}_step'.");
    }

    private static void CheckParents(NameScope scope, int i, ProblemList problems)
    {
        var node = scope.Graph.Nodes[i];
        HashSet<string>? seen = null;
        for (var p = 0; p < node.DependsOn.Count; p++)
        {
            var parent = node.DependsOn[p].Text;
            if (parent == node.Id.Text)
            {
                problems.Error(ProblemCodes.SelfDependency, PlaceOf(p), $"node '{parent}' depends on itself. Remove it from `depends_on`; to repeat work, use `loop`.");
            }
            else if (scope.Graph.IndexOf(parent) < 0)
            {
                var isOuter = scope.Outer?.Ids().Contains(parent) == true;
                problems.Error(ProblemCodes.UnknownDependency, PlaceOf(p), isOuter
                    ? $"node '{node.Id}' needs '{parent}', which stands outside. Put it into `depends_on` of the node around: what that one waits for is visible inside."
                    : $"node '{node.Id}' needs '{parent}', which this graph does not define.{DidYouMean.Hint(parent, scope.Graph.Ids.Where(id => id != node.Id.Text))} Add that node, or correct `depends_on`.");
            }
            if (node.DependsOn.Count > 1 && !(seen ??= new(StringComparer.Ordinal)).Add(parent))
                problems.Warning(ProblemCodes.RepeatedDependency, PlaceOf(p), $"node '{node.Id}' lists '{parent}' twice in `depends_on`. Remove one.");
        }

        SourcePosition PlaceOf(int parent) => node.PlaceOf($"depends_on[{parent}]");
    }

    private static void CheckJoin(NodeSpec node, ProblemList problems)
    {
        if (node.Policy.Join is not { } join) return;
        var parents = node.DependsOn.Distinct().Count();
        var at = node.PlaceOf("join");
        if (join.Kind == JoinKind.AtLeast && join.Count > parents)
            problems.Error(ProblemCodes.BadJoin, at, $"node '{node.Id}' waits for at least {join.Count} parents and has {parents}, so it can never start. Lower `at_least`, or add to `depends_on`.");
        else if (join.Kind != JoinKind.All && parents == 0)
            problems.Warning(ProblemCodes.BadJoin, at, $"node '{node.Id}' has a `join` and no parents. Remove it, or add `depends_on`.");
    }
}
