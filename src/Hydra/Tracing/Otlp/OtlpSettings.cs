namespace Hydra.Tracing;

public enum OtlpProtocol { HttpProtobuf, HttpJson, Grpc }

/// <summary>Where and how spans are sent, by OpenTelemetry's own environment variables.</summary>
public sealed record OtlpSettings
{
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromSeconds(60);

    /// <summary>The address that is posted to, path included.</summary>
    public required Uri Endpoint { get; init; }
    public OtlpProtocol Protocol { get; init; }
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
    /// <summary>Attributes of the resource: <c>service.name</c> first.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Resource { get; init; } = [new("service.name", "hydra")];
    /// <summary>Limit of opening a connection: a collector that is not there must not hold up the end of a run.</summary>
    /// <value>Default: 2 s.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);
    /// <summary>Limit on everything that is sent for one run.</summary>
    /// <value>1 ms to 60 s. Default: 10 s.</value>
    public TimeSpan Timeout { get; init; } = TimeoutDefault;

    /// <summary>
    /// Reads <c>OTEL_EXPORTER_OTLP_[TRACES_]{ENDPOINT, HEADERS, PROTOCOL, TIMEOUT}</c>, <c>OTEL_SERVICE_NAME</c>,
    /// <c>OTEL_RESOURCE_ATTRIBUTES</c>, <c>OTEL_TRACES_EXPORTER</c> and <c>OTEL_SDK_DISABLED</c>.
    /// </summary>
    /// <returns>Null settings when nothing is to be sent; a problem in words when something was asked for that cannot be done.</returns>
    public static (OtlpSettings? Settings, string? Problem) From(Func<string, string?> environment)
    {
        if (Is(environment("OTEL_SDK_DISABLED"), "true") || Is(environment("OTEL_TRACES_EXPORTER"), "none")) return (null, null);
        var traces = Given(environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"));
        var shared = Given(environment("OTEL_EXPORTER_OTLP_ENDPOINT"));
        if (traces is null && shared is null && !Is(environment("OTEL_TRACES_EXPORTER"), "otlp")) return (null, null);

        var asked = Given(environment("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")) ?? Given(environment("OTEL_EXPORTER_OTLP_PROTOCOL")) ?? "http/protobuf";
        if (ProtocolOf(asked) is not { } protocol) return (null, $"OTEL_EXPORTER_OTLP_PROTOCOL is '{asked}', which is not known. Write http/protobuf, http/json or grpc.");
        var address = traces ?? shared ?? (protocol == OtlpProtocol.Grpc ? "http://localhost:4317" : "http://localhost:4318");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
            return (null, $"The OTLP endpoint '{address}' is no http or https address. Write it as http://localhost:4318.");
        return (new OtlpSettings
        {
            Endpoint = PathOf(endpoint, protocol, isExact: traces is not null),
            Protocol = protocol,
            Headers = Pairs(Given(environment("OTEL_EXPORTER_OTLP_TRACES_HEADERS")) ?? environment("OTEL_EXPORTER_OTLP_HEADERS")),
            Resource = ResourceOf(environment),
            Timeout = TimeoutOf(Given(environment("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")) ?? environment("OTEL_EXPORTER_OTLP_TIMEOUT")),
        }, null);
    }

    private static OtlpProtocol? ProtocolOf(string name) => name.ToLowerInvariant() switch
    {
        "http/protobuf" => OtlpProtocol.HttpProtobuf,
        "http/json" => OtlpProtocol.HttpJson,
        "grpc" => OtlpProtocol.Grpc,
        _ => null,
    };

    /// <summary>The shared endpoint is a base; the one for traces is taken as it stands; gRPC has a path of its own.</summary>
    private static Uri PathOf(Uri endpoint, OtlpProtocol protocol, bool isExact)
    {
        if (protocol == OtlpProtocol.Grpc) return new Uri(endpoint, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        if (isExact) return endpoint;
        return new UriBuilder(endpoint) { Path = endpoint.AbsolutePath.TrimEnd('/') + "/v1/traces" }.Uri;
    }

    private static List<KeyValuePair<string, string>> ResourceOf(Func<string, string?> environment)
    {
        var given = Pairs(environment("OTEL_RESOURCE_ATTRIBUTES"));
        var service = Given(environment("OTEL_SERVICE_NAME")) ?? given.Find(pair => pair.Key == "service.name").Value ?? "hydra";
        return
        [
            new("service.name", service), .. given.Where(pair => pair.Key != "service.name"),
            new("telemetry.sdk.name", "hydra"), new("telemetry.sdk.language", "dotnet"), new("telemetry.sdk.version", Receipt.Product["Hydra ".Length..]),
        ];
    }

    /// <summary><c>key=value,key=value</c> with percent-encoded values; what has no <c>=</c> is passed over.</summary>
    private static List<KeyValuePair<string, string>> Pairs(string? text)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at > 0) pairs.Add(new(Uri.UnescapeDataString(part[..at].Trim()), Uri.UnescapeDataString(part[(at + 1)..].Trim())));
        }
        return pairs;
    }

    private static TimeSpan TimeoutOf(string? ms)
    {
        if (!int.TryParse(ms, out var known) || known <= 0) return TimeoutDefault;
        var asked = TimeSpan.FromMilliseconds(known);
        return asked < TimeoutMax ? asked : TimeoutMax;
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static bool Is(string? text, string wanted) => string.Equals(text?.Trim(), wanted, StringComparison.OrdinalIgnoreCase);
}
