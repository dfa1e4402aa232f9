using System.Text;
using Hydra.Model;

namespace Hydra.Changes;

public enum ChangeKind { Added, Removed, Changed }

/// <param name="Field">Its path: <c>prompt</c>, <c>retry.max_attempts</c>, <c>body/draft.prompt</c>.</param>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is gone.</param>
public sealed record FieldChange(string Field, Value? Before, Value? After);

/// <summary>A node of the workflow that two definitions have differently.</summary>
public sealed record NodeChange(string Node, ChangeKind Kind, IReadOnlyList<FieldChange> Fields);

/// <summary>
/// What differs between two definitions, by node and by field. Order of nodes, comments and the way things are written
/// make no difference.
/// </summary>
public sealed record DefinitionChange
{
    /// <summary>Fields of the file that reach no node's work.</summary>
    private static readonly string[] Harmless = ["name", "description", "version", "tags", "outputs", "budget", "inputs", "breakers"];

    /// <summary>Top-level nodes: changed and removed ones in the old order, then added ones.</summary>
    public required IReadOnlyList<NodeChange> Nodes { get; init; }
    /// <summary>Fields of the file beside its nodes.</summary>
    public required IReadOnlyList<FieldChange> Workflow { get; init; }
    /// <summary>Nodes that stand as they did and mean something else because of a field of the file, with that field.</summary>
    public required IReadOnlyDictionary<string, string> Reached { get; init; }

    public bool IsEmpty => Nodes.Count == 0 && Workflow.Count == 0;

    public static DefinitionChange Between(WorkflowSpec before, WorkflowSpec after)
    {
        var (oldNodes, newNodes) = (NodesOf(before), NodesOf(after));
        var nodes = new List<NodeChange>();
        foreach (var (id, node) in oldNodes)
        {
            if (!newNodes.TryGetValue(id, out var other)) nodes.Add(new(id, ChangeKind.Removed, []));
            else if (FieldsOf(node, other) is { Count: > 0 } fields) nodes.Add(new(id, ChangeKind.Changed, fields));
        }
        foreach (var id in newNodes.Keys)
        {
            if (!oldNodes.ContainsKey(id)) nodes.Add(new(id, ChangeKind.Added, []));
        }
        var workflow = FieldsOf(Without(before), Without(after));
        return new DefinitionChange { Nodes = nodes, Workflow = workflow, Reached = ReachedBy(workflow, newNodes) };
    }

