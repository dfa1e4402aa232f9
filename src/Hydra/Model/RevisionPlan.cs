namespace Hydra.Model;

/// <summary>The graph that a revision runs: the nodes on any path from the node that a gate names to the gate itself.</summary>
internal static class RevisionPlan
{
    /// <remarks>Nodes stand in the order of their ids, so that a reordered file gives the same numbers.</remarks>
    public static Plan Of(Plan around, int gate)
    {
        var from = around.IndexOf(around.Nodes[gate].Type.RevisesFrom(around.Nodes[gate].Spec)!);
        var path = Reach(from, around.DependantsOf);
        path.IntersectWith(Reach(gate, around.ParentsOf));
        var nodes = path.OrderBy(node => around.Nodes[node].Id.Text, StringComparer.Ordinal).ToArray();
        var inside = nodes.Select((node, i) => (node, i)).ToDictionary(pair => pair.node, pair => pair.i);
        var parents = nodes.Select(node => Inside(around.ParentsOf(node), inside)).ToArray();
        var dependants = nodes.Select(node => Inside(around.DependantsOf(node), inside)).ToArray();
        return new Plan
        {
            Name = around.Name,
            Fragment = "revision",
            Workflow = around.Workflow,
            Nodes = [.. nodes.Select((node, i) => Copy(around.Nodes[node], i, parents[i].Length))],
            ParentStart = Starts(parents),
            Parents = [.. parents.SelectMany(of => of)],
            DependantStart = Starts(dependants),
            Dependants = [.. dependants.SelectMany(of => of)],
            Rank = Ranks(around, nodes, dependants),
            Wave = [.. nodes.Select(node => around.Wave[node] - around.Wave[from])],
            Roots = [inside[from]],
            Sinks = [inside[gate]],
            BaseIndex = nodes,
        };
    }

    private delegate ReadOnlySpan<int> Neighbours(int node);

    private static HashSet<int> Reach(int from, Neighbours next)
    {
        var found = new HashSet<int> { from };
        var open = new Stack<int>();
        open.Push(from);
        while (open.TryPop(out var node))
        {
            foreach (var other in next(node))
            {
                if (found.Add(other)) open.Push(other);
            }
        }
        return found;
    }

    private static int[] Inside(ReadOnlySpan<int> neighbours, Dictionary<int, int> inside)
    {
        var found = new List<int>();
        foreach (var node in neighbours)
        {
            if (inside.TryGetValue(node, out var at)) found.Add(at);
        }
        return [.. found];
    }

    private static int[] Starts(int[][] lists)
    {
        var starts = new int[lists.Length + 1];
        for (var i = 0; i < lists.Length; i++) starts[i + 1] = starts[i] + lists[i].Length;
        return starts;
    }

    /// <summary>Seconds to the gate; waves give an order in which dependants come first.</summary>
    private static float[] Ranks(Plan around, int[] nodes, int[][] dependants)
    {
        var ranks = new float[nodes.Length];
        foreach (var i in Enumerable.Range(0, nodes.Length).OrderByDescending(i => around.Wave[nodes[i]]))
        {
            var beyond = 0f;
            foreach (var dependant in around.DependantsOf(nodes[i])) beyond = Math.Max(beyond, around.Rank[dependant]);
            ranks[i] = around.Rank[nodes[i]] - beyond + dependants[i].Select(at => ranks[at]).DefaultIfEmpty(0).Max();
        }
        return ranks;
    }

    /// <summary>Parents outside stand as they ended, so a join counts the revised ones only.</summary>
    private static PlannedNode Copy(PlannedNode node, int index, int parents)
    {
        var join = node.Settings.Join;
        return new PlannedNode
        {
            Index = index,
            Spec = node.Spec,
            Type = node.Type,
            Settings = join.Kind == JoinKind.AtLeast && join.Count > parents ? node.Settings with { Join = join with { Count = Math.Max(1, parents) } } : node.Settings,
            Fields = node.Fields,
            Texts = node.Texts,
            Fragments = node.Fragments,
            Undo = node.Undo,
            Variants = node.Variants,
            Resources = node.Resources,
        };
    }
}
