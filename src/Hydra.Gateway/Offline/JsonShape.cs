using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Hydra.Gateway.Offline;

/// <summary>Makes a JSON Schema of the shape that a prompt sketches in words: <c>{"approved": true|false, "feedback": "..."}</c>.</summary>
internal static partial class JsonShape
{
    private const int SketchCharsMax = 20_000;
    private const int SketchesTriedMax = 50;

    public static JsonElement Any { get; } = Element(new JsonObject { ["type"] = "object",
        ["properties"] = new JsonObject { ["answer"] = Type("string") } });

    [GeneratedRegex("""\bjson\b[^.\n]{0,20}\b(?:array|list)\b(?:\s+of\s+(?<of>objects|numbers|integers))?""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex AsksForArray { get; }

    [GeneratedRegex("""\bjson\b[^{}\n]{0,40}?\b(?:with|containing|has|having|keys?|fields?|properties)\b(?:\s+(?:the|keys?|fields?|properties|named|called))*\s*:?\s*(?<names>["'`]?[A-Za-z_]\w*["'`]?(?:\s*(?:\([^)]*\))?\s*(?:,\s*and\b|,|\band\b)\s*["'`]?[A-Za-z_]\w*["'`]?)*)""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex AsksForFields { get; }

    /// <summary>The schema of the first sketch in braces or brackets, or null.</summary>
    public static JsonElement? Find(string text)
    {
        var tried = 0;
        for (var start = text.IndexOf('{', StringComparison.Ordinal); start >= 0
            && tried < SketchesTriedMax; start = text.IndexOf('{', start + 1), tried++)
        {
            if (Balanced(text, start) is not { } sketch) continue;
            if (Read(sketch) is not { } schema) continue;
            var before = start > 0 ? text[..start].TrimEnd() : "";
            return Element(before.EndsWith('[') ? new JsonObject { ["type"] = "array", ["items"] = schema } : schema);
        }
        return null;
    }

    /// <summary>The schema of fields that are only named: "JSON with approved, feedback and score", "a JSON array of strings".</summary>
    public static JsonElement? Named(string text)
    {
        if (AsksForArray.Match(text) is { Success: true } array)
        {
            var items = array.Groups["of"].Value.ToLowerInvariant() switch { "numbers" => Type("number"),
                "integers" => Type("integer"), _ => Type("string") };
            return Element(new JsonObject { ["type"] = "array", ["items"] = items });
        }
        if (AsksForFields.Match(text) is not { Success: true } fields) return Any;
        var properties = new JsonObject();
        foreach (Match name in Regex.Matches(Regex.Replace(fields.Groups["names"].Value, """\([^)]*\)|\band\b""", " ", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(2)), """[A-Za-z_]\w*""", RegexOptions.None, TimeSpan.FromSeconds(2)))
        {
            properties[name.Value] = OfName(name.Value);
        }
        return properties.Count == 0 ? Any : Element(Object(properties));
    }

    private static JsonObject? Read(string sketch)
    {
        try
        {
            if (JsonNode.Parse(sketch) is JsonObject sample && sample.Count > 0) return OfSample(sample, 0);
        }
        catch (JsonException)
        {
            // Not JSON itself; read as a sketch below.
        }
        var properties = new JsonObject();
        foreach (var field in SplitTop(sketch[1..^1]))
        {
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            var name = (colon < 0 ? field : field[..colon]).Trim().Trim('"', '\'', '`', '?', ' ');
            if (name.Length is 0 or > 60 || !name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-')) return null;
            properties[name] = colon < 0 ? OfName(name) : OfWords(name, field[(colon + 1)..].Trim());
        }
        return properties.Count == 0 ? null : Object(properties);
    }

    private static JsonObject OfSample(JsonNode? sample, int depth, string name = "")
    {
        if (depth > 16) return Type("string");
        switch (sample)
        {
            case JsonObject map:
                var properties = new JsonObject();
                foreach (var (key, value) in map) properties[key] = OfSample(value, depth + 1, key);
                return Object(properties);
            case JsonArray list: return new JsonObject { ["type"] = "array", ["items"] = list.Count > 0
                ? OfSample(list[0], depth + 1) : Type("string") };
            case JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False: return Type("boolean");
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number: return Type(value.TryGetValue<long>(out _) && !IsShare(name) ? "integer" : "number");
            case JsonValue value when value.GetValueKind() == JsonValueKind.String: return OfWords(name,
                value.GetValue<string>());
            default: return OfName(name);
        }
    }

    private static JsonObject OfWords(string name, string words)
    {
        if (words.StartsWith('{') && Read(words) is { } nested) return nested;
        if (words.StartsWith('['))
        {
            return new JsonObject { ["type"] = "array", ["items"] = words.Length > 2 && words.EndsWith(']')
                ? OfWords("", words[1..^1].Split(',')[0].Trim()) : Type("string") };
        }
        var said = words.Trim().Trim('"', '\'', '<', '>', ' ').ToLowerInvariant();
        if (said.StartsWith("bool", StringComparison.Ordinal) || said is "true" or "false" || said
            .Replace(" ", "", StringComparison.Ordinal) is "true|false" or "true/false" or "trueorfalse")
        {
            return Type("boolean");
        }
        if (said.StartsWith("int", StringComparison.Ordinal)) return Type("integer");
        if (said.StartsWith("number", StringComparison.Ordinal) || said.StartsWith("float", StringComparison.Ordinal)
            || (said.Length > 0 && char.IsAsciiDigit(said[0])))
        {
            return OfRange(said, name);
        }
        if (said.StartsWith("list", StringComparison.Ordinal) || said.StartsWith("array", StringComparison.Ordinal))
        {
            return new JsonObject { ["type"] = "array", ["items"] = Type("string") };
        }
        var options = words.Trim('"', ' ').Split('|',
            StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(option => option.Trim('"', '\'')).ToArray();
        return options.Length > 1
            ? new JsonObject { ["enum"] = new JsonArray([.. options
            .Select(option => (JsonNode)JsonValue.Create(option))]) } : Type("string");
    }

    private static JsonObject OfRange(string words, string name)
    {
        var numbers = Regex.Matches(words, """\d+(?:\.\d+)?""", RegexOptions.None, TimeSpan.FromSeconds(2)).Select(match => double.Parse(match.Value)).ToArray();
        var schema = Type(IsShare(name) || words.Contains('.', StringComparison.Ordinal) || numbers is [0, 1]
            ? "number" : numbers.Length > 1 ? "integer" : "number");
        if (numbers.Length > 1 && numbers[0] < numbers[1])
        {
            (schema["minimum"], schema["maximum"]) = (numbers[0], numbers[1]);
        }
        return schema;
    }

    private static JsonObject OfName(string name)
    {
        var said = name.ToLowerInvariant();
        if (IsShare(said) || said is "rating" or "probability") return Type("number");
        if (said is "approved" or "passed" or "pass" or "valid" or "ok"
            || said.StartsWith("is_", StringComparison.Ordinal) || said.StartsWith("has_", StringComparison.Ordinal))
        {
            return Type("boolean");
        }
        return said is "items" or "tags" or "keywords" or "points" or "topics" or "steps" or "findings" or "sources"
            ? new JsonObject { ["type"] = "array", ["items"] = Type("string") } : Type("string");
    }

    private static bool IsShare(string name) => name.Contains("score", StringComparison.OrdinalIgnoreCase)
        || name.Contains("confidence", StringComparison.OrdinalIgnoreCase);

    private static JsonObject Object(JsonObject properties) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray([.. properties.Select(pair => (JsonNode)JsonValue.Create(pair.Key))]),
    };

    private static JsonObject Type(string type) => new() { ["type"] = type };
    private static JsonElement Element(JsonObject schema) => JsonSerializer.SerializeToElement(schema);

    private static string? Balanced(string text, int start)
    {
        var depth = 0;
        var isText = false;
        for (var i = start; i < text.Length && i - start < SketchCharsMax; i++)
        {
            if (text[i] == '"' && text[i - 1] != '\\') isText = !isText;
            else if (!isText && text[i] is '{' or '[') depth++;
            else if (!isText && text[i] is '}' or ']' && --depth == 0) return text[start..(i + 1)];
        }
        return null;
    }

    private static IEnumerable<string> SplitTop(string text)
    {
        int depth = 0, from = 0;
        var isText = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') isText = !isText;
            else if (!isText && text[i] is '{' or '[' or '(') depth++;
            else if (!isText && text[i] is '}' or ']' or ')') depth--;
            else if (!isText && depth == 0 && text[i] is ',' or '\n')
            {
                if (!string.IsNullOrWhiteSpace(text[from..i])) yield return text[from..i].Trim();
                from = i + 1;
            }
        }
        if (!string.IsNullOrWhiteSpace(text[from..])) yield return text[from..].Trim();
    }
}
