using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hydra.Model;

/// <summary>JSON text to <see cref="Value"/> and back (RFC 8259). Nesting is bounded, so hostile text cannot overflow the stack.</summary>
public static class ValueJson
{
    /// <summary>Deepest nesting that is read or written.</summary>
    public const int DepthMax = 256;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = DepthMax };
    internal static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = DepthMax + 8, SkipValidation = true };
    private static readonly JsonWriterOptions Pretty = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = DepthMax + 8, SkipValidation = true, Indented = true };

    public static Value Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    /// <summary>Parses exactly one document; trailing text is an error. Throws <see cref="JsonException"/>.</summary>
    public static Value Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, ReaderOptions);
        try
        {
            reader.Read();
            var value = Read(ref reader);
            while (reader.Read()) { }
            return value;
        }
        catch (InvalidOperationException wrongEncoding)   // the reader throws it for text that is not Unicode
        {
            throw new JsonException("The text holds bytes or escapes that are not valid Unicode.", wrongEncoding);
        }
    }

    public static bool TryParse(string json, out Value value)
    {
        try
        {
            value = Parse(json);
            return true;
        }
        catch (JsonException)
        {
            value = default;
            return false;
        }
    }

    /// <summary>Reads the value the reader stands on and leaves it on the value's last token.</summary>
    public static Value Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return Value.Null;
            case JsonTokenType.True: return Value.True;
            case JsonTokenType.False: return Value.False;
            case JsonTokenType.String: return Value.Of(reader.GetString()!);
            case JsonTokenType.Number:
                if (reader.TryGetInt64(out var whole)) return Value.Of(whole);
                var number = reader.GetDouble();
                return double.IsFinite(number) ? Value.Of(number) : throw new JsonException("A number is beyond the range of 64-bit floating point (about 1.8e308).");
            case JsonTokenType.StartArray:
                var items = new List<Value>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Read(ref reader));
                return Value.Of(items.ToArray());
            case JsonTokenType.StartObject:
                var map = new ValueMap.Builder();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = reader.GetString()!;
                    reader.Read();
                    map[key] = Read(ref reader);
                }
                return Value.Of(map.Build());
            default: throw new JsonException($"Unexpected {reader.TokenType} in JSON text.");
        }
    }

    public static string ToText(Value value, bool indented = false)
    {
        if (value.IsNull) return "null";
        return Encoding.UTF8.GetString(ToUtf8(value, indented));
    }

    public static byte[] ToUtf8(Value value, bool indented = false)
    {
        if (!indented) return JsonScratch.Write(value, Write, static written => written.ToArray());
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Pretty)) Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null: writer.WriteNullValue(); break;
            case ValueKind.Boolean: writer.WriteBooleanValue(value.AsBoolean); break;
            case ValueKind.Integer: writer.WriteNumberValue(value.AsInteger); break;
            case ValueKind.Number:
                Span<char> digits = stackalloc char[NumberLengthMax];
                writer.WriteRawValue(digits[..FormatNumber(value.AsNumber, digits)], skipInputValidation: true);
                break;
            case ValueKind.Text: writer.WriteStringValue(value.AsText); break;
            case ValueKind.List:
                writer.WriteStartArray();
                foreach (var item in value.AsList) Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStartObject();
                foreach (var (key, item) in value.AsObject.Pairs)
                {
                    writer.WritePropertyName(key);
                    Write(writer, item);
                }
                writer.WriteEndObject();
                break;
        }
    }

    /// <summary>Canonical text: object keys in ordinal order, no blanks. Equal data gives equal bytes.</summary>
    public static ReadOnlyMemory<byte> ToCanonicalUtf8(Value value) => JsonScratch.Write(value, WriteCanonical, static written => written.ToArray());

    internal static void WriteCanonical(Utf8JsonWriter writer, Value value)
    {
        if (value.IsList)
        {
            writer.WriteStartArray();
            foreach (var item in value.AsList) WriteCanonical(writer, item);
            writer.WriteEndArray();
        }
        else if (value.IsObject)
        {
            writer.WriteStartObject();
            foreach (var (key, item) in InOrder(value.AsObject.Pairs))
            {
                writer.WritePropertyName(key);
                WriteCanonical(writer, item);
            }
            writer.WriteEndObject();
        }
        else Write(writer, value);
    }

    /// <summary>Pairs in the ordinal order of their keys.</summary>
    internal static ReadOnlySpan<KeyValuePair<string, Value>> InOrder(ReadOnlySpan<KeyValuePair<string, Value>> pairs)
    {
        for (var i = 1; i < pairs.Length; i++)
        {
            if (string.CompareOrdinal(pairs[i - 1].Key, pairs[i].Key) <= 0) continue;
            var sorted = pairs.ToArray();
            Array.Sort(sorted, static (one, other) => string.CompareOrdinal(one.Key, other.Key));
            return sorted;
        }
        return pairs;
    }

    /// <summary>Shortest text that reads back as the same double; whole numbers keep their <c>.0</c>; JSON has no infinities, so they become null.</summary>
    public static string FormatNumber(double number)
    {
        Span<char> text = stackalloc char[NumberLengthMax];
        return new string(text[..FormatNumber(number, text)]);
    }

    private const int NumberLengthMax = 32;

    private static int FormatNumber(double number, Span<char> text)
    {
        if (!double.IsFinite(number))
        {
            "null".CopyTo(text);
            return 4;
        }
        number.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
        if (text[..length].IndexOfAny("eE.") >= 0) return length;
        ".0".CopyTo(text[length..]);
        return length + 2;
    }
}
