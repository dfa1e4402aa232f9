using System.Net;
using System.Net.Mime;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary>
/// Refuses requests that a web page made a browser send: a foreign <c>Host</c> (DNS rebinding) where the gateway listens on loopback,
/// and a foreign <c>Origin</c> anywhere.
/// </summary>
internal sealed class HostGuard(IReadOnlyList<string> urls)
{
    private readonly bool _isLoopbackOnly = urls.All(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsLoopback);

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        // Kestrel's mark for a body with two lengths (RFC 9112, section 6.1): whoever stands before us may have read the other one.
        if (context.Request.Headers.ContainsKey("X-Content-Length"))
        {
            context.Response.Headers.Connection = "close";
            return RefuseAsync(context, DoorJson.Bad("The request has both a Content-Length and a Transfer-Encoding. Send one of them."));
        }
        var host = context.Request.Host;
        if (_isLoopbackOnly && !IsLoopback(host.Host)) return RefuseAsync(context, Foreign($"The host '{Wire.Excerpt.Of(host.Value ?? "")}' is not this gateway. Use localhost or 127.0.0.1."));
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(uri.Authority, host.Value, StringComparison.OrdinalIgnoreCase)))
        {
            return RefuseAsync(context, Foreign($"Requests of pages from '{Wire.Excerpt.Of(origin)}' are not taken."));
        }
        return next(context);
    }

    private static bool IsLoopback(string host) =>
        host is "127.0.0.1" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static DoorError Foreign(string message) => new(StatusCodes.Status403Forbidden, DoorErrorKind.Permission, message, "foreign_host");

    private static Task RefuseAsync(HttpContext context, Exception refused) => RefuseAsync(context, DoorError.Of(refused));

    private static async Task RefuseAsync(HttpContext context, DoorError error)
    {
        IDoor door = context.Request.Path.StartsWithSegments("/v1/messages") ? new MessagesDoor() : new ChatDoor();
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = MediaTypeNames.Application.Json;
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter)) door.WriteError(json, error, context.TraceIdentifier);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
