using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Shapes and written values in the words of a message.</summary>
internal static class ShapeWords
{
    private const int QuoteLengthMax = 60;

    public static string Of(Shape shape) => shape switch
    {
        Shape.Text or Shape.Template => "text",
        Shape.Expression => "an expression",
        Shape.Integer integer => "a whole number" + Range(integer.Min == long.MinValue ? null : (double)integer.Min, integer.Max == long.MaxValue ? null : (double)integer.Max),
        Shape.Number number => "a number" + Range(double.IsFinite(number.Min) ? number.Min : null, double.IsFinite(number.Max) ? number.Max : null),
        Shape.Boolean => "true or false",
        Shape.Choice choice => choice.Names.Count == 1 ? $"'{choice.Names[0]}'" : "one of " + string.Join(", ", choice.Names),
        Shape.ListOf list => "a list of " + Many(list.Item),
        Shape.MapOf map => "a map of names to " + Many(map.Item),
        Shape.Record record => "a map with " + string.Join(", ", record.Fields.Take(4).Select(field => $"`{field.Name}`")) + (record.Fields.Count > 4 ? ", …" : ""),
        Shape.OneOf oneOf => string.Join(" or ", oneOf.Alternatives.Select(Of)),
        Shape.JsonSchema => "a JSON Schema (a map)",
        Shape.Node => "a node (a map)",
        Shape.Nodes => "a list of nodes",
        Shape.NodeReference => "a node id",
        Shape.ModelName => "the name of a model",
        _ => "data",
    };

    public static string Of(SourceNode node)
    {
        if (node.Items is not null) return node.Items.Count == 0 ? "an empty list" : $"a list of {node.Items.Count}";
        if (node.Entries is not null) return node.Entries.Count == 0 ? "an empty map" : $"a map with '{node.Entries[0].Key}'";
        return node.Scalar.Kind switch
        {
            ValueKind.Null => "empty",
            ValueKind.Text => $"the text '{Clip(node.Scalar.AsText)}'",
            ValueKind.Boolean => node.Scalar.AsBoolean ? "true" : "false",
            _ => $"the number {node.Written ?? node.Scalar.ToJson()}",
        };
    }

    public static string Clip(string text)
    {
        var line = text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? text[..end] + "…" : text;
        return line.Length <= QuoteLengthMax ? line : line[..QuoteLengthMax] + "…";
    }

    private static string Many(Shape shape) => shape switch
    {
        Shape.Text or Shape.Template => "texts",
        Shape.NodeReference => "node ids",
        Shape.Integer => "whole numbers",
        Shape.Anything or Shape.Templates => "any values",
        Shape.Record => "maps",
        _ => Of(shape),
    };

    private static string Range(double? min, double? max) => (min, max) switch
    {
        (null, null) => "",
        (_, null) => $" from {min}",
        (null, _) => $" up to {max}",
        _ => $" from {min} to {max}",
    };
}
