using System.Runtime.CompilerServices;
using Hydra.Model;

namespace Hydra.Validation;

/// <summary>One text of a node that is a template or an expression.</summary>
/// <param name="Field">The node's field that holds it.</param>
/// <param name="Path">Its place within the node, as in <see cref="NodeSpec.Places"/>.</param>
internal sealed record TemplateUse(string Field, string Path, string Text, bool IsExpression, IReadOnlyList<string> ExtraNames)
{
    /// <summary>The text comes from <c>defaults</c>.</summary>
    public bool IsDefault { get; init; }

    public SourcePosition PlaceIn(WorkflowSpec workflow, NodeSpec node, int line, int column) =>
        IsDefault ? workflow.Places.GetValueOrDefault("defaults") : node.PlaceIn(Path, Text, line, column);

    private const int DepthMax = 128;

    /// <summary>Every template of the node itself; those that belong to a fragment's nodes are found there.</summary>
    public static List<TemplateUse> Of(WorkflowSpec workflow, NodeSpec node, INodeType? type)
    {
        var uses = new List<TemplateUse>(4);
        if ((node.Policy.When ?? workflow.Defaults.When) is { } when) uses.Add(new("when", "when", when, IsExpression: true, []) { IsDefault = node.Policy.When is null });
        if ((node.Policy.StopWhen ?? workflow.Defaults.StopWhen) is { } stop) uses.Add(new("stop_when", "stop_when", stop, IsExpression: true, StopNames) { IsDefault = node.Policy.StopWhen is null });
        if (type is null) return uses;
        foreach (var field in _fields.GetValue(type, FieldsOf))
        {
            var isOwn = node.Fields.TryGetValue(field.Name, out var value);
            if (!isOwn && !workflow.DefaultFields.TryGetValue(field.Name, out value)) continue;
            if (isOwn)
            {
                Collect(field.Shape, value, field, field.Name, uses, 0);
            }
            else
            {
                var own = uses.Count;
                Collect(field.Shape, value, field, field.Name, uses, 0);
                for (var i = own; i < uses.Count; i++) uses[i] = uses[i] with { IsDefault = true };
            }
        }
        return uses;
    }

    /// <summary>The templates of these fields alone.</summary>
    public static List<TemplateUse> Of(NodeSpec node, INodeType type, IReadOnlyList<string> fields)
    {
        var uses = new List<TemplateUse>(4);
        foreach (var field in type.Fields)
        {
            if (fields.Contains(field.Name) && node.Fields.TryGetValue(field.Name, out var value)) Collect(field.Shape, value, field, field.Name, uses, 0);
        }
        return uses;
    }

    /// <summary>The fields of a type whose templates are the node's own: few of all that it has.</summary>
    private static readonly ConditionalWeakTable<INodeType, Field[]> _fields = [];

    private static Field[] FieldsOf(INodeType type) =>
        [.. type.Fields.Where(field => MayHold(field.Shape, 0) && !type.FragmentFields.Contains(field.Name) && !type.ResultFields.Contains(field.Name))];

    private static bool MayHold(Shape shape, int depth) => depth > DepthMax || shape switch
    {
        Shape.Template or Shape.Expression or Shape.ModelName or Shape.Templates => true,
        Shape.ListOf list => MayHold(list.Item, depth + 1),
        Shape.MapOf map => MayHold(map.Item, depth + 1),
        Shape.Record record => record.Fields.Any(part => MayHold(part.Shape, depth + 1)),
        Shape.OneOf oneOf => oneOf.Alternatives.Any(alternative => MayHold(alternative, depth + 1)),
        _ => false,
    };

    private static readonly IReadOnlyList<string> StopNames = CommonFields.All.First(field => field.Name == "stop_when").ExtraNames;

    private static void Collect(Shape shape, Value value, Field field, string path, List<TemplateUse> uses, int depth)
    {
        if (depth > DepthMax) return;
        switch (shape)
        {
            case Shape.Template or Shape.Expression or Shape.ModelName when value.IsText:
                uses.Add(new(field.Name, path, value.AsText, shape is Shape.Expression, field.ExtraNames));
                break;
            case Shape.Templates when value.IsText:
                uses.Add(new(field.Name, path, value.AsText, IsExpression: false, field.ExtraNames));
                break;
            case Shape.Templates or Shape.ListOf when value.IsList:
                var item = shape is Shape.ListOf list ? list.Item : shape;
                for (var i = 0; i < value.Items.Count; i++) Collect(item, value.Items[i], field, $"{path}[{i}]", uses, depth + 1);
                break;
            case Shape.Templates or Shape.MapOf when value.IsObject:
                var each = shape is Shape.MapOf map ? map.Item : shape;
                foreach (var (key, child) in value.AsObject) Collect(each, child, field, $"{path}.{key}", uses, depth + 1);
                break;
            case Shape.Record record when value.IsObject:
                foreach (var part in record.Fields)
                {
                    if (value.AsObject.TryGetValue(part.Name, out var child)) Collect(part.Shape, child, field, $"{path}.{part.Name}", uses, depth + 1);
                }
                break;
            case Shape.OneOf oneOf:
                foreach (var alternative in oneOf.Alternatives.Where(alternative => Fits(alternative, value)).Take(1)) Collect(alternative, value, field, path, uses, depth + 1);
                break;
        }
    }

    private static bool Fits(Shape shape, Value value) => shape switch
    {
        Shape.Text or Shape.Template or Shape.Expression or Shape.ModelName or Shape.Choice or Shape.NodeReference => value.IsText,
        Shape.ListOf => value.IsList,
        Shape.MapOf or Shape.Record => value.IsObject,
        Shape.Integer or Shape.Number => value.IsNumeric,
        Shape.Boolean => value.Kind == ValueKind.Boolean,
        _ => true,
    };
}
