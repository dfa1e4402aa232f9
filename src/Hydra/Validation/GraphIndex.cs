using Hydra.Model;

namespace Hydra.Validation;

/// <summary>The nodes of one scope by number: who waits for whom, in which order, and who comes before whom. Nothing here recurses.</summary>
/// <remarks>Plain loops over numbers: LINQ over value types is compiled at every start of the program.</remarks>
internal sealed class GraphIndex
{
    /// <summary>Steps that all searches for ancestors together may take: a bound on time, far above any graph people write.</summary>
    private const long SearchStepsMax = 200_000_000;

    private readonly Dictionary<string, int> _byId;
    private readonly int[][] _parents, _dependants;
    private readonly int[] _enter, _leave, _level;
    private readonly int[] _seen;
    private int _search;
    private long _steps;

    public GraphIndex(IReadOnlyList<NodeSpec> nodes)
    {
        Nodes = nodes;
        _byId = new Dictionary<string, int>(nodes.Count, StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++) _byId.TryAdd(nodes[i].Id.Text, i);
        _parents = new int[nodes.Count][];
        var counts = new int[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
        {
            _parents[i] = nodes[i].DependsOn.Count == 0 ? [] : ParentsOf(nodes[i], i);
            foreach (var parent in _parents[i]) counts[parent]++;
        }
        _dependants = new int[nodes.Count][];
        for (var i = 0; i < nodes.Count; i++) _dependants[i] = counts[i] == 0 ? [] : new int[counts[i]];
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var parent in _parents[i]) _dependants[parent][--counts[parent]] = i;
        }
        _level = new int[nodes.Count];
        Order = Sort();
        (_enter, _leave) = Number();
        _seen = new int[nodes.Count];
    }

    public IReadOnlyList<NodeSpec> Nodes { get; }
    /// <summary>Nodes after their parents; those on or behind a cycle are missing.</summary>
    public IReadOnlyList<int> Order { get; }
    public IEnumerable<string> Ids => _byId.Keys;
    public bool SearchWasCut => _steps > SearchStepsMax;

    public int IndexOf(string id) => _byId.TryGetValue(id, out var at) ? at : -1;
    public ReadOnlySpan<int> ParentsOf(int node) => _parents[node];
    public ReadOnlySpan<int> DependantsOf(int node) => _dependants[node];
    /// <summary>The wave of a node, from 0: one after the last of its parents.</summary>
    public int LevelOf(int node) => _level[node];

    public bool IsParent(int parent, int node)
    {
        foreach (var one in _parents[node])
        {
            if (one == parent) return true;
        }
        return false;
    }

    /// <summary>Whether the first runs before the second on some path. True where the search was cut short.</summary>
    public bool IsAncestor(int ancestor, int node)
    {
        if (ancestor == node) return false;
        if (IsParent(ancestor, node)) return true;
        if (_enter[ancestor] >= 0 && _enter[ancestor] <= _enter[node] && _leave[node] <= _leave[ancestor]) return true;
        if (SearchWasCut) return true;
        _search++;
        var open = new Stack<int>();
        open.Push(node);
        while (open.TryPop(out var at))
        {
            foreach (var parent in _parents[at])
            {
                if (parent == ancestor) return true;
                if (++_steps > SearchStepsMax) return true;
                if (_seen[parent] == _search || _level[parent] <= _level[ancestor]) continue;
                _seen[parent] = _search;
                open.Push(parent);
            }
        }
        return false;
    }

    /// <summary>Each cycle once, as the nodes along it; at most <paramref name="countMax"/>.</summary>
    public List<List<int>> Cycles(int countMax)
    {
        var cycles = new List<List<int>>();
        if (Order.Count == Nodes.Count) return cycles;
        var left = new HashSet<int>(Enumerable.Range(0, Nodes.Count));
        left.ExceptWith(Order);
        while (left.Count > 0 && cycles.Count < countMax)
        {
            // Every node left has a parent left, so walking up must come round.
            var path = new List<int>();
            var at = left.Min();
            var place = new Dictionary<int, int>();
            while (at >= 0 && place.TryAdd(at, path.Count))
            {
                path.Add(at);
                at = Array.Find(_parents[at], left.Contains) is var parent && left.Contains(parent) && _parents[at].Contains(parent) ? parent : -1;
            }
            if (at >= 0)
            {
                var cycle = path[place[at]..];
                cycle.Reverse();
                var least = cycle.IndexOf(cycle.Min());
                cycles.Add([.. cycle[least..], .. cycle[..least]]);
            }
            left.ExceptWith(path);
        }
        return cycles;
    }

    /// <summary>The parents that are in the graph, each once, in the order written.</summary>
    private int[] ParentsOf(NodeSpec node, int self)
    {
        var once = new HashSet<int>(node.DependsOn.Count);
        var parents = new List<int>(node.DependsOn.Count);
        for (var i = 0; i < node.DependsOn.Count; i++)
        {
            var parent = IndexOf(node.DependsOn[i].Text);
            if (parent >= 0 && parent != self && once.Add(parent)) parents.Add(parent);
        }
        return [.. parents];
    }

    private int[] Sort()
    {
        var waiting = new int[Nodes.Count];
        var order = new List<int>(Nodes.Count);
        for (var i = 0; i < waiting.Length; i++)
        {
            waiting[i] = _parents[i].Length;
            if (waiting[i] == 0) order.Add(i);
        }
        for (var at = 0; at < order.Count; at++)
        {
            foreach (var dependant in _dependants[order[at]])
            {
                _level[dependant] = Math.Max(_level[dependant], _level[order[at]] + 1);
                if (--waiting[dependant] == 0) order.Add(dependant);
            }
        }
        return [.. order];
    }

    private int LatestParent(int node)
    {
        var latest = _parents[node][0];
        foreach (var parent in _parents[node])
        {
            if (_level[parent] > _level[latest]) latest = parent;
        }
        return latest;
    }

    /// <summary>Numbers a spanning forest (each node below its latest parent), so that most questions are two comparisons.</summary>
    private (int[] Enter, int[] Leave) Number()
    {
        var enter = new int[Nodes.Count];
        var leave = new int[Nodes.Count];
        for (var i = 0; i < enter.Length; i++) enter[i] = -1;
        var below = new List<int>?[Nodes.Count];
        var roots = new List<int>();
        foreach (var node in Order)
        {
            if (_parents[node].Length == 0) roots.Add(node);
            else (below[LatestParent(node)] ??= []).Add(node);
        }
        var clock = 0;
        var open = new Stack<(int Node, int Next)>();
        foreach (var root in roots)
        {
            enter[root] = clock++;
            open.Push((root, 0));
            while (open.TryPop(out var top))
            {
                if (below[top.Node] is { } children && top.Next < children.Count)
                {
                    open.Push((top.Node, top.Next + 1));
                    enter[children[top.Next]] = clock++;
                    open.Push((children[top.Next], 0));
                }
                else
                {
                    leave[top.Node] = clock++;
                }
            }
        }
        return (enter, leave);
    }
}
