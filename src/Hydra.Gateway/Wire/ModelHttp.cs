using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>
/// One POST to a provider, answered whole or as events. Never retries: that is the node's business. Everything that goes wrong
/// leaves as <see cref="CallFailedException"/>; the caller's cancel ends the request and leaves as <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class ModelHttp(HttpMessageInvoker http, GatewayOptions options)
{
    /// <summary>Longest answer that is not streamed, in bytes.</summary>
    public const int AnswerBytesMax = 64 * 1024 * 1024;
    private const int ErrorBytesMax = 64 * 1024;
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = ValueJson.DepthMax };

    /// <summary>Posts a body and reads one JSON document.</summary>
    public async Task<JsonDocument> PostAsync(Endpoint endpoint, HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        using var clock = new CallClock(options.AnswerTimeout, "complete answer", options.Clock, cancellationToken);
        try
        {
            using var response = await SendAsync(endpoint, request, clock.Token);
            return Parse(endpoint, await ReadAnswerAsync(endpoint, response, clock.Token), default);
        }
        // Foreign code ends here: whatever it threw is told in our words.
        catch (Exception error) when (error is not CallFailedException)
        {
            throw clock.Explain(error, endpoint);
        }
    }

    /// <summary>Posts a body and takes its answer as events; nothing is sent before the first are asked for.</summary>
    /// <param name="usageSoFar">Asked when the stream breaks, so that the failure says what it has cost.</param>
    public EventStream Stream(Endpoint endpoint, HttpRequestMessage request, Func<TokenUsage> usageSoFar, CancellationToken cancellationToken) =>
        new(this, options, endpoint, request, usageSoFar, cancellationToken);

    /// <summary>Sends a request and takes the head of its answer, which is a success.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync(Endpoint endpoint, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("User-Agent", "hydra/0.1");
        var response = await http.SendAsync(request, cancellationToken);
        await ThrowIfFailedAsync(endpoint, response, cancellationToken);
        return response;
    }

    /// <summary>A request with a JSON body.</summary>
    public static HttpRequestMessage Json(Uri address, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
    }

    private async Task ThrowIfFailedAsync(Endpoint endpoint, HttpResponseMessage response,
        CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        if (response.IsSuccessStatusCode && mediaType is not ("text/html" or "application/xhtml+xml")) return;
        using (response)
        {
            if (response.IsSuccessStatusCode) throw HttpErrors.WebPage(endpoint, status);
            var body = Encoding.UTF8.GetString((await ReadBytesAsync(response, ErrorBytesMax, cancellationToken)).Span);
            throw HttpErrors.Of(endpoint, status, mediaType, body,
                HttpErrors.RetryAfter(response.Headers, options.Clock.GetUtcNow()),
                response.Headers.TryGetValues("x-amzn-errortype", out var types) ? types.First() : null);
        }
    }

    /// <summary>The body of an answer that is not streamed.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAnswerAsync(Endpoint endpoint, HttpResponseMessage response,
        CancellationToken cancellationToken)
    {
        var body = await ReadBytesAsync(response, AnswerBytesMax + 1, cancellationToken);
        if (body.Length > AnswerBytesMax)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent an answer of more than 64 MiB; it was given up.");
        }
        if (body.Length == 0)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} answered {(int)response.StatusCode} with nothing.") { HttpStatus = (int)response.StatusCode };
        }
        var start = body.Span[0] == '{' ? "" : Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, 100)]);
        return HttpErrors.IsHtml(null, start) ? throw HttpErrors.WebPage(endpoint, (int)response.StatusCode) : body;
    }

    /// <summary>At most the first <paramref name="bytesMax"/> bytes of a body.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpResponseMessage response, int bytesMax,
        CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        // A length is a claim: it saves copies where it is short and true.
        var body = new byte[response.Content.Headers.ContentLength is >= 0 and < 64 * 1024 and var length ? (int)length + 1 : 16 * 1024];
        var read = 0;
        while (read < bytesMax)
        {
            if (read == body.Length) Array.Resize(ref body, Math.Min(bytesMax, body.Length * 2));
            var count = await stream.ReadAsync(body.AsMemory(read, Math.Min(body.Length, bytesMax) - read), cancellationToken);
            if (count == 0) break;
            read += count;
        }
        return body.AsMemory(0, read);
    }

    /// <summary>Bytes that are no UTF-8 become replacement characters: reading them as text later would throw.</summary>
    public static JsonDocument Parse(Endpoint endpoint, ReadOnlyMemory<byte> utf8, TokenUsage usage)
    {
        if (!Utf8.IsValid(utf8.Span)) utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8.Span));
        try
        {
            return JsonDocument.Parse(utf8, Depth);
        }
        catch (JsonException error)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent text that is not JSON: {Excerpt.Of(Encoding.UTF8.GetString(utf8.Span[..Math.Min(utf8.Length, 2000)]), endpoint.Key)}", error) { Usage = usage };
        }
    }
}
