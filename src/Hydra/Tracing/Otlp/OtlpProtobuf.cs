using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Spans as an <c>ExportTraceServiceRequest</c> (opentelemetry-proto 1.x, trace/v1) in protobuf.</summary>
internal static class OtlpProtobuf
{
    private const uint SampledFlag = 1;

    public static ReadOnlyMemory<byte> Of(IReadOnlyList<KeyValuePair<string, string>> resource, IReadOnlyList<TraceSpan> spans)
    {
        var request = new ProtoWriter();
        request.Message(1, resourceSpans =>
        {
            resourceSpans.Message(1, message =>
            {
                foreach (var (name, text) in resource) Attribute(message, 1, name, text);
            });
            resourceSpans.Message(2, scopeSpans =>
            {
                scopeSpans.Message(1, scope => scope.Text(1, SpanNames.ScopeName));
                foreach (var span in spans) scopeSpans.Message(2, message => Write(message, span));
                scopeSpans.Text(3, SpanNames.SchemaUrl);
            });
            resourceSpans.Text(3, SpanNames.SchemaUrl);
        });
        return request.Written;
    }

    private static void Write(ProtoWriter message, TraceSpan span)
    {
        message.Hex(1, span.TraceId);
        message.Hex(2, span.SpanId);
        if (span.ParentId is { } parent) message.Hex(4, parent);
        message.Text(5, span.Name);
        message.Integer(6, OtlpCodes.Of(span.Kind));
        message.Fixed64(7, (ulong)span.StartNs);
        message.Fixed64(8, (ulong)span.EndNs);
        foreach (var (name, value) in span.Attributes) Attribute(message, 9, name, value);
        if (span.IsError)
        {
            message.Message(15, status =>
            {
                status.Text(2, span.ErrorMessage ?? "");
                status.Integer(3, OtlpCodes.StatusError);
            });
        }
        message.Fixed32(16, SampledFlag);
    }

    private static void Attribute(ProtoWriter message, int field, string name, Value value) => message.Message(field, pair =>
    {
        pair.Text(1, name);
        pair.Message(2, any => Any(any, value));
    });

    private static void Any(ProtoWriter any, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Boolean: any.Integer(2, value.AsBoolean ? 1 : 0); break;
            case ValueKind.Integer: any.Integer(3, value.AsInteger); break;
            case ValueKind.Number: any.Double(4, value.AsNumber); break;
            case ValueKind.List:
                any.Message(5, list =>
                {
                    foreach (var item in value.Items) list.Message(1, inner => Any(inner, item));
                });
                break;
            case ValueKind.Text when value.AsText.Length == 0: any.Bytes(1, []); break;
            default: any.Text(1, value.ToDisplayText()); break;
        }
    }
}

/// <summary>OTLP's numbers for closed sets.</summary>
internal static class OtlpCodes
{
    public const int StatusError = 2;

    public static int Of(SpanKind kind) => kind switch { SpanKind.Server => 2, SpanKind.Client => 3, _ => 1 };
}
