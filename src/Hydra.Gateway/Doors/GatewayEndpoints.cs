using System.Buffers;
using System.Globalization;
using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>The gateway's addresses, for any ASP.NET application.</summary>
public static class GatewayEndpoints
{
    /// <summary>Adds the doors, the list of models, health and readiness, and the administration where a key for it is configured.</summary>
    public static void MapHydraGateway(this IEndpointRouteBuilder routes, GatewayService service)
    {
        Map("/v1/chat/completions", new ChatDoor());
        Map("/v1/responses", new ResponsesDoor());
        Map("/v1/messages", new MessagesDoor());
        Map("/v1/messages/count_tokens", new MessagesDoor(isCount: true));
        Map("/v1/embeddings", new EmbeddingsDoor());
        routes.MapGet("/v1/models", context => ModelList.WriteAsync(context, service));
        routes.MapGet("/v1/models/{**model}", context => ModelList.WriteAsync(context, service, context.Request.RouteValues["model"]?.ToString()));
        routes.MapGet("/health", context => WriteTextAsync(context, 200, """{"status":"alive"}"""));
        routes.MapGet("/ready", context => service.IsReady
            ? WriteTextAsync(context, 200, """{"status":"ready"}""")
            : WriteTextAsync(context, 503, """{"status":"not ready"}"""));

        AdminEndpoints.Map(routes, service);

        void Map(string path, IDoor door) => routes.MapPost(path, context => new ChatExchange(context, door, service, service.Client).RunAsync());
    }

    private static Task WriteTextAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = MediaTypeNames.Application.Json;
        return context.Response.WriteAsync(json, context.RequestAborted);
    }
}
