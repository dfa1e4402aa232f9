using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Spans as an <c>ExportTraceServiceRequest</c> (opentelemetry-proto 1.x, trace/v1) in protobuf.</summary>
internal static class OtlpProtobuf
{
    private const uint SampledFlag = 1;

    /// <param name="into">Taken as it is: what stands in it stays before the request.</param>
    public static void Write(ProtoWriter into, IReadOnlyList<KeyValuePair<string, string>> resource, IReadOnlyList<TraceSpan> spans)
    {
        var resourceSpans = into.Open(1);
        var message = into.Open(1);
        foreach (var (name, text) in resource) Attribute(into, 1, name, text);
        into.Close(message);
        var scopeSpans = into.Open(2);
        var scope = into.Open(1);
        into.Text(1, SpanNames.ScopeName);
        into.Close(scope);
        foreach (var span in spans) Write(into, span);
        into.Text(3, SpanNames.SchemaUrl);
        into.Close(scopeSpans);
        into.Text(3, SpanNames.SchemaUrl);
        into.Close(resourceSpans);
    }

    private static void Write(ProtoWriter into, TraceSpan span)
    {
        var message = into.Open(2);
        into.Hex(1, span.TraceId);
        into.Hex(2, span.SpanId);
        if (span.ParentId is { } parent) into.Hex(4, parent);
        into.Text(5, span.Name);
        into.Integer(6, OtlpCodes.Of(span.Kind));
        into.Fixed64(7, (ulong)span.StartNs);
        into.Fixed64(8, (ulong)span.EndNs);
        foreach (var (name, value) in span.Attributes) Attribute(into, 9, name, value);
        if (span.IsError)
        {
            var status = into.Open(15);
            into.Text(2, span.ErrorMessage ?? "");
            into.Integer(3, OtlpCodes.StatusError);
            into.Close(status);
        }
        into.Fixed32(16, SampledFlag);
        into.Close(message);
    }

    private static void Attribute(ProtoWriter into, int field, string name, Value value)
    {
        var pair = into.Open(field);
        into.Text(1, name);
        Any(into, 2, value);
        into.Close(pair);
    }

    private static void Any(ProtoWriter into, int field, Value value)
    {
        var any = into.Open(field);
        switch (value.Kind)
        {
            case ValueKind.Boolean: into.Integer(2, value.AsBoolean ? 1 : 0); break;
            case ValueKind.Integer: into.Integer(3, value.AsInteger); break;
            case ValueKind.Number: into.Double(4, value.AsNumber); break;
            case ValueKind.List:
                var list = into.Open(5);
                foreach (var item in value.Items) Any(into, 1, item);
                into.Close(list);
                break;
            case ValueKind.Text when value.AsText.Length == 0: into.Bytes(1, []); break;
            default: into.Text(1, value.ToDisplayText()); break;
        }
        into.Close(any);
    }
}

/// <summary>OTLP's numbers for closed sets.</summary>
internal static class OtlpCodes
{
    public const int StatusError = 2;

    public static int Of(SpanKind kind) => kind switch { SpanKind.Server => 2, SpanKind.Client => 3, _ => 1 };
}
