using Hydra.Model;

namespace Hydra.Changes;

/// <summary>One field of one node with another value.</summary>
/// <param name="Node">Ids from the top down: <c>write</c>, or <c>loop</c>, <c>draft</c> for a node written in place.</param>
/// <param name="Field">The field's name, and names inside it: <c>retry</c>, <c>max_attempts</c>.</param>
public sealed record FieldEdit(IReadOnlyList<string> Node, IReadOnlyList<string> Field, Value Value)
{
    /// <summary>Fields that make the graph what it is; changing one is a migration.</summary>
    private static readonly string[] Structure = ["id", "type", "depends_on", "workflow"];

    /// <summary>Reads <c>node.field</c> or <c>composite/node.field.inner</c>. Throws <see cref="RunRefusedException"/>.</summary>
    public static FieldEdit Parse(string target, Value value)
    {
        var dot = target.IndexOf('.', Math.Max(0, target.LastIndexOf('/')));
        if (dot <= 0 || dot == target.Length - 1) throw new RunRefusedException($"'{target}' names no field of a node. Write NODE.FIELD, such as write.prompt or loop/draft.prompt.");
        return new FieldEdit(target[..dot].Split('/'), target[(dot + 1)..].Split('.'), value);
    }

    private string Target => $"{string.Join('/', Node)}.{string.Join('.', Field)}";

    /// <summary>The definition with the edit in it. Throws <see cref="RunRefusedException"/>.</summary>
    public Value In(Value written)
    {
        if (Structure.Contains(Field[0])) throw new RunRefusedException($"'{Target}' changes the structure of the graph, which --set cannot. Change the file and use `hydra migrate RUN FILE`.");
        return Value.Of(written.AsObject.With("nodes", InNodes(written.AsObject["nodes"], 0)));
    }

    private Value InNodes(Value nodes, int depth)
    {
        var list = nodes.Items.ToList();
        var at = list.FindIndex(node => node.IsObject && node.AsObject.GetOrNull("id").TextOrNull == Node[depth]);
        if (at < 0) throw new RunRefusedException($"The definition has no node '{string.Join('/', Node.Take(depth + 1))}'.{DidYouMean.Hint(Node[depth], list.Where(node => node.IsObject).Select(node => node.AsObject.GetOrNull("id").TextOrNull ?? ""))}");
        list[at] = InNode(list[at].AsObject, depth);
        return Value.Of(list);
    }

    private Value InNode(ValueMap node, int depth)
    {
        if (depth == Node.Count - 1)
        {
            if (node.GetOrNull(Field[0]) is { } known && HoldsNodes(known) && Field.Count == 1) throw new RunRefusedException($"'{Target}' holds nodes: replacing them changes the structure of the graph, which --set cannot. Change the file and use `hydra migrate RUN FILE`.");
            return InField(node, 0);
        }
        // A child is found by its id in any field that holds nodes, or by the name of a field that holds one.
        foreach (var (key, value) in node.Pairs)
        {
            if (value.Kind == ValueKind.List && HoldsNodes(value) && value.Items.Any(child => child.AsObject.GetOrNull("id").TextOrNull == Node[depth + 1])) return node.With(key, InNodes(value, depth + 1));
            if (value.IsObject && HoldsNodes(value) && (key == Node[depth + 1] || value.AsObject.GetOrNull("id").TextOrNull == Node[depth + 1])) return node.With(key, InNode(value.AsObject, depth + 1));
        }
        throw new RunRefusedException($"Node '{string.Join('/', Node.Take(depth + 1))}' has no '{Node[depth + 1]}' inside.");
    }

    private Value InField(ValueMap map, int depth)
    {
        if (depth == Field.Count - 1) return map.With(Field[depth], Value);
        var inner = map.GetOrNull(Field[depth]);
        if (!inner.IsNull && !inner.IsObject) throw new RunRefusedException($"'{string.Join('.', Field.Take(depth + 1))}' of node '{string.Join('/', Node)}' has no fields inside.");
        return map.With(Field[depth], InField(inner.IsObject ? inner.AsObject : ValueMap.Empty, depth + 1));
    }

    private static bool HoldsNodes(Value value) => value.Kind switch
    {
        ValueKind.Object => value.AsObject.ContainsKey("id") && value.AsObject.ContainsKey("type"),
        ValueKind.List => value.AsList.Length > 0 && value.Items.All(item => item.IsObject && item.AsObject.ContainsKey("id")),
        _ => false,
    };
}
