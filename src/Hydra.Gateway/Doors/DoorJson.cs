using System.Text.Json;
using System.Text.Unicode;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Doors;

/// <summary>Reads what a caller sent, strictly: what is there has the type it must have, or the request is refused with its place.</summary>
internal static class DoorJson
{
    /// <summary>Deepest nesting of a request.</summary>
    public const int DepthMax = 100;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    /// <summary>The request's document: one JSON object, valid UTF-8, no key twice.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length == 0) throw Bad("The request has no body. Send one JSON object.");
        if (!Utf8.IsValid(utf8.Span)) throw Bad("The body is not valid UTF-8.");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8, Strict);
        }
        // Half of a surrogate pair in a key is no JsonException.
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw Bad($"The body is not a JSON object as RFC 8259 has it: {wrong.Message}");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        var kind = KindOf(document.RootElement);
        document.Dispose();
        throw Bad($"The body is {kind}; send one JSON object.");
    }

    public static GatewayRefusedException Bad(string message, string? parameter = null) =>
        new(RefusalKind.BadRequest, message) { Parameter = parameter };

    /// <summary>The member, or null where it is missing or null.</summary>
    public static JsonElement? Member(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string RequiredText(this JsonElement json, string name, string at)
    {
        var text = json.TextMember(name, at) ?? throw Bad($"'{Path(at, name)}' is missing. It must be a string.", Path(at, name));
        return text.Length > 0 ? text : throw Bad($"'{Path(at, name)}' is empty.", Path(at, name));
    }

    public static string? TextMember(this JsonElement json, string name, string at) => json.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => TextOf(text, at, name),
        { } other => throw Wrong(other, Path(at, name), "a string"),
    };

    /// <summary>The text of a string; one with a lone surrogate escape cannot be text.</summary>
    /// <param name="name">The member that holds it; empty: <paramref name="at"/> says it all.</param>
    public static string TextOf(JsonElement text, string at, string name = "")
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            var path = name.Length == 0 ? at : Path(at, name);
            throw Bad($"'{path}' holds half of a surrogate pair, which is no character.", path);
        }
    }

    public static bool? FlagMember(this JsonElement json, string name, string at) => json.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(other, Path(at, name), "true or false"),
    };

    public static double? NumberMember(this JsonElement json, string name, string at, double min, double max)
    {
        if (json.Member(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number)) throw Wrong(value, Path(at, name), "a number");
        return number >= min && number <= max ? number
            : throw Bad($"'{Path(at, name)}' is {value.GetRawText()}; it must lie between {min} and {max}.", Path(at, name));
    }

    public static long? WholeMember(this JsonElement json, string name, string at, long min, long max)
    {
        if (json.Member(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number)) throw Wrong(value, Path(at, name), "a whole number");
        return number >= min && number <= max ? number
            : throw Bad($"'{Path(at, name)}' is {value.GetRawText()}; it must lie between {min} and {max}.", Path(at, name));
    }

    public static JsonElement? ObjectMember(this JsonElement json, string name, string at) => json.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => value,
        { } other => throw Wrong(other, Path(at, name), "an object"),
    };

    public static JsonElement? ListMember(this JsonElement json, string name, string at) => json.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value => value,
        { } other => throw Wrong(other, Path(at, name), "an array"),
    };

    /// <summary>Refuses what is not an object, such as an item of a list.</summary>
    public static void MustBeObject(JsonElement item, string path)
    {
        if (item.ValueKind != JsonValueKind.Object) throw Wrong(item, path, "an object");
    }

    public static GatewayRefusedException Wrong(JsonElement found, string path, string wanted) =>
        Bad($"'{path}' is {KindOf(found)}; it must be {wanted}.", path);

    public static string Path(string at, string name) => at.Length == 0 ? name : $"{at}.{name}";

    private static string KindOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
