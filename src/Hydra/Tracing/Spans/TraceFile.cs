using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Spans as text: one JSON object a line (<c>trace.jsonl</c>).</summary>
public static class TraceFile
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes the spans as they come and leaves the stream open.</summary>
    public static void Write(Stream stream, IEnumerable<TraceSpan> spans)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        foreach (var span in spans)
        {
            Write(json, span);
            json.Flush();
            stream.WriteByte((byte)'\n');
            json.Reset();
        }
    }

    private static void Write(Utf8JsonWriter json, TraceSpan span)
    {
        json.WriteStartObject();
        json.WriteString("trace_id"u8, span.TraceId);
        json.WriteString("span_id"u8, span.SpanId);
        if (span.ParentId is { } parent) json.WriteString("parent_id"u8, parent);
        json.WriteString("name"u8, span.Name);
        json.WriteString("kind"u8, WireNames.Of(span.Kind));
        json.WriteNumber("start_unix_ns"u8, span.StartNs);
        json.WriteNumber("end_unix_ns"u8, span.EndNs);
        json.WriteString("status"u8, span.IsError ? "error"u8 : "ok"u8);
        if (span.ErrorMessage is { } message) json.WriteString("message"u8, message);
        json.WriteStartObject("attributes"u8);
        foreach (var (name, value) in span.Attributes)
        {
            json.WritePropertyName(name);
            ValueJson.Write(json, value);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
