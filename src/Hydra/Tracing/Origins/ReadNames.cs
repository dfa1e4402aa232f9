using System.Runtime.CompilerServices;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tracing;

/// <summary>Which names a node's own texts read, found in its definition. Found once per node.</summary>
internal sealed class ReadNames
{
    private readonly ConditionalWeakTable<PlannedNode, string[]> _known = [];

    /// <summary>Roots of all variables that the node's fields and its <c>when</c> read, in order; <c>nodes.x</c> counts as <c>x</c>.</summary>
    public IReadOnlyList<string> Of(PlannedNode node) => _known.GetValue(node, Find);

    private static string[] Find(PlannedNode node)
    {
        var names = new List<string>();
        foreach (var (field, reference) in NodeReferences.Of(node, ValueMap.Empty))
        {
            if (!field.ExtraNames.Contains(NameOf(reference))) names.Add(NameOf(reference));
        }
        foreach (var reference in node.Settings.When?.References ?? []) names.Add(NameOf(reference));
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    private static string NameOf(TemplateReference reference) => reference is { Root: "nodes", Path: [var id, ..] } ? id : reference.Root;
}
