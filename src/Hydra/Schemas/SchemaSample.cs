using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>A value of the shape that a schema describes, for runs that call nobody.</summary>
public static class SchemaSample
{
    private const int DepthMax = 32;

    public static Value Of(Value schema) => Of(schema, 0);

    private static Value Of(Value schema, int depth)
    {
        if (!schema.IsObject || depth > DepthMax) return Value.Null;
        var map = schema.AsObject;
        if (map.TryGetValue("const", out var only)) return only;
        if (map.TryGetValue("default", out var given)) return given;
        if (map.GetOrNull("enum") is { IsList: true } choices && choices.AsList.Length > 0) return choices.AsList[0];
        var type = map.GetOrNull("type");
        return (type.IsList ? type.AsList[0] : type).TextOrNull switch
        {
            "boolean" => true,
            "integer" => map.GetOrNull("minimum") is { Kind: ValueKind.Integer } least ? least : 0,
            "number" => map.GetOrNull("minimum") is { IsNumeric: true } least ? least : 0.0,
            "string" => "sample",
            "array" => Value.Of(Enumerable.Repeat(Of(map.GetOrNull("items"), depth + 1), Math.Max(1, map.GetOrNull("minItems") is { Kind: ValueKind.Integer } least ? (int)least.AsInteger : 1))),
            "null" => Value.Null,
            _ => map.GetOrNull("properties") is { IsObject: true } properties
                ? ValueMap.Of(properties.AsObject.Select(pair => KeyValuePair.Create(pair.Key, Of(pair.Value, depth + 1))))
                : Value.EmptyObject,
        };
    }
}
