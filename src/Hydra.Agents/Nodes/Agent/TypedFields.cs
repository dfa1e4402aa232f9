using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>
/// Which fields of an answer cannot carry a text of somebody's own: words and numbers from a range that the author set, true or false,
/// dates. They are still chosen by whoever wrote what was read; they cannot instruct.
/// </summary>
internal static class TypedFields
{
    private static readonly string[] Times = ["date", "time", "date-time", "duration"];

    /// <summary>Names of the top-level properties of a schema that are typed so.</summary>
    public static IReadOnlyList<string> Of(Value? schema) =>
        schema is { IsObject: true } given && given.AsObject.GetOrNull("properties") is { IsObject: true } properties
            ? [.. properties.AsObject.Where(property => property.Value.IsObject && IsTyped(property.Value.AsObject)).Select(property => property.Key)]
            : [];

    private static bool IsTyped(ValueMap schema)
    {
        if (schema.ContainsKey("enum") || schema.ContainsKey("const")) return true;
        var types = schema.GetOrNull("type") switch
        {
            { IsText: true } one => [one.AsText],
            { IsList: true } several => [.. several.Items.Select(type => type.TextOrNull ?? "")],
            _ => Array.Empty<string>(),
        };
        return types.Length > 0 && Array.TrueForAll(types, type => type switch
        {
            "boolean" or "null" => true,
            "integer" or "number" => Has(schema, "minimum", "exclusiveMinimum") && Has(schema, "maximum", "exclusiveMaximum"),
            "string" => Times.Contains(schema.GetOrNull("format").TextOrNull, StringComparer.Ordinal),
            _ => false,
        });
    }

    private static bool Has(ValueMap schema, string one, string other) => schema.GetOrNull(one).IsNumeric || schema.GetOrNull(other).IsNumeric;
}
