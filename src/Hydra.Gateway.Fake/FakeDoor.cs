using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Hydra.Gateway.Fake;

/// <summary>One wire format: how an answer, its stream and an error look in it.</summary>
internal sealed record FakeDoor
{
    public static readonly FakeDoor Chat = Sse(OpenAIDoor.Whole, OpenAIDoor.Events, OpenAIDoor.Error);
    public static readonly FakeDoor Azure = Sse(AzureDoor.Whole, AzureDoor.Events, AzureDoor.Error);
    public static readonly FakeDoor Responses = Sse(ResponsesDoor.Whole, ResponsesDoor.Events, OpenAIDoor.Error);
    public static readonly FakeDoor Messages = Sse(AnthropicDoor.Whole, AnthropicDoor.Events, AnthropicDoor.Error);
    public static readonly FakeDoor Embeddings = Sse(EmbeddingsDoor.Whole, EmbeddingsDoor.Events, OpenAIDoor.Error);

    /// <summary>An answer that comes whole.</summary>
    public required Func<FakeReply, string> Whole { get; init; }
    /// <summary>The same answer as the pieces of a stream.</summary>
    public required Func<FakeReply, IEnumerable<byte[]>> Events { get; init; }
    /// <summary>An error body.</summary>
    public required Func<FakeRule, string> Error { get; init; }
    /// <summary>An error inside a stream.</summary>
    public required Func<FakeRule, byte[]> ErrorEvent { get; init; }
    public string StreamType { get; init; } = "text/event-stream";
    /// <summary>A header that names the error, and the name.</summary>
    public string? ErrorHeader { get; init; }
    public Func<FakeRule, string> ErrorName { get; init; } = _ => "";
    /// <summary>What this provider refuses whatever the script says; null when nothing is wrong with the call.</summary>
    public Func<HttpRequest, FakeCall, FakeRule?> Refuse { get; init; } = (_, _) => null;

    /// <summary>A format whose streams are server-sent events.</summary>
    public static FakeDoor Sse(Func<FakeReply, string> whole, Func<FakeReply, IEnumerable<string>> events, Func<FakeRule, string> error) => new()
    {
        Whole = whole, Events = reply => events(reply).Select(Encoding.UTF8.GetBytes), Error = error,
        ErrorEvent = rule => Encoding.UTF8.GetBytes($"event: error\ndata: {error(rule)}\n\n"),
    };

    /// <summary>The path as it came over the wire, still escaped and without its query.</summary>
    public static string RawPath(HttpRequest request)
    {
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return target.Split('?')[0];
    }
}
