using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Hydra.Gateway.OpenAI;

/// <summary>
/// Reads chunks of one stream that say nothing but a piece of text, in one pass and without a document. Most chunks of a stream are alike but
/// for their text: one that has the bytes of the last before and after its text, and in between a string without escapes, is the same JSON
/// with another text, and is not read again. For one stream of valid UTF-8.
/// </summary>
internal sealed class PlainChunk
{
    private static readonly SearchValues<byte> NotPlain = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);
    private byte[] _before = [], _after = [];

    /// <summary>The text; null: the chunk says anything else, is no chunk or no JSON, and must be read in full.</summary>
    public string? TextOf(ReadOnlySpan<byte> utf8)
    {
        if (_before.Length > 0 && utf8.Length >= _before.Length + _after.Length && utf8.StartsWith(_before) && utf8.EndsWith(_after))
        {
            var same = utf8[_before.Length..^_after.Length];
            if (!same.ContainsAny(NotPlain)) return Encoding.UTF8.GetString(same);
        }
        var text = Read(utf8, out var between);
        if (text is not null) (_before, _after) = (utf8[..between.Start].ToArray(), utf8[between.End..].ToArray());
        return text;
    }

    /// <param name="between">Where the text stands, without its quotes.</param>
    private static string? Read(ReadOnlySpan<byte> utf8, out Range between)
    {
        var json = new Utf8JsonReader(utf8);
        string? text = null;
        between = default;
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("choices"u8))
                {
                    if (text is not null || !ReadChoices(ref json, out text, ref between)) return null;
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
    private static bool ReadChoices(ref Utf8JsonReader json, out string? text, ref Range between)
    {
        text = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray || !json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("delta"u8))
            {
                if (text is not null || !ReadDelta(ref json, out text, ref between)) return false;
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

    private static bool ReadDelta(ref Utf8JsonReader json, out string? text, ref Range between)
    {
        text = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("content"u8))
            {
                if (text is not null || !json.Read() || json.TokenType != JsonTokenType.String) return false;
                text = json.GetString();
                between = ((int)json.TokenStartIndex + 1)..((int)json.BytesConsumed - 1);
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
