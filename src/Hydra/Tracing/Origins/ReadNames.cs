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
        foreach (var field in node.Type.Fields)
        {
            if (!node.Spec.Fields.TryGetValue(field.Name, out var value)) continue;
            var read = new List<string>();
            Collect(value, IsExpression(field.Shape), read);
            names.AddRange(read.Except(field.ExtraNames));
        }
        if (node.Settings.When is { } when) Add(when, names);
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    private static bool IsExpression(Shape shape) => shape is Shape.Expression || (shape is Shape.OneOf one && one.Alternatives.Any(IsExpression));

    private static void Collect(Value value, bool isExpression, List<string> names)
    {
        if (value.IsList)
        {
            foreach (var item in value.Items) Collect(item, isExpression, names);
        }
        else if (value.IsObject)
        {
            foreach (var (_, item) in value.AsObject) Collect(item, isExpression, names);
        }
        else if (value.TextOrNull is { } text && (isExpression || text.Contains('{', StringComparison.Ordinal)))
        {
            try
            {
                Add(isExpression ? Template.ParseExpression(text) : Template.Parse(text), names);
            }
            catch (TemplateException)
            {
                // A text that is taken literally, with braces of its own.
            }
        }
    }

    private static void Add(Template template, List<string> names)
    {
        foreach (var reference in template.References) names.Add(reference is { Root: "nodes", Path: [var id, ..] } ? id : reference.Root);
    }
}
