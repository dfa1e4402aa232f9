using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Gemini;

/// <summary>Vectors by <c>batchEmbedContents</c>. Google tells no tokens for it as a rule: usage is then unknown, not zero.</summary>
internal static class GeminiEmbeddings
{
    public static EmbeddingFormat Format(Endpoint endpoint) => new(
        TextCountMax: 100,
        Ask: (model, texts, dimensions, more) =>
        {
            var name = "models/" + model;
            var requests = texts.Select(text =>
            {
                var request = (JsonObject)more.DeepClone();
                request["model"] = name;
                request["content"] = new JsonObject { ["parts"] = new JsonArray(new JsonObject { ["text"] = text }) };
                request.Set("outputDimensionality", dimensions);
                return (JsonNode)request;
            });
            var http = ModelHttp.Json(endpoint.At($"/models/{Uri.EscapeDataString(model)}:batchEmbedContents"),
                new JsonObject { ["requests"] = new JsonArray([.. requests]) }.Bytes());
            endpoint.Sign(http);
            return http;
        },
        Read: (answer, _) => new(answer.Items("embeddings").Select(embedding => embedding.Get("values")), answer.Get("usageMetadata").Number("promptTokenCount")));
}
