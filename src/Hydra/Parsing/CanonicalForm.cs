using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>The identity of a definition: JSON with sorted keys, in which whatever means the same reads the same.</summary>
internal static class CanonicalForm
{
    /// <summary>Gives a workflow its two forms: as written, and canonical, where nodes are ordered by id because their order in the file means nothing.</summary>
    public static WorkflowSpec Seal(WorkflowSpec spec, ValueMap written)
    {
        ReadOnlyMemory<byte> Canonical() => ValueJson.ToCanonicalUtf8(written.With("nodes", Ordered(written["nodes"], spec.Nodes)));
        return spec with { Written = Value.Of(written), CanonicalFrom = Canonical };
    }

    /// <summary>A list of nodes by id; <paramref name="written"/> and <paramref name="nodes"/> lie side by side.</summary>
    private static Value Ordered(Value written, IReadOnlyList<NodeSpec> nodes) => Value.Of(nodes
        .Select((node, at) => (node.Id, Node: OrderedChildren(written.Items[at], node)))
        .OrderBy(each => each.Id.Text, StringComparer.Ordinal)
        .Select(each => each.Node));

    private static Value OrderedChildren(Value written, NodeSpec node)
    {
        // What became a detour is written as the node that it goes round.
        if (node.Type == DetourBinder.Type && written.AsObject["type"].TextOrNull != DetourBinder.Type) return OrderedChildren(written, node.Children[DetourBinder.Body][0]);
        foreach (var (field, children) in node.Children)
        {
            var now = written.AsObject[field];
            written = written.AsObject.With(field, now.IsList ? Ordered(now, children) : OrderedChildren(now, children[0]));
        }
        return written;
    }
}
