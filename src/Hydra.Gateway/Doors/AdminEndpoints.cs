using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Hydra.Gateway.Doors;

/// <summary>Keys, budgets and health over HTTP, for whoever holds the administration's key. Without one configured these addresses do not exist.</summary>
internal static class AdminEndpoints
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(IEndpointRouteBuilder routes, GatewayService service)
    {
        Add("GET", "/admin/keys", (_, json) =>
        {
            json.WriteStartArray("keys");
            foreach (var key in service.Keys.List()) AdminJson.Write(json, key);
            json.WriteEndArray();
            return Task.CompletedTask;
        });
        Add("POST", "/admin/keys", async (context, json) =>
        {
            using var body = DoorJson.Parse(await RequestBody.ReadAsync(context.Request, context.RequestAborted));
            Issue(json, await service.Keys.CreateAsync(AdminJson.ReadWish(body.RootElement, service.Clock.GetUtcNow())));
        });
        Add("POST", "/admin/keys/{key}/rotate", async (context, json) =>
        {
            var seconds = context.Request.Query.TryGetValue("grace_seconds", out var given) ? AdminJson.Seconds(given.ToString()) : 0;
            Issue(json, await service.Keys.RotateAsync(NameOf(context), TimeSpan.FromSeconds(seconds)));
        });
        Add("POST", "/admin/keys/{key}/block", async (context, json) => One(json, await service.Keys.SetBlockedAsync(NameOf(context), isBlocked: true)));
        Add("POST", "/admin/keys/{key}/unblock", async (context, json) => One(json, await service.Keys.SetBlockedAsync(NameOf(context), isBlocked: false)));
        Add("DELETE", "/admin/keys/{key}", async (context, json) => One(json, await service.Keys.DeleteAsync(NameOf(context))));
        Add("GET", "/admin/budgets", async (context, json) => AdminJson.Write(json, await service.Ledger.BudgetsAsync(context.RequestAborted)));
        Add("GET", "/admin/health", (_, json) =>
        {
            service.WriteHealth(json);
            return Task.CompletedTask;
        });

        void Add(string method, string path, Func<HttpContext, Utf8JsonWriter, Task> write) =>
            routes.MapMethods(path, [method], context => AnswerAsync(context, service, write));

        static string NameOf(HttpContext context) => (string)context.Request.RouteValues["key"]!;

        static void One(Utf8JsonWriter json, VirtualKey key)
        {
            json.WritePropertyName("key");
            AdminJson.Write(json, key);
        }

        static void Issue(Utf8JsonWriter json, IssuedKey issued)
        {
            json.WriteString("id", issued.Key.Id);
            json.WriteString("secret", issued.Secret);   // this once
            One(json, issued.Key);
        }
    }

    private static async Task AnswerAsync(HttpContext context, GatewayService service, Func<HttpContext, Utf8JsonWriter, Task> write)
    {
        var response = context.Response;
        if (service.AdminKey is not { } expected)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        using var buffer = new MemoryStream();
        response.ContentType = MediaTypeNames.Application.Json;
        await using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            try
            {
                if (!IsSame(RequestFacts.KeyOf(context.Request), expected)) throw new GatewayRefusedException(RefusalKind.Unauthenticated, "The key of the administration is missing or wrong. Send it as `Authorization: Bearer KEY`.");
                json.WriteStartObject();
                await write(context, json);
                json.WriteEndObject();
            }
            catch (Exception refused) when (refused is GatewayRefusedException or KeyRefusedException)
            {
                json.Flush();
                buffer.SetLength(0);
                json.Reset();
                var error = DoorError.Of(refused is KeyRefusedException wrong ? DoorJson.Bad(wrong.Message) : refused);
                response.StatusCode = error.Status;
                ChatDoor.WriteError(json, error);
            }
        }
        await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), context.RequestAborted);
    }

    /// <summary>In a time that says nothing about how much of the key is right.</summary>
    private static bool IsSame(string? presented, string expected) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
}
