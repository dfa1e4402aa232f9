using Hydra.Templates;

namespace Hydra.Model;

/// <summary>The variables that a node's own texts read, found in its definition.</summary>
public static class NodeReferences
{
    /// <param name="defaults">What the file says for fields that the node leaves out; empty: those are not looked at.</param>
    public static IEnumerable<(Field Field, TemplateReference Reference)> Of(PlannedNode node, ValueMap defaults)
    {
        foreach (var field in node.Type.Fields)
        {
            if (!node.Spec.Fields.TryGetValue(field.Name, out var value) && !defaults.TryGetValue(field.Name, out value)) continue;
            var found = new List<TemplateReference>();
            Collect(value, IsExpression(field.Shape), node.Texts, found);
            foreach (var reference in found) yield return (field, reference);
        }
    }

    private static bool IsExpression(Shape shape) => shape is Shape.Expression || (shape is Shape.OneOf one && one.Alternatives.Any(IsExpression));

    private static void Collect(Value value, bool isExpression, PlanContext? planned, List<TemplateReference> found)
    {
        if (value.IsList)
        {
            foreach (var item in value.Items) Collect(item, isExpression, planned, found);
        }
        else if (value.IsObject)
        {
            foreach (var (_, item) in value.AsObject) Collect(item, isExpression, planned, found);
        }
        else if (value.TextOrNull is { } text && (isExpression || text.Contains('{', StringComparison.Ordinal)))
        {
            try
            {
                var template = planned?.Known(text, isExpression) ?? (isExpression ? Template.ParseExpression(text) : Template.Parse(text));
                found.AddRange(template.References);
            }
            catch (TemplateException)
            {
                // A text that is taken literally, with braces of its own.
            }
        }
    }
}
