using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Embeddings;

/// <summary>
/// Texts to vectors at an OpenAI-compatible endpoint. Asks for base64, which is a quarter of the bytes, and understands a server that
/// answers with numbers all the same. Safe to share between threads.
/// </summary>
internal sealed class OpenAIEmbedder(ModelHttp http, Endpoint endpoint, ModelFacts facts) : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Most texts in one request: OpenAI's limit. More are asked for in several.</summary>
    private const int TextCountMax = 2_048;

    private readonly EmbeddingGeneratorMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values,
        EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var model = options?.ModelId ?? facts.Id;
        var all = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var texts in values.Chunk(TextCountMax))
        {
            using var request = ModelHttp.Json(endpoint.At("/embeddings", model), Write(model, texts, options));
            endpoint.Sign(request);
            var json = await http.PostAsync(endpoint, request, cancellationToken);
            var usage = ProviderUsage.OfEmbeddings(json.Get("usage"));
            foreach (var vector in Read(json, texts.Length, usage))
            {
                all.Add(new Embedding<float>(vector) { ModelId = json.Text("model") ?? model });
            }
            if (json.Get("usage") is not null) (all.Usage ??= new UsageDetails()).Add(UsageReader.ToDetails(usage));
        }
        return all;
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // The gateway owns what this client uses.
    }

    private static byte[] Write(string model, string[] texts, EmbeddingGenerationOptions? options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            json.WriteStartArray("input");
            foreach (var text in texts) json.WriteStringValue(text);
            json.WriteEndArray();
            if (options?.Dimensions is { } dimensions) json.WriteNumber("dimensions", dimensions);
            if (options?.AdditionalProperties?.ContainsKey("encoding_format") != true) json.WriteString("encoding_format", "base64");
            foreach (var (name, value) in options?.AdditionalProperties ?? [])
            {
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, value);
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The vectors in the order of their texts: exactly one for each.</summary>
    private float[][] Read(JsonElement json, int count, TokenUsage usage)
    {
        if (json.Get("error") is not null) throw HttpErrors.InStream(endpoint, json, usage);
        var vectors = new float[count][];
        var at = 0;
        foreach (var item in json.Items("data"))
        {
            var index = item.Number("index") ?? at;
            if (index < 0 || index >= count || vectors[index] is not null) throw Malformed($"a vector at the place {index} of {count}", usage);
            vectors[index] = Floats(item.Get("embedding"), usage);
            at++;
        }
        return at == count ? vectors : throw Malformed($"{at} vectors for {count} texts", usage);
    }

    private float[] Floats(JsonElement? vector, TokenUsage usage)
    {
        float[] floats = [];
        if (vector is { ValueKind: JsonValueKind.String } text && text.TryGetBytesFromBase64(out var bytes) && bytes.Length % 4 == 0)
        {
            floats = new float[bytes.Length / 4];
            for (var i = 0; i < floats.Length; i++) floats[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4));
        }
        else if (vector is { ValueKind: JsonValueKind.Array } list)
        {
            floats = [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number ? item.GetSingle() : float.NaN)];
        }
        return floats.Length > 0 && Array.TrueForAll(floats, float.IsFinite) ? floats
            : throw Malformed("a vector that is empty or holds no numbers", usage);
    }

    private CallFailedException Malformed(string what, TokenUsage usage) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = usage };
}
