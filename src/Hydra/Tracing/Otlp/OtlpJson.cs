using System.Buffers;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Spans as an <c>ExportTraceServiceRequest</c> in OTLP's JSON: ids in hexadecimal, 64-bit numbers as text.</summary>
internal static class OtlpJson
{
    public static ReadOnlyMemory<byte> Of(IReadOnlyList<KeyValuePair<string, string>> resource, IReadOnlyList<TraceSpan> spans)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("resourceSpans"u8);
        json.WriteStartObject();
        json.WriteStartObject("resource"u8);
        json.WriteStartArray("attributes"u8);
        foreach (var (name, text) in resource) Attribute(json, name, text);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeSpans"u8);
        json.WriteStartObject();
        json.WriteStartObject("scope"u8);
        json.WriteString("name"u8, SpanNames.ScopeName);
        json.WriteEndObject();
        json.WriteStartArray("spans"u8);
        foreach (var span in spans) Write(json, span);
        json.WriteEndArray();
        json.WriteString("schemaUrl"u8, SpanNames.SchemaUrl);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("schemaUrl"u8, SpanNames.SchemaUrl);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, TraceSpan span)
    {
        json.WriteStartObject();
        json.WriteString("traceId"u8, span.TraceId);
        json.WriteString("spanId"u8, span.SpanId);
        if (span.ParentId is { } parent) json.WriteString("parentSpanId"u8, parent);
        json.WriteString("name"u8, span.Name);
        json.WriteNumber("kind"u8, OtlpCodes.Of(span.Kind));
        json.WriteString("startTimeUnixNano"u8, span.StartNs.ToString());
        json.WriteString("endTimeUnixNano"u8, span.EndNs.ToString());
        json.WriteStartArray("attributes"u8);
        foreach (var (name, value) in span.Attributes) Attribute(json, name, value);
        json.WriteEndArray();
        if (span.IsError)
        {
            json.WriteStartObject("status"u8);
            json.WriteString("message"u8, span.ErrorMessage ?? "");
            json.WriteNumber("code"u8, OtlpCodes.StatusError);
            json.WriteEndObject();
        }
        json.WriteNumber("flags"u8, 1);
        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string name, Value value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, name);
        json.WritePropertyName("value"u8);
        Any(json, value);
        json.WriteEndObject();
    }

    private static void Any(Utf8JsonWriter json, Value value)
    {
        json.WriteStartObject();
        switch (value.Kind)
        {
            case ValueKind.Boolean: json.WriteBoolean("boolValue"u8, value.AsBoolean); break;
            case ValueKind.Integer: json.WriteString("intValue"u8, value.AsInteger.ToString()); break;
            case ValueKind.Number: json.WriteNumber("doubleValue"u8, value.AsNumber); break;
            case ValueKind.List:
                json.WriteStartObject("arrayValue"u8);
                json.WriteStartArray("values"u8);
                foreach (var item in value.Items) Any(json, item);
                json.WriteEndArray();
                json.WriteEndObject();
                break;
            default: json.WriteString("stringValue"u8, value.ToDisplayText()); break;
        }
        json.WriteEndObject();
    }
}
