using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace Hydra.Tracing;

/// <summary>
/// Sends spans to an OpenTelemetry collector. It never throws for what the collector or the network does, and never takes
/// longer than <see cref="OtlpSettings.Timeout"/>: the first failure ends the sending and comes back as one sentence. One caller at a time.
/// </summary>
public sealed class OtlpSender : IDisposable
{
    /// <summary>Spans in one request.</summary>
    public const int BatchSize = 512;

    private readonly OtlpSettings _settings;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private ProtoWriter _protobuf = new();

    /// <param name="clock">What the settings' timeout is counted by; null: the system's.</param>
    public OtlpSender(OtlpSettings settings, TimeProvider? clock = null)
    {
        (_settings, _clock) = (settings, clock ?? TimeProvider.System);
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = settings.ConnectTimeout, AllowAutoRedirect = false }) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends all spans in order. Throws only when <paramref name="cancellationToken"/> is cancelled.</summary>
    /// <returns>Null when all were taken; else why not, for one warning.</returns>
    public async Task<string?> SendAsync(IEnumerable<TraceSpan> spans, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_settings.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var sent = 0;
        foreach (var batch in spans.Chunk(BatchSize))
        {
            string? refusal;
            try
            {
                refusal = await PostAsync(batch, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                refusal = deadline.IsCancellationRequested ? $"no answer within {_settings.Timeout.TotalSeconds:0.###} s" : $"no connection within {_settings.ConnectTimeout.TotalSeconds:0.###} s";
            }
            catch (Exception failed) when (failed is HttpRequestException or IOException)
            {
                refusal = failed.InnerException?.Message ?? failed.Message;
            }
            if (refusal is null)
            {
                sent += batch.Length;
                continue;
            }
            _protobuf = new ProtoWriter();   // a request that was given up may still be read from the old one
            return $"Spans were not sent to {_settings.Endpoint} ({sent:N0} were before): {refusal}. The run is not affected; check OTEL_EXPORTER_OTLP_ENDPOINT, or set OTEL_SDK_DISABLED=true.";
        }
        return null;
    }

    private async Task<string?> PostAsync(TraceSpan[] batch, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _settings.Endpoint);
        request.Content = ContentOf(batch);
        foreach (var (name, value) in _settings.Headers) request.Headers.TryAddWithoutValidation(name, value);
        if (_settings.Protocol == OtlpProtocol.Grpc)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        }
        using var response = await _http.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode) return $"the collector answered {(int)response.StatusCode} {response.ReasonPhrase}";
        if (_settings.Protocol != OtlpProtocol.Grpc) return null;
        var status = Trailer(response, "grpc-status");
        return status is "0" ? null : $"the collector answered gRPC status {status ?? "none"} {Trailer(response, "grpc-message")}".TrimEnd();
    }

    /// <summary>A gRPC call without body has its trailers among the headers.</summary>
    private static string? Trailer(HttpResponseMessage response, string name)
    {
        if (response.TrailingHeaders.TryGetValues(name, out var trailing)) return trailing.FirstOrDefault();
        return response.Headers.TryGetValues(name, out var leading) ? leading.FirstOrDefault() : null;
    }

    private ReadOnlyMemoryContent ContentOf(TraceSpan[] batch)
    {
        var (bytes, type) = _settings.Protocol switch
        {
            OtlpProtocol.HttpJson => (OtlpJson.Of(_settings.Resource, batch), "application/json"),
            OtlpProtocol.Grpc => (Framed(ProtobufOf(batch).Span), "application/grpc"),
            _ => (ProtobufOf(batch), "application/x-protobuf"),
        };
        var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return content;
    }

    private ReadOnlyMemory<byte> ProtobufOf(TraceSpan[] batch)
    {
        _protobuf.Clear();
        OtlpProtobuf.Write(_protobuf, _settings.Resource, batch);
        return _protobuf.Written;
    }

    /// <summary>gRPC's frame: not compressed, length, message.</summary>
    private static byte[] Framed(ReadOnlySpan<byte> message)
    {
        var frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    public void Dispose() => _http.Dispose();
}
