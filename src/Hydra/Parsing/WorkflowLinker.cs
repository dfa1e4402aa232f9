using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Gives every node that names another workflow that workflow: <see cref="NodeSpec.Linked"/>, all the way down. A file
/// is read once however often it is named.
/// </summary>
public sealed class WorkflowLinker(IWorkflowLoader loader, ProblemList problems)
{
    /// <summary>Workflows inside workflows.</summary>
    public const int DepthMax = 16;
    /// <summary>Nodes of all linked workflows, each counted as often as it is named.</summary>
    public const int NodesMax = 1_000_000;

    private const string Subgraph = "subgraph";
    private readonly Dictionary<string, WorkflowSpec?> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _open = [];

    public WorkflowSpec Link(WorkflowSpec workflow)
    {
        if (!workflow.Nodes.Any(NamesWorkflow)) return workflow;
        var file = WorkflowPath.Normal(workflow.File);
        _open.Add(file);
        var count = 0L;
        var linked = workflow with { Nodes = [.. workflow.Nodes.Select(node => Link(node, workflow, ref count))] };
        _open.RemoveAt(_open.Count - 1);
        _counts[file] = count;
        return linked;
    }

    private static bool NamesWorkflow(NodeSpec node) => node.Type == Subgraph || node.Children.Values.Any(children => children.Any(NamesWorkflow));

    private NodeSpec Link(NodeSpec node, WorkflowSpec workflow, ref long count)
    {
        count++;
        if (node.Children.Count > 0)
        {
            var children = new Dictionary<string, IReadOnlyList<NodeSpec>>(StringComparer.Ordinal);
            foreach (var (field, written) in node.Children)
            {
                var inner = new NodeSpec[written.Count];
                for (var i = 0; i < inner.Length; i++) inner[i] = Link(written[i], workflow, ref count);
                children[field] = inner;
            }
            node = node with { Children = children };
        }
        if (node.Type != Subgraph || node.Fields.GetOrNull("path").TextOrNull is not { } path) return node;
        var child = Find(node, path, workflow.File);
        if (child is null) return node;
        count += _counts.GetValueOrDefault(WorkflowPath.Normal(child.File), child.Nodes.Count);
        if (count <= NodesMax) return node with { Linked = child };
        Refuse(node, $"brings the workflow to more than {NodesMax} nodes, each counted as often as it is named. Fan out with `map` over data.");
        return node;
    }

    private WorkflowSpec? Find(NodeSpec node, string path, string from)
    {
        var file = WorkflowPath.Resolve(path, from);
        if (_open.Contains(file))
        {
            Refuse(node, $"names '{path}', which leads back to itself: {string.Join(" → ", _open.SkipWhile(open => open != file).Append(file))}. Repeat work with `loop`.");
            return null;
        }
        if (_open.Count >= DepthMax)
        {
            Refuse(node, $"nests workflows more than {DepthMax} deep. Flatten some of them.");
            return null;
        }
        if (_read.TryGetValue(file, out var known)) return known;
        var spec = loader.Load(path, from, node.PlaceOf("path"), problems);
        return _read[file] = spec is null ? null : Link(spec);
    }

    private void Refuse(NodeSpec node, string why) => problems.Error(ProblemCodes.BadSubgraph, node.PlaceOf("path"), $"node '{node.Id}' {why}");
}

/// <summary>Paths of workflow files as texts: the same on disk and in a run's bundle, whatever the working directory.</summary>
internal static class WorkflowPath
{
    /// <summary>A path named in a file, as a path beside that file.</summary>
    public static string Resolve(string path, string from) => Normal(Path.Combine(Path.GetDirectoryName(from) ?? "", path));

    /// <summary>Without <c>.</c>, and without <c>..</c> where that can be said from the text.</summary>
    public static string Normal(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "." || (part.Length == 0 && parts.Count > 0)) continue;
            if (part == ".." && parts.Count > 0 && parts[^1] is not ("" or "..")) parts.RemoveAt(parts.Count - 1);
            else parts.Add(part);
        }
        return string.Join('/', parts);
    }
}
