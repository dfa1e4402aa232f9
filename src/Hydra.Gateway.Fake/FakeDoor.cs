using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Hydra.Gateway.Fake;

/// <summary>One provider's format: how an answer, a stream and an error look in it.</summary>
internal sealed record FakeDoor
{
    public required Func<FakeReply, string> Whole { get; init; }
    public required Func<FakeReply, IEnumerable<byte[]>> Events { get; init; }
    public required Func<FakeRule, string> Error { get; init; }
    /// <summary>An error inside a stream.</summary>
    public required Func<FakeRule, byte[]> ErrorEvent { get; init; }
    public string StreamType { get; init; } = "text/event-stream";
    /// <summary>A header that names the error, and the name.</summary>
    public string? ErrorHeader { get; init; }
    public Func<FakeRule, string> ErrorName { get; init; } = _ => "";
    /// <summary>What this provider refuses whatever the script says; null when nothing is wrong with the call.</summary>
    public Func<HttpRequest, FakeCall, FakeRule?> Refuse { get; init; } = (_, _) => null;

    /// <summary>The path as it came over the wire, still escaped and without its query.</summary>
    public static string RawPath(HttpRequest request)
    {
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return target.Split('?')[0];
    }
}
