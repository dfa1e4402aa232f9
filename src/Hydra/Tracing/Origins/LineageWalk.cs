using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Walks from a node back to its sources, as names were visible to it: its own scope first, then outwards.</summary>
internal sealed class LineageWalk(RunTrace trace)
{
    /// <summary>Names that every template sees and that come from no node.</summary>
    private static readonly HashSet<string> Ambient = new(["run", "now", "env", "nodes", "loop", "revision"], StringComparer.Ordinal);

    private readonly ReadNames _names = new();
    private readonly HashSet<int> _metNodes = [];
    private readonly HashSet<int> _metBindings = [];
    private int _entries;

    public LineageEntry From(NodeTrace node) => Node(node, "", 0);

    private LineageEntry Node(NodeTrace node, string relation, int depth)
    {
        _entries++;
        var entry = new LineageEntry(LineageKind.Node, node.Path, relation)
        {
            Detail = $"{node.Type} {WireNames.Of(node.Status)}{(node.Because is { } because ? $" ({because})" : "")}",
            Value = node.Output,
        };
        if (!_metNodes.Add(node.Instance)) return entry with { IsRepeat = true };
        if (depth >= Lineage.DepthMax) return entry with { From = [More("the way back goes on; ask for the lineage of this node")] };
        var from = new List<LineageEntry>();
        AddCalls(node, from);
        AddOpened(node, from, depth);
        AddSources(node, from, depth);
        return entry with { From = from };
    }

    private static LineageEntry More(string why) => new(LineageKind.More, "…", "") { Detail = why };

    private bool IsFull(List<LineageEntry> from, int left)
    {
        if (_entries < Lineage.EntriesMax) return false;
        if (from is not [.., { Kind: LineageKind.More }]) from.Add(More($"{left:N0} more are left out"));
        return true;
    }

    /// <summary>The calls of the attempt that gave the output.</summary>
    private void AddCalls(NodeTrace node, List<LineageEntry> from)
    {
        foreach (var attempt in node.Attempts.Where(attempt => attempt.Number == node.AttemptCount))
        {
            foreach (var step in attempt.Steps)
            {
                _entries++;
                var cost = step.Result is { Cost.Amount: > 0 } paid ? $", {paid.Cost} USD" : "";
                from.Add(new LineageEntry(LineageKind.Call, step.Call.Name, step.Call.Kind == StepKind.Model ? "asked model" : "called tool")
                {
                    Detail = $"(step {step.Index}{(step.Call.After is { } after ? $", after step {after}" : "")}{(step.Call.Provider.Length > 0 ? ", " + step.Call.Provider : "")}{cost})",
                    Request = step.Call.Request,
                    Value = step.Result?.Response,
                });
            }
        }
    }

    /// <summary>A composite's result is made of the sinks of what it opened.</summary>
    private void AddOpened(NodeTrace node, List<LineageEntry> from, int depth)
    {
        foreach (var scope in trace.ScopesOf(node))
        {
            var relation = scope.Opening.Kind switch { ScopeKind.Items => "item", ScopeKind.Round => "round", ScopeKind.Revision => "revised", _ => "inside" };
            for (var item = 0; item < scope.Opening.Count; item++)
            {
                foreach (var sink in scope.Plan.Sinks)
                {
                    if (IsFull(from, scope.Opening.Count - item)) return;
                    from.Add(Node(trace.Nodes[scope.InstanceOf(item, sink)], relation, depth + 1));
                }
            }
        }
    }

    /// <summary>What the node read, then what it only waited for.</summary>
    private void AddSources(NodeTrace node, List<LineageEntry> from, int depth)
    {
        var planned = node.Variant.Node ?? node.Node;
        var read = new HashSet<int>();
        foreach (var name in _names.Of(planned))
        {
            if (IsFull(from, 1)) return;
            if (planned.Fragments.Any(fragment => fragment.Names.Contains(name) || fragment.IndexOfOutput(name) >= 0)) continue;
            if (Resolve(node, name, read, depth) is { } source) from.Add(source);
        }
        foreach (var parent in Why.ParentsOf(trace, node))
        {
            if (IsFull(from, 1)) return;
            if (!read.Contains(parent.Instance)) from.Add(Node(parent, "after", depth + 1));
        }
    }

    private LineageEntry? Resolve(NodeTrace reader, string name, HashSet<int> read, int depth)
    {
        for (var at = reader; ;)
        {
            if (name == "revision" && trace.State.PreviousOf(at.Instance) is >= 0 and var before) return Revision(at, trace.Nodes[before], depth);
            var version = at.Instance;
            at = trace.Nodes[trace.State.BaseOf(version)];
            var scope = at.Scope;
            if (scope.Plan.Names.Contains(name) || (scope.Plan.IsIsolated && scope.Plan.IndexOfOutput(name) < 0)) return Bindings(scope, name, depth);
            var index = scope.Plan.IndexOfOutput(name);
            if (index >= 0 && scope.InstanceOf(scope.ItemOf(at.Instance), index) is var first && first != at.Instance)
            {
                var source = trace.State.VersionSeenBy(version, first);
                read.Add(source);
                return Node(trace.Nodes[source], "reads", depth + 1);
            }
            if (at.Parent < 0) break;
            at = trace.Nodes[at.Parent];
        }
        if (Ambient.Contains(name) || trace.Plan.Workflow.Inputs?.ContainsKey(name) == false) return null;
        _entries++;
        return new LineageEntry(LineageKind.Input, name, "reads input");
    }

    /// <summary>What a revised node sees comes from the gate that was rejected and from the version before.</summary>
    private LineageEntry Revision(NodeTrace node, NodeTrace before, int depth)
    {
        _entries++;
        return new LineageEntry(LineageKind.Bindings, "'revision'", "reads")
        {
            Detail = $"asked for at {trace.Nodes[node.Parent].Path}",
            Value = node.Scope.Opening.Bindings,
            From = depth < Lineage.DepthMax ? [Node(before, "version before", depth + 1)] : [],
        };
    }

    /// <summary>What a composite bound comes from what the composite itself read, and from the round before.</summary>
    private LineageEntry Bindings(Scope scope, string name, int depth)
    {
        _entries++;
        var composite = trace.Nodes[scope.Parent];
        var entry = new LineageEntry(LineageKind.Bindings, $"'{name}'", "reads") { Detail = $"bound by {composite.Path}", Value = scope.Opening.Bindings };
        if (!_metBindings.Add(scope.Id)) return entry with { IsRepeat = true };
        var from = new List<LineageEntry>();
        if (scope.Opening.Ordinal > 1 && trace.ScopesOf(composite).FirstOrDefault(other => other.Opening.Ordinal == scope.Opening.Ordinal - 1) is { } before)
        {
            foreach (var sink in before.Plan.Sinks) from.Add(Node(trace.Nodes[before.InstanceOf(0, sink)], "round before", depth + 1));
        }
        if (depth < Lineage.DepthMax) AddSources(composite, from, depth + 1);
        return entry with { From = from };
    }
}
