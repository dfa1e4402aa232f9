using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hydra.Gateway.Wire;

/// <summary>Reads foreign JSON that may not have the shape it should: what is missing or of another kind is null.</summary>
internal static partial class JsonRead
{
    public static JsonElement? Get(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

    public static JsonElement? Get(this JsonElement? json, string name) => json?.Get(name);

    public static string? Text(this JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.String } value ? value.ToText() : null;

    /// <summary>The text of a string; half of a character that is escaped alone becomes a replacement character.</summary>
    public static string ToText(this JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return JsonSerializer.Deserialize<string>(Escapes().Replace(json.GetRawText(),
                match => match.Length == "\\ud800".Length ? "\\ufffd" : match.Value))!;
        }
    }

    /// <summary>Whole pairs, halves alone, and every other escape, so that what it escapes is not misread.</summary>
    [GeneratedRegex(@"\\u[dD][89aAbB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..|\\.", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escapes();

    public static string? Text(this JsonElement? json, string name) => json?.Text(name);

    /// <summary>A whole number; fractions are cut and digits in a string are read, as some providers send both.</summary>
    public static long? Number(this JsonElement json, string name) => json.Get(name) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var whole) => whole,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var real)
            && Math.Abs(real) < 1e15 => (long)real,
        { ValueKind: JsonValueKind.String } value when double.TryParse(value.GetString(), CultureInfo.InvariantCulture,
            out var real)
            && Math.Abs(real) < 1e15 => (long)real,
        _ => null,
    };

    public static long? Number(this JsonElement? json, string name) => json?.Number(name);

    public static JsonElement.ArrayEnumerator Items(this JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;
}
