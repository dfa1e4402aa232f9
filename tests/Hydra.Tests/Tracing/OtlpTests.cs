using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Hydra.Model;
using Hydra.Tests.Shared;
using Hydra.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Hydra.Tests.Tracing;

public sealed class OtlpTests
{
    /// <summary>The fields and numbers of this text were compared with what OpenTelemetry's own exporter 1.20.1 sends for such a span.</summary>
    [Fact]
    public void A_span_has_the_protobuf_form_of_the_standard() => Verified.Check("A_span_has_the_protobuf_form_of_the_standard", ProtoText.Of(Protobuf().Span));

    [Fact]
    public void A_span_has_the_json_form_of_the_standard()
    {
        using var json = JsonDocument.Parse(OtlpJson.Of([new("service.name", "svc")], [AnySpan]));
        Verified.Check("A_span_has_the_json_form_of_the_standard", JsonSerializer.Serialize(json, Indented));
    }

    [Theory]
    [InlineData("http/protobuf", "application/x-protobuf", "/v1/traces")]
    [InlineData("http/json", "application/json", "/v1/traces")]
    [InlineData("grpc", "application/grpc", "/opentelemetry.proto.collector.trace.v1.TraceService/Export")]
    public async Task Spans_reach_a_collector(string protocol, string type, string path)
    {
        await using var collector = await Collector.StartAsync(protocol == "grpc" ? HttpProtocols.Http2 : HttpProtocols.Http1);
        var warning = await SendAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20key,other=1"));
        Assert.Null(warning);
        var request = Assert.Single(collector.Requests);
        Assert.Equal((path, type, "a key"), (request.Path, request.Type, request.Key));
    }

    [Fact]
    public async Task The_ids_that_are_sent_are_those_of_the_trace_file()
    {
        await using var collector = await Collector.StartAsync();
        await SendAsync(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.Address + "/any/path"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"));
        var request = Assert.Single(collector.Requests);
        Assert.Equal("/any/path", request.Path);
        using var json = JsonDocument.Parse(request.Body);
        var sent = json.RootElement.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray().Select(span => span.GetProperty("spanId").GetString());
        Assert.Equal(Spans().Select(span => span.SpanId), sent);
    }

    [Fact]
    public async Task A_collector_that_refuses_is_one_warning()
    {
        await using var collector = await Collector.StartAsync(answer: context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        var warning = await SendAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address));
        Assert.Contains("503", warning, StringComparison.Ordinal);
        Assert.Single(collector.Requests);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_one_warning()
    {
        var (held, port) = Listening.Nowhere();
        using var nobody = held;
        Assert.Contains("The run is not affected", await SendAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_never_answers_costs_no_more_than_the_timeout()
    {
        var asked = new TaskCompletionSource();
        await using var collector = await Collector.StartAsync(answer: async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var clock = Stopwatch.StartNew();
        var warning = await SendAsync(new TimeAfter(asked.Task), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"));
        Assert.Contains("no answer within 0.3 s", warning, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Many_spans_go_out_in_batches()
    {
        await using var collector = await Collector.StartAsync();
        var (settings, _) = OtlpSettings.From(name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? collector.Address : null);
        using var sender = new OtlpSender(settings!);
        Assert.Null(await sender.SendAsync(Enumerable.Repeat(AnySpan, (2 * OtlpSender.BatchSize) + 1), CancellationToken.None));
        Assert.Equal(3, collector.Requests.Count);
    }

    [Fact]
    public void Nothing_is_sent_unless_an_endpoint_is_set()
    {
        Assert.Null(From().Settings);
        Assert.Null(From(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:4318"), ("OTEL_SDK_DISABLED", "TRUE")).Settings);
        Assert.Null(From(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:4318"), ("OTEL_TRACES_EXPORTER", "none")).Settings);
        Assert.Equal("http://localhost:4318/v1/traces", From(("OTEL_TRACES_EXPORTER", "otlp")).Settings!.Endpoint.ToString());
        Assert.Equal("https://x/base/v1/traces", From(("OTEL_EXPORTER_OTLP_ENDPOINT", "https://x/base/")).Settings!.Endpoint.ToString());
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "http://localhost:4318")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon", "http/protobuf")]
    public void A_setting_that_cannot_be_used_is_named_with_its_mend(string name, string value, string mend)
    {
        var (settings, problem) = From(("OTEL_TRACES_EXPORTER", "otlp"), (name, value));
        Assert.Null(settings);
        Assert.Contains(value, problem, StringComparison.Ordinal);
        Assert.Contains(mend, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_resource_names_the_service()
    {
        var settings = From(("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_SERVICE_NAME", "night-shift"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=prod")).Settings!;
        Assert.Equal(["service.name=night-shift", "deployment.environment.name=prod"], settings.Resource.Take(2).Select(pair => $"{pair.Key}={pair.Value}"));
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static TraceSpan AnySpan { get; } = new()
    {
        TraceId = "0123456789abcdef0123456789abcdef",
        SpanId = "f222222222222222",
        ParentId = "1111111111111111",
        Name = "chat gpt-x",
        Kind = SpanKind.Client,
        StartNs = 1_700_000_000_000_000_000,
        EndNs = 1_700_000_001_000_000_000,
        Attributes =
        [
            new("text", "hello"), new("int", 42), new("neg", -1), new("double", 0.25), new("bool", true), new("list", Value.OfTexts(["a", "b"])),
        ],
        IsError = true,
        ErrorMessage = "boom",
    };

    private static ReadOnlyMemory<byte> Protobuf()
    {
        var writer = new ProtoWriter();
        OtlpProtobuf.Write(writer, [new("service.name", "svc")], [AnySpan]);
        return writer.Written;
    }

    private static IEnumerable<TraceSpan> Spans() => RunSpans.Of(RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames));

    private static (OtlpSettings? Settings, string? Problem) From(params (string Name, string Value)[] environment) =>
        OtlpSettings.From(name => environment.FirstOrDefault(pair => pair.Name == name).Value);

    private static Task<string?> SendAsync(params (string Name, string Value)[] environment) => SendAsync(TimeProvider.System, environment);

    private static async Task<string?> SendAsync(TimeProvider clock, params (string Name, string Value)[] environment)
    {
        // Patience with a machine that runs every other test meanwhile.
        var settings = From(environment).Settings! with { ConnectTimeout = TimeSpan.FromMinutes(1) };
        if (settings.Timeout == OtlpSettings.TimeoutDefault) settings = settings with { Timeout = TimeSpan.FromMinutes(1) };
        using var sender = new OtlpSender(settings, clock);
        return await sender.SendAsync(Spans(), CancellationToken.None);
    }
}
