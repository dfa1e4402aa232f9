using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>A plan as it is drawn: every node once, a composite's bodies below it.</summary>
internal sealed class GraphModel
{
    public required string Name { get; init; }
    public required GraphLevel Top { get; init; }
    public required int NodeCount { get; init; }
    public RunTrace? Run { get; init; }

    public static GraphModel Of(Plan plan, RunTrace? run)
    {
        var build = new Build(run);
        var top = build.Level(plan, "");
        if (run is not null) build.Tally(run);
        return new GraphModel { Name = plan.Name, Top = top, NodeCount = build.Count, Run = run };
    }

    /// <summary>All nodes, bodies included, in drawing order.</summary>
    public IEnumerable<GraphNode> AllNodes() => Below(Top);

    private static IEnumerable<GraphNode> Below(GraphLevel level)
    {
        foreach (var node in level.Nodes)
        {
            yield return node;
            foreach (var body in node.Bodies)
            {
                foreach (var inner in Below(body)) yield return inner;
            }
        }
    }

    private sealed class Build(RunTrace? run)
    {
        private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
        private readonly Dictionary<Plan, GraphNode[]> _byPlan = new(ReferenceEqualityComparer.Instance);

        public int Count { get; private set; }

        public GraphLevel Level(Plan plan, string prefix)
        {
            var nodes = new GraphNode[plan.Nodes.Length];
            for (var i = 0; i < nodes.Length; i++) nodes[i] = Node(plan, plan.Nodes[i], prefix);
            _byPlan[plan] = nodes;
            return new GraphLevel(plan, nodes);
        }

        private GraphNode Node(Plan plan, PlannedNode planned, string prefix)
        {
            Count++;
            var path = prefix + planned.Id.Text;
            if (!_paths.Add(path))
            {
                path = $"{prefix}{plan.Fragment}/{planned.Id.Text}";
                for (var n = 2; !_paths.Add(path); n++) path = $"{prefix}{plan.Fragment}/{planned.Id.Text}~{n}";
            }
            var node = new GraphNode(path, planned, plan.Wave[planned.Index]) { States = run is null ? null : new int[Enum.GetValues<NodeStatus>().Length] };
            node.Bodies = [.. planned.Fragments.Where(IsShown).Select(fragment => Level(fragment, path + "/"))];
            return node;
        }

        /// <summary>One leaf that stands for the composite itself (a map's prompt) is named in the label instead.</summary>
        private static bool IsShown(Plan fragment) => !(fragment is { IsInline: true, Nodes: [{ Fragments.Length: 0 }] });

        public void Tally(RunTrace run)
        {
            foreach (var node in run.Nodes)
            {
                if (_byPlan.TryGetValue(node.Scope.Plan, out var drawn)) drawn[node.Scope.NodeIndexOf(node.Instance)].States![(int)Newest(run, node)]++;
                else if (node.Parent >= 0 && node.Scope.Plan.IsInline) AddItem(run.Nodes[node.Parent], node);
            }
        }

        /// <summary>How the newest version of a node stands; revisions are not drawn beside it.</summary>
        private static NodeStatus Newest(RunTrace run, NodeTrace node) =>
            run.State.RevisionsOf(node.Instance) is [.., var newest] ? run.Nodes[newest].Status : node.Status;

        private void AddItem(NodeTrace composite, NodeTrace item)
        {
            if (!_byPlan.TryGetValue(composite.Scope.Plan, out var drawn)) return;
            var node = drawn[composite.Scope.NodeIndexOf(composite.Instance)];
            node.Items++;
            if (item.HasEnded) node.ItemsEnded++;
        }
    }
}

/// <summary>One graph and its nodes, in file order.</summary>
internal sealed record GraphLevel(Plan Plan, GraphNode[] Nodes)
{
    public IEnumerable<(GraphNode From, GraphNode To)> Edges()
    {
        for (var i = 0; i < Nodes.Length; i++)
        {
            foreach (var parent in Plan.ParentsOf(i).ToArray()) yield return (Nodes[parent], Nodes[i]);
        }
    }

    public IEnumerable<IGrouping<int, GraphNode>> Waves() => Nodes.GroupBy(node => node.Wave).OrderBy(wave => wave.Key);
}

/// <summary>A node of the drawing: stands for all instances that the run made of it.</summary>
internal sealed class GraphNode(string path, PlannedNode node, int wave)
{
    /// <summary>Names the node in the whole drawing: <c>polish/evaluator</c>.</summary>
    public string Path { get; } = path;
    public PlannedNode Node { get; } = node;
    public string Id => Node.Id.Text;
    public int Wave { get; } = wave;
    public GraphLevel[] Bodies { get; set; } = [];
    /// <summary>Instances by status; null without a run.</summary>
    public int[]? States { get; init; }
    public int Items { get; set; }
    public int ItemsEnded { get; set; }

    /// <summary>The node's type; with what a body of one leaf is made of.</summary>
    public string TypeLabel
    {
        get
        {
            if (Bodies.Length > 0 || Node.Fragments is not [{ Nodes: [var inner] }]) return Node.Type.Name;
            return $"{Node.Type.Name} of {inner.Type.Name}";
        }
    }

    /// <summary>What is worth seeing first among the instances' states; null without a run or an instance.</summary>
    public NodeStatus? Status
    {
        get
        {
            if (States is null) return null;
            foreach (var status in MostTellingFirst)
            {
                if (States[(int)status] > 0) return status;
            }
            return States[(int)NodeStatus.Dormant] > 0 ? NodeStatus.Pending : null;
        }
    }

    /// <summary>Status in words, counted where there are several: <c>completed</c>, <c>failed, 9 of 10 ended</c>.</summary>
    public string? StatusLabel
    {
        get
        {
            if (Status is not { } status) return States is null ? null : "not reached";
            if (Items > 0) return $"{WireNames.Of(status)}, {ItemsEnded:N0} of {Items:N0} items";
            var all = States!.Sum();
            if (all == 1) return WireNames.Of(status);
            var ended = States!.Where((_, at) => RunState.IsFinal((NodeStatus)at)).Sum();
            return $"{WireNames.Of(status)}, {ended:N0} of {all:N0} ended";
        }
    }

    private static readonly NodeStatus[] MostTellingFirst =
    [
        NodeStatus.Failed, NodeStatus.BudgetExceeded, NodeStatus.Running, NodeStatus.Waiting, NodeStatus.Open, NodeStatus.Queued, NodeStatus.Deciding,
        NodeStatus.Pending, NodeStatus.Cancelled, NodeStatus.Degraded, NodeStatus.Completed, NodeStatus.Skipped,
    ];
}
