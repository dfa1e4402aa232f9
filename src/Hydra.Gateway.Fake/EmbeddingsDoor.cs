using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>Embeddings in OpenAI's wire format: vectors that follow from the text alone.</summary>
internal static class EmbeddingsDoor
{
    private const int DimensionsByDefault = 8;

    public static string Whole(FakeReply reply)
    {
        using var document = JsonDocument.Parse(reply.Call.Body);
        var body = document.RootElement;
        var texts = body.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Array
            ? input.EnumerateArray().Select(text => text.ToString()).ToArray() : [input.ToString()];
        var dimensions = body.TryGetProperty("dimensions", out var wished) ? wished.GetInt32() : DimensionsByDefault;
        var isBase64 = body.TryGetProperty("encoding_format", out var format) && format.ValueEquals("base64");
        var data = new JsonArray();
        for (var i = 0; i < texts.Length; i++)
        {
            var vector = Vector(texts[i], dimensions);
            data.Add(new JsonObject
            {
                ["object"] = "embedding", ["index"] = i,
                ["embedding"] = isBase64 ? Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()))
                    : new JsonArray([.. vector.Select(value => (JsonNode)value)]),
            });
        }
        var tokens = texts.Sum(text => Math.Max(1, text.Length / 4));
        return new JsonObject
        {
            ["object"] = "list", ["data"] = data, ["model"] = reply.Call.Model,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        }.ToJsonString();
    }

    /// <summary>Embeddings have no stream.</summary>
    public static IEnumerable<string> Events(FakeReply reply) => [$"data: {Whole(reply)}\n\n"];

    private static float[] Vector(string text, int dimensions)
    {
        var vector = new float[dimensions];
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        for (var i = 0; i < dimensions; i++) vector[i] = (hash[i % hash.Length] - 127.5f) / 128;
        return vector;
    }
}
