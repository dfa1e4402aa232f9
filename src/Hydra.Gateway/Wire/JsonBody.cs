using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>Words for building the body of a call as JSON.</summary>
internal static class JsonBody
{
    private static readonly JsonSerializerOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = ValueJson.DepthMax,
    };

    public static byte[] Bytes(this JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, Writing);

    public static JsonNode? Node(this JsonElement json) => JsonSerializer.SerializeToNode(json, Writing);

    /// <summary>The arguments of a call as an object.</summary>
    public static JsonNode Arguments(FunctionCallContent call) =>
        JsonNode.Parse(ToolText.ArgumentsObject(call), null, new JsonDocumentOptions { MaxDepth = ValueJson.DepthMax })!;

    /// <summary>The object, unless it is empty.</summary>
    public static JsonObject? OrNull(this JsonObject json) => json.Count == 0 ? null : json;

    /// <summary>Sets a field that has a value.</summary>
    public static void Set(this JsonObject json, string name, JsonNode? value)
    {
        if (value is not null) json[name] = value;
    }

    /// <summary>Lays what a caller gave besides the known options over the body: objects are joined, all else is replaced.</summary>
    public static void Overlay(this JsonObject body, string name, object? value)
    {
        var node = JsonSerializer.SerializeToNode(value, Writing);
        if (node is JsonObject more && body[name] is JsonObject own)
        {
            foreach (var (key, inner) in more.ToArray())
            {
                more.Remove(key);
                own[key] = inner;
            }
            return;
        }
        body[name] = node;
    }

    /// <summary>A content that this provider has no way to take. It is refused: dropping it would change the question.</summary>
    public static CallFailedException Refused(Endpoint endpoint, AIContent content) => new(ErrorCode.BadRequest,
        $"{endpoint} cannot be given {Describe(content)}. Leave it out, send its bytes, or use another model.");

    private static string Describe(AIContent content) => content switch
    {
        UriContent uri => $"{uri.MediaType} by the address {Excerpt.Of(uri.Uri.ToString())}",
        DataContent data => data.MediaType,
        _ => content.GetType().Name,
    };
}
