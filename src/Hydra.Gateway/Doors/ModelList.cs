using System.Net.Mime;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary>
/// <c>GET /v1/models</c> and <c>/v1/models/NAME</c>: what the caller's key may use. OpenAI's fields and Anthropic's stand side by side;
/// failures are told in the dialect of the caller, whom the header <c>anthropic-version</c> gives away.
/// </summary>
internal static class ModelList
{
    /// <param name="name">Only this one; null: all.</param>
    public static async Task WriteAsync(HttpContext context, GatewayService service, string? name = null)
    {
        var response = context.Response;
        response.ContentType = MediaTypeNames.Application.Json;
        try
        {
            var models = service.ModelsFor(RequestFacts.KeyOf(context.Request)).ToList();
            await using var json = new Utf8JsonWriter(response.BodyWriter);
            if (name is null) Write(json, models);
            else if (models.Contains(name, StringComparer.Ordinal) || service.MayAsk(RequestFacts.KeyOf(context.Request), name)) Write(json, name);
            else throw new GatewayRefusedException(RefusalKind.UnknownModel, $"There is no model '{Wire.Excerpt.Of(name)}' that your key may use. GET /v1/models lists those that it may.") { Parameter = "model" };
        }
        catch (GatewayRefusedException refused)
        {
            var error = DoorError.Of(refused);
            IDoor door = context.Request.Headers.ContainsKey("anthropic-version") ? new MessagesDoor() : new ChatDoor();
            response.StatusCode = door.StatusOf(error);
            response.Headers[door.IdHeader] = context.TraceIdentifier;
            await using var json = new Utf8JsonWriter(response.BodyWriter);
            door.WriteError(json, error, context.TraceIdentifier);
        }
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void Write(Utf8JsonWriter json, List<string> models)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (var model in models) Write(json, model);
        json.WriteEndArray();
        json.WriteBoolean("has_more", false);
        json.WriteString("first_id", models.FirstOrDefault());
        json.WriteString("last_id", models.LastOrDefault());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string model)
    {
        json.WriteStartObject();
        json.WriteString("id", model);
        json.WriteString("object", "model");
        json.WriteNumber("created", 0);
        json.WriteString("created_at", DateTimeOffset.UnixEpoch);
        json.WriteString("owned_by", "hydra");
        json.WriteString("type", "model");
        json.WriteString("display_name", model);
        json.WriteEndObject();
    }
}
