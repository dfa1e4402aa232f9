using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Offline;

/// <summary>
/// JSON that conforms to a schema, filled from the prompt. Understands the keywords that agents' schemas use: type, properties,
/// required, enum, const, items, prefixItems, anyOf, oneOf, allOf, local $ref, formats, and the bounds of numbers, texts and lists.
/// </summary>
internal sealed class JsonAnswer
{
    private const int DepthMax = 24;
    private const int ItemsByDefault = 3;
    private const int ItemsMax = 1_000;

    internal static readonly JsonSerializerOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false };

    private readonly JsonElement _root;
    private readonly PromptReading _prompt;
    private readonly Wish _wish;
    private readonly IReadOnlyList<string> _sentences;
    private readonly Verdict _verdict;

    private JsonAnswer(JsonElement schema, PromptReading prompt)
    {
        (_root, _prompt) = (schema, prompt);
        _wish = Wish.Of(prompt);
        _sentences = Salience.Top(OfflineAnswer.Material(prompt).Select(section => section.Text), 50,
            OfflineAnswer.Request(prompt, _wish));
        _verdict = Verdict.Of(prompt, _wish);
    }

    public static string Of(JsonElement schema, PromptReading prompt) =>
        new JsonAnswer(schema, prompt).Value(schema, "", 0)?.ToJsonString(Writing) ?? "null";

    private JsonNode? Value(JsonElement schema, string name, int depth)
    {
        if (depth > DepthMax || schema.ValueKind != JsonValueKind.Object)
        {
            return schema.ValueKind == JsonValueKind.True || depth > DepthMax ? null : JsonValue.Create(Sentence(name));
        }
        if (schema.TryGetProperty("const", out var constant)) return Node(constant);
        if (schema.Items("enum").ToArray() is { Length: > 0 } options) return Enum(options);
        if (schema.Text("$ref") is { } reference)
        {
            return Resolve(reference) is { } target ? Value(target, name, depth + 1) : null;
        }
        foreach (var keyword in (ReadOnlySpan<string>)["anyOf", "oneOf"])
        {
            if (schema.Items(keyword).ToArray() is { Length: > 0 } cases && !schema.TryGetProperty("properties", out _))
            {
                return Value(cases.FirstOrDefault(one => one.Text("type") != "null", cases[0]), name, depth + 1);
            }
        }
        return TypeOf(schema) switch
        {
            "object" => Object(schema, depth),
            "array" => Array(schema, name, depth),
            "boolean" => JsonValue.Create(Flag(name)),
            "integer" => JsonValue.Create((long)Number(schema, name, isWhole: true)),
            "number" => JsonValue.Create(Number(schema, name, isWhole: false)),
            "null" => null,
            _ => JsonValue.Create(Text(schema, name)),
        };
    }

    private static string TypeOf(JsonElement schema)
    {
        if (schema.Text("type") is { } type) return type;
        if (schema.Items("type")
            .FirstOrDefault(one => one.GetString() != "null") is { ValueKind: JsonValueKind.String } first)
        {
            return first.GetString()!;
        }
        if (schema.TryGetProperty("properties", out _) || schema.TryGetProperty("allOf", out _)) return "object";
        return schema.TryGetProperty("items", out _) || schema.TryGetProperty("prefixItems", out _) ? "array"
            : "string";
    }

    private JsonObject Object(JsonElement schema, int depth)
    {
        var value = new JsonObject();
        Fill(schema, value, depth);
        return value;
    }

    private void Fill(JsonElement schema, JsonObject value, int depth)
    {
        if (depth > DepthMax) return;
        if (schema.Text("$ref") is { } reference && Resolve(reference) is { } target) Fill(target, value, depth + 1);
        foreach (var part in schema.Items("allOf")) Fill(part, value, depth + 1);
        var required = schema.Items("required").Where(name => name.ValueKind == JsonValueKind.String)
            .Select(name => name.GetString()!).ToHashSet(StringComparer.Ordinal);
        if (schema.Get("properties") is { ValueKind: JsonValueKind.Object } properties)
        {
            foreach (var property in properties.EnumerateObject())
            {
                // Optional parts deep inside may be recursive: what must be there is enough.
                if (depth > DepthMax / 2 && !required.Contains(property.Name)) continue;
                // What may be left out and may be nothing is nothing: the prompt does not ask for it.
                if (!required.Contains(property.Name) && property.Value.Items("type").Any(one => one.GetString() == "null")) continue;
                value[property.Name] = Value(property.Value, property.Name, depth + 1);
            }
        }
        foreach (var name in required.Where(name => !value.ContainsKey(name)))
        {
            value[name] = JsonValue.Create(Sentence(name));
        }
    }

    private JsonArray Array(JsonElement schema, string name, int depth)
    {
        var list = new JsonArray();
        foreach (var item in schema.Items("prefixItems")) list.Add(Value(item, name, depth + 1));
        var least = (int)Math.Clamp(schema.Number("minItems") ?? 0, 0, ItemsMax);
        var most = (int)Math.Clamp(schema.Number("maxItems") ?? ItemsMax, 0, ItemsMax);
        var items = schema.Get("items") ?? default;
        if (items.ValueKind == JsonValueKind.False) return list;
        var isText = items.ValueKind != JsonValueKind.Object
            || (TypeOf(items) == "string" && !items.TryGetProperty("enum", out _)
            && !items.TryGetProperty("const", out _) && !items.TryGetProperty("$ref", out _));
        if (isText)
        {
            var texts = Texts(name);
            var count = Math.Clamp(_wish.CountMax ?? Math.Clamp(texts.Count, 1, ItemsByDefault), least, most);
            for (var i = list.Count; i < count; i++)
            {
                list.Add(Bounded(i < texts.Count ? texts[i] : $"{Words.Capitalized(Subject)}, part {i + 1}", items));
            }
            return list;
        }
        var wanted = Math.Clamp(depth > DepthMax / 2 ? 0 : items.TryGetProperty("enum", out _) ? 1
            : Math.Min(ItemsByDefault, Math.Max(1, _sentences.Count)), least, most);
        for (var i = list.Count; i < wanted; i++)
        {
            list.Add(new JsonAnswer(_root, Slice(i)).Value(items, name, depth + 1));
        }
        return list;
    }

    /// <summary>The prompt with one sentence as its text, so that the items of a list differ.</summary>
    private PromptReading Slice(int at) => at < _sentences.Count
        ? _prompt with { Sections = [new Section("", _sentences[at])] } : _prompt;

    private JsonNode? Enum(JsonElement[] options)
    {
        var texts = options.Where(option => option.ValueKind == JsonValueKind.String)
            .Select(option => option.GetString()!).ToArray();
        return texts.Length == options.Length ? JsonValue.Create(Choice.Of(texts, _prompt)) : Node(options[0]);
    }

    private bool Flag(string name)
    {
        var said = name.ToLowerInvariant();
        var isVerdict = said.Contains("approv", StringComparison.Ordinal)
            || said.Contains("pass", StringComparison.Ordinal)
            || said is "ok" or "valid" or "success" or "accepted" or "done";
        if (said is "enough" or "complete") return true;   // asked once more it would say the same
        return isVerdict && _verdict.IsApproved;   // what nothing in the prompt speaks for is false
    }

    private double Number(JsonElement schema, string name, bool isWhole)
    {
        var least = Bound(schema, "minimum") ?? (Bound(schema, "exclusiveMinimum") is { } above
            ? above + (isWhole ? 1 : 1e-6) : double.NegativeInfinity);
        var most = Bound(schema, "maximum") ?? (Bound(schema, "exclusiveMaximum") is { } below
            ? below - (isWhole ? 1 : 1e-6) : double.PositiveInfinity);
        var said = name.ToLowerInvariant();
        var isShare = said.Contains("score", StringComparison.Ordinal)
            || said.Contains("confidence", StringComparison.Ordinal)
            || said.Contains("probab", StringComparison.Ordinal)
            || said.Contains("rating", StringComparison.Ordinal);
        var scale = double.IsFinite(most) && most > 0 ? most : 1;
        var value = isShare ? Math.Round(_verdict.Score * scale, 2) : said is "count" or "total" or "length"
            ? _sentences.Count : FirstNumber() ?? 0;
        if (isWhole) value = Math.Round(value);
        value = Math.Clamp(value, least, Math.Max(least, most));
        if (Bound(schema, "multipleOf") is > 0 and var step)
        {
            value = Math.Ceiling(double.IsFinite(least) ? Math.Max(value, least) / step : value / step) * step > most
                ? Math.Floor(most / step) * step : Math.Ceiling(value / step) * step;
        }
        return isWhole ? Math.Ceiling(value) : value;
    }

    private double? FirstNumber() =>
        Regex.Match(string.Join(' ', OfflineAnswer.Material(_prompt).Select(section => section.Text)), """(?<![\w.])-?\d{1,12}(?:\.\d{1,6})?(?![\w])""", RegexOptions.None, TimeSpan.FromSeconds(2)) is { Success: true } match
            ? double.Parse(match.Value, CultureInfo.InvariantCulture) : null;

    private string Text(JsonElement schema, string name)
    {
        var text = schema.Text("format") switch
        {
            "date" => Find("""\d{4}-\d{2}-\d{2}""") ?? "1970-01-01",
            "date-time" => Find("""\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z""") ?? "1970-01-01T00:00:00Z",
            "time" => "00:00:00Z",
            "email" => Find("""[\w.+-]+@[\w-]+\.[\w.]+""") ?? "nobody@example.com",
            "uri" or "url" => Find("""https?://[^\s"'<>)]+""") ?? "https://example.com/",
            "uuid" => "00000000-0000-0000-0000-000000000000",
            "ipv4" => "192.0.2.1",
            _ => Sentence(name),
        };
        if (schema.Text("pattern") is { } pattern && Matching(pattern) is { } match) text = match;
        return Bounded(text, schema);
    }

    /// <summary>What a field of this name is most likely to hold.</summary>
    private string Sentence(string name)
    {
        var said = name.ToLowerInvariant();
        if (Is("feedback", "reason", "why", "rationale", "critique", "comment")) return _verdict.Feedback;
        if (Is("title", "topic", "subject", "name", "heading")) return Words.Capitalized(Subject);
        if (said is "id" or "key" or "slug") return string.Join('-', Words.Content(Subject).Take(4));
        if (Is("keyword", "tag", "category", "label")) return Salience.Keywords(AllText, 1).FirstOrDefault() ?? Subject;
        var texts = OfflineAnswer.Text(_prompt,
            _wish with { Labels = [], IsList = false, Count = null, CountMax = 2, WordCount = null });
        return texts;

        bool Is(params ReadOnlySpan<string> names)
        {
            foreach (var one in names)
            {
                if (said.Contains(one, StringComparison.Ordinal)) return true;
            }
            return false;
        }
    }

    private IReadOnlyList<string> Texts(string name)
    {
        var said = name.ToLowerInvariant();
        if (said.Contains("keyword", StringComparison.Ordinal) || said.Contains("tag", StringComparison.Ordinal))
        {
            return Salience.Keywords(AllText, 10);
        }
        if (_sentences.Count > 0) return _sentences;
        return _wish.Aspects;
    }

    private string Subject => _wish.Topic.Length > 0 ? _wish.Topic
        : string.Join(' ', Salience.Keywords(AllText, 3)) is { Length: > 0 } words ? words : "the request";
    private string AllText => _prompt.Sections.Count > 0
        ? string.Join('\n', _prompt.Sections.Select(section => section.Text)) : _prompt.Instructions;

    private static string Bounded(string text, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object) return text;
        var most = schema.Number("maxLength") ?? long.MaxValue;
        var least = Math.Min(schema.Number("minLength") ?? 0, 100_000);
        if (text.Length > most) text = text[..(int)Math.Max(0, most)];
        return text.Length < least ? text.PadRight((int)least, '.') : text;
    }

    private string? Find(string pattern) =>
        Regex.Match(AllText, pattern, RegexOptions.None, TimeSpan.FromSeconds(2)) is { Success: true } match
        ? match.Value : null;

    /// <summary>A piece of the prompt that a schema's pattern matches whole.</summary>
    private string? Matching(string pattern)
    {
        try
        {
            return Words.Of(AllText).Concat(AllText.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Take(5_000)
                .FirstOrDefault(word =>
                    Regex.IsMatch(word, pattern, RegexOptions.None, TimeSpan.FromMilliseconds(100)));
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            return null;   // a pattern that is wrong or too slow constrains nothing here
        }
    }

    private JsonElement? Resolve(string reference)
    {
        if (!reference.StartsWith('#')) return null;
        JsonElement? at = _root;
        foreach (var step in reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            at = at.Get(name);
        }
        return at;
    }

    private static double? Bound(JsonElement schema, string name) =>
        schema.Get(name) is { ValueKind: JsonValueKind.Number } bound ? bound.GetDouble() : null;
    private static JsonNode? Node(JsonElement json) => JsonNode.Parse(json.GetRawText());
}
