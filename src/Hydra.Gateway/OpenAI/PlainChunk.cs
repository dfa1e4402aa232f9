using System.Text.Json;

namespace Hydra.Gateway.OpenAI;

/// <summary>Reads a chunk of a stream that says nothing but a piece of text, in one pass and without a document. Pure.</summary>
internal static class PlainChunk
{
    /// <summary>The text; null: the chunk says anything else, is no chunk or no JSON, and must be read in full.</summary>
    public static string? TextOf(ReadOnlySpan<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8);
        string? text = null;
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("choices"u8))
                {
                    if (text is not null || !ReadChoices(ref json, out text)) return null;
                }
                else if (json.ValueTextEquals("error"u8) || json.ValueTextEquals("usage"u8))
                {
                    if (!ReadNull(ref json)) return null;
                }
                else
                {
                    json.Read();
                    json.Skip();
                }
            }
            return json.Read() ? null : text;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;   // half of a surrogate pair is no JsonException
        }
    }

    /// <summary>One choice, the first, that does not end.</summary>
    private static bool ReadChoices(ref Utf8JsonReader json, out string? text)
    {
        text = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray || !json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("delta"u8))
            {
                if (text is not null || !ReadDelta(ref json, out text)) return false;
            }
            else if (json.ValueTextEquals("index"u8))
            {
                if (!json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out var index) || index != 0) return false;
            }
            else if (json.ValueTextEquals("finish_reason"u8) || json.ValueTextEquals("content_filter_results"u8))
            {
                if (!ReadNull(ref json)) return false;
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
        return text is not null && json.Read() && json.TokenType == JsonTokenType.EndArray;
    }

    private static bool ReadDelta(ref Utf8JsonReader json, out string? text)
    {
        text = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("content"u8))
            {
                if (text is not null || !json.Read() || json.TokenType != JsonTokenType.String) return false;
                text = json.GetString();
            }
            else if (json.ValueTextEquals("role"u8))
            {
                json.Read();
                json.Skip();
            }
            else if (!ReadNull(ref json))
            {
                return false;
            }
        }
        return text is not null;
    }

    private static bool ReadNull(ref Utf8JsonReader json) => json.Read() && json.TokenType == JsonTokenType.Null;
}
