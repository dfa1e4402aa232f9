using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Ollama;

/// <summary>Vectors by <c>/api/embed</c>. A text that does not fit is refused; without being told, Ollama would cut it silently.</summary>
internal static class OllamaEmbeddings
{
    public static EmbeddingFormat Format(Endpoint endpoint) => new(
        TextCountMax: 256,
        Ask: (model, texts, dimensions, more) =>
        {
            more["model"] = model;
            more["input"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]);
            if (!more.ContainsKey("truncate")) more["truncate"] = false;
            more.Set("dimensions", dimensions);
            var http = ModelHttp.Json(endpoint.At("/api/embed"), more.Bytes());
            endpoint.Sign(http);
            return http;
        },
        Read: (answer, _) => new(answer.Items("embeddings").Select(vector => (System.Text.Json.JsonElement?)vector), answer.Number("prompt_eval_count")));
}
