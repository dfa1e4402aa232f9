using System.Net.Mime;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary><c>GET /v1/models</c>: the groups that the caller's key may use.</summary>
internal static class ModelList
{
    public static async Task WriteAsync(HttpContext context, GatewayService service)
    {
        var response = context.Response;
        response.ContentType = MediaTypeNames.Application.Json;
        try
        {
            var models = service.ModelsFor(RequestFacts.KeyOf(context.Request));
            await using var json = new Utf8JsonWriter(response.BodyWriter);
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (var model in models)
            {
                json.WriteStartObject();
                json.WriteString("id", model);
                json.WriteString("object", "model");
                json.WriteNumber("created", 0);
                json.WriteString("owned_by", "hydra");
                json.WriteString("type", "model");
                json.WriteString("display_name", model);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteBoolean("has_more", false);
            json.WriteEndObject();
        }
        catch (Pipeline.GatewayRefusedException refused)
        {
            var error = DoorError.Of(refused);
            response.StatusCode = error.Status;
            await using var json = new Utf8JsonWriter(response.BodyWriter);
            ChatDoor.WriteError(json, error);
        }
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
