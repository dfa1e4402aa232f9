using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Hydra.Bench.Gateways;

/// <summary>
/// The cheapest provider there can be: fixed bytes in the chat-completions format. A model named <c>paced</c> sends its chunks 5 ms apart.
/// Beside it a collector that takes spans and forgets them.
/// </summary>
internal static class Upstream
{
    public const int Chunks = 50;
    private const int PaceMs = 5;

    private static readonly byte[] Whole = Encoding.UTF8.GetBytes("""
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Bees dance to tell each other where the flowers are.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":12,"total_tokens":32,"prompt_tokens_details":{"cached_tokens":0}}}
        """);
    private static readonly byte[][] Pieces = [.. Enumerable.Range(0, Chunks).Select(Piece)];
    private static readonly byte[] Stream = [.. Pieces.SelectMany(piece => piece)];

    public static void Map(WebApplication app)
    {
        app.MapPost("/v1/chat/completions", AnswerAsync);
        app.MapPost("/v1/traces", context => context.Request.Body.CopyToAsync(System.IO.Stream.Null));
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var (isStream, isPaced) = await AskedAsync(context);
        var response = context.Response;
        if (!isStream)
        {
            response.ContentType = "application/json";
            response.ContentLength = Whole.Length;
            await response.BodyWriter.WriteAsync(Whole);
            return;
        }
        response.ContentType = "text/event-stream";
        if (!isPaced)
        {
            await response.BodyWriter.WriteAsync(Stream);
            return;
        }
        for (var i = 0; i < Chunks; i++)
        {
            await response.BodyWriter.WriteAsync(Pieces[i]);
            if (i < Chunks - 1) await Task.Delay(PaceMs);
        }
    }

    private static async Task<(bool IsStream, bool IsPaced)> AskedAsync(HttpContext context)
    {
        using var document = await JsonDocument.ParseAsync(context.Request.Body);
        var json = document.RootElement;
        return (json.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True, json.GetProperty("model").GetString() == "paced");
    }

    private static byte[] Piece(int number)
    {
        var isLast = number == Chunks - 1;
        var choices = isLast ? "" : $$"""{"index":0,"delta":{{(number == 0 ? """{"role":"assistant","content":"Bees "}""" : number == Chunks - 2 ? "{}" : """{"content":"dance "}""")}},"logprobs":null,"finish_reason":{{(number == Chunks - 2 ? "\"stop\"" : "null")}}}""";
        var usage = isLast ? """{"prompt_tokens":20,"completion_tokens":48,"total_tokens":68}""" : "null";
        var text = $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-mini","choices":[{{choices}}],"usage":{{usage}}}""" + "\n\n";
        return Encoding.UTF8.GetBytes(isLast ? text + "data: [DONE]\n\n" : text);
    }
}
