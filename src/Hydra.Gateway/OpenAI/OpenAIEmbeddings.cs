using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.OpenAI;

/// <summary>Vectors by <c>/embeddings</c>. Asks for base64, which is a quarter of the bytes; a server that answers with numbers all the same is understood.</summary>
internal static class OpenAIEmbeddings
{
    public static EmbeddingFormat Format(Endpoint endpoint) => new(
        TextCountMax: 2_048,
        Ask: (model, texts, dimensions, more) =>
        {
            more["model"] = model;
            more["input"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]);
            more.Set("dimensions", dimensions);
            if (!more.ContainsKey("encoding_format")) more["encoding_format"] = "base64";
            var http = ModelHttp.Json(endpoint.At("/embeddings", model), more.Bytes());
            endpoint.Sign(http);
            return http;
        },
        Read: (answer, count) =>
        {
            var usage = answer.Get("usage") is { } told ? ProviderUsage.OfEmbeddings(told) : (TokenUsage?)null;
            if (answer.Get("error") is not null) throw HttpErrors.InStream(endpoint, answer, usage ?? default);
            var vectors = new JsonElement?[count];
            var found = 0;
            foreach (var item in answer.Items("data"))
            {
                var place = item.Number("index") ?? found;
                if (place < 0 || place >= count || vectors[place] is not null)
                {
                    throw new CallFailedException(ErrorCode.ProviderError, $"{endpoint} sent a vector at the place {place} of {count}.") { Usage = usage ?? default };
                }
                vectors[place] = item.Get("embedding") ?? default(JsonElement);
                found++;
            }
            return new(found == count ? vectors : vectors[..found], usage?.Input, answer.Text("model"));
        });
}
