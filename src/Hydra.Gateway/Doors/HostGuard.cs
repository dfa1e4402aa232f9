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
        var host = context.Request.Host;
        if (_isLoopbackOnly && !IsLoopback(host.Host)) return RefuseAsync(context, $"The host '{Wire.Excerpt.Of(host.Value ?? "")}' is not this gateway. Use localhost or 127.0.0.1.");
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(uri.Authority, host.Value, StringComparison.OrdinalIgnoreCase)))
        {
            return RefuseAsync(context, $"Requests of pages from '{Wire.Excerpt.Of(origin)}' are not taken.");
        }
        return next(context);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static async Task RefuseAsync(HttpContext context, string message)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = MediaTypeNames.Application.Json;
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            ChatDoor.WriteError(json, new DoorError(403, DoorErrorKind.Permission, message, "foreign_host"));
        }
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
