using System.Text.Json;

namespace Hydra.Gateway.Wire;

/// <summary>
/// Whether a schema may be sent as <c>strict</c>: OpenAI then demands of every object that it lists all its properties as required
/// and allows no others (platform.openai.com/docs/guides/structured-outputs#supported-schemas).
/// </summary>
internal static class StrictSchema
{
    public static bool Fits(JsonElement schema) => schema.ValueKind == JsonValueKind.Object
        && schema.Text("type") == "object" && IsStrict(schema);

    private static bool IsStrict(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object) return schema.ValueKind != JsonValueKind.True;
        if (schema.Get("properties") is { ValueKind: JsonValueKind.Object } properties)
        {
            if (schema.Get("additionalProperties") is not { ValueKind: JsonValueKind.False }) return false;
            var required = schema.Items("required").Where(name => name.ValueKind == JsonValueKind.String)
                .Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal);
            foreach (var property in properties.EnumerateObject())
            {
                if (!required.Contains(property.Name) || !IsStrict(property.Value)) return false;
            }
        }
        else if (schema.Text("type") == "object")
        {
            return false;   // any object at all
        }
        if (schema.Get("items") is { } items && !IsStrict(items)) return false;
        if (schema.Get("$defs") is { ValueKind: JsonValueKind.Object } named
            && !named.EnumerateObject().All(part => IsStrict(part.Value))) return false;
        return schema.Get("oneOf") is null && schema.Get("allOf") is null && schema.Items("anyOf").All(IsStrict);
    }
}