    /// <summary>The change's one text form: <c>~ write: prompt</c> and below it what it was and what it is.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var field in Workflow) Write(text, "~ file: ", field);
        foreach (var node in Nodes)
        {
            if (node.Kind == ChangeKind.Added) text.Append("+ ").Append(node.Node).Append(": added\n");
            else if (node.Kind == ChangeKind.Removed) text.Append("- ").Append(node.Node).Append(": removed\n");
            else foreach (var field in node.Fields) Write(text, $"~ {node.Node}: ", field);
        }
        return text.ToString();
    }

    private static void Write(StringBuilder text, string head, FieldChange field)
    {
        text.Append(head).Append(field.Field).Append('\n');
        var diff = TextDiff.Of(field.Before?.ToDisplayText() ?? "", field.After?.ToDisplayText() ?? "");
        foreach (var line in diff.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if ((field.Before is null && line == "- ") || (field.After is null && line == "+ ")) continue;
            text.Append("    ").Append(line).Append('\n');
        }
    }

    private static Dictionary<string, Value> NodesOf(WorkflowSpec workflow)
    {
        var found = new Dictionary<string, Value>(StringComparer.Ordinal);
        if (!workflow.Written.IsObject) return found;
        var specs = workflow.Nodes.ToDictionary(node => node.Id.Text, StringComparer.Ordinal);
        foreach (var node in workflow.Written.AsObject["nodes"].AsList)
        {
            var id = node.AsObject["id"].AsText;
            // A sub-workflow is part of the node that names it.
            var linked = LinkedIn(specs[id]);
            found[id] = linked.Count == 0 ? node : Value.Of(node.AsObject.With("(sub-workflow)", Value.OfTexts(linked)));
        }
        return found;
    }

    private static List<string> LinkedIn(NodeSpec node)
    {
        var found = new List<string>();
        if (node.Linked is { } linked)
        {
            found.Add($"{linked.File} {linked.Hash}");
            foreach (var inner in linked.Nodes) found.AddRange(LinkedIn(inner));
        }
        foreach (var child in node.Children.Values.SelectMany(children => children)) found.AddRange(LinkedIn(child));
        return found;
    }

    /// <summary>The fields of the file beside its nodes; a workflow that a tool runs is part of that tool.</summary>
    private static Value Without(WorkflowSpec workflow)
    {
        if (!workflow.Written.IsObject) return Value.EmptyObject;
        var fields = ValueMap.Of(workflow.Written.AsObject.Where(pair => pair.Key != "nodes"));
        return workflow.LinkedTools.Count == 0 ? fields : fields.With("(tool workflows)", ValueMap.Of(workflow.LinkedTools.Select(tool =>
            KeyValuePair.Create(tool.Key, Value.OfTexts([$"{tool.Value.File} {tool.Value.Hash}", .. tool.Value.Nodes.SelectMany(LinkedIn)])))));
    }

    private static List<FieldChange> FieldsOf(Value before, Value after)
    {
        var found = new List<FieldChange>();
        Compare("", before, after, found);
        return found;
    }

    private static void Compare(string path, Value before, Value after, List<FieldChange> found)
    {
        if (before == after) return;
        if (before.IsObject && after.IsObject)
        {
            foreach (var key in before.AsObject.Keys.Union(after.AsObject.Keys))
            {
                var at = path.Length == 0 || path[^1] == '/' ? path + key : $"{path}.{key}";
                if (!after.AsObject.TryGetValue(key, out var newer)) found.Add(new(at, before.AsObject[key], null));
                else if (!before.AsObject.TryGetValue(key, out var older)) found.Add(new(at, null, newer));
                else Compare(at, older, newer, found);
            }
            return;
        }
        if (IdsOf(before) is { } oldIds && IdsOf(after) is { } newIds && oldIds.SequenceEqual(newIds))
        {
            for (var i = 0; i < oldIds.Count; i++) Compare($"{path}/{oldIds[i]}", before.AsList[i], after.AsList[i], found);
            return;
        }
        found.Add(new(path.TrimEnd('.'), before, after));
    }

    /// <summary>The ids of a list of nodes written in place; null where it is none.</summary>
    private static List<string>? IdsOf(Value list)
    {
        if (list.Kind != ValueKind.List || list.AsList.Length == 0) return null;
        var ids = new List<string>();
        foreach (var item in list.AsList)
        {
            if (!item.IsObject || item.AsObject.GetOrNull("id").TextOrNull is not { } id) return null;
            ids.Add(id);
        }
        return ids;
    }

    private static Dictionary<string, string> ReachedBy(IReadOnlyList<FieldChange> workflow, Dictionary<string, Value> nodes)
    {
        var reached = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var change in workflow)
        {
            var parts = change.Field.Split('.', 3);
            if (Harmless.Contains(parts[0])) continue;
            // An alias of a model or an agent reaches those who name it; everything else may reach anyone.
            var name = parts[0] is "models" or "agents" && parts.Length > 1 ? parts[1] : null;
            foreach (var (id, node) in nodes)
            {
                if (name is null || Mentions(node, name)) reached.TryAdd(id, change.Field);
            }
        }
        return reached;
    }

    private static bool Mentions(Value value, string name) => value.Kind switch
    {
        ValueKind.Text => value.AsText == name,
        ValueKind.List => value.Items.Any(item => Mentions(item, name)),
        ValueKind.Object => value.AsObject.Values.Any(item => Mentions(item, name)),
        _ => false,
    };
}
