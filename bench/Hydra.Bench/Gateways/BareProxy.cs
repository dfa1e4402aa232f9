using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Hydra.Bench.Gateways;

/// <summary>The least that a gateway can do: parse the request as JSON, ask with HttpClient, relay the answer's bytes as they come.</summary>
internal static class BareProxy
{
    public static void Map(WebApplication app, string upstream)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
        var address = new Uri(upstream + "/v1/chat/completions");
        app.MapPost("/v1/chat/completions", context => RelayAsync(context, http, address));
    }

    private static async Task RelayAsync(HttpContext context, HttpClient http, Uri address)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        using (var document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length)))
        {
            if (!document.RootElement.TryGetProperty("model", out _)) throw new InvalidDataException("no model");
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length) };
        request.Content.Headers.ContentType = new("application/json");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        context.Response.ContentLength = answer.Content.Headers.ContentLength;
        await using var stream = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        while (true)
        {
            var count = await stream.ReadAsync(context.Response.BodyWriter.GetMemory(16 * 1024), context.RequestAborted);
            if (count == 0) break;
            context.Response.BodyWriter.Advance(count);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }
}
