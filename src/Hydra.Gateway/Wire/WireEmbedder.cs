using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>How one provider is asked for vectors.</summary>
/// <param name="TextCountMax">Most texts in one request; more are asked for in several.</param>
/// <param name="Ask">Writes the request for some texts; its number of dimensions is null where the model decides.</param>
/// <param name="Read">Finds the vectors of so many texts, one for each in their order.</param>
internal sealed record EmbeddingFormat(int TextCountMax,
    Func<string, IReadOnlyList<string>, int?, JsonObject, HttpRequestMessage> Ask,
    Func<JsonElement, int, EmbeddingAnswer> Read);

/// <summary>The vectors of one answer, each as numbers or as base64 of 32-bit floats, lowest byte first.</summary>
/// <param name="Tokens">Null: not told.</param>
/// <param name="Model">Who has answered; null: not told.</param>
internal readonly record struct EmbeddingAnswer(IEnumerable<JsonElement?> Vectors, long? Tokens, string? Model = null);

/// <summary>Texts to vectors, in a provider's own format. Safe to share between threads.</summary>
internal sealed class WireEmbedder(ModelHttp http, Endpoint endpoint, ModelFacts facts, EmbeddingFormat format)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values,
        EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var all = new GeneratedEmbeddings<Embedding<float>>();
        var model = options?.ModelId ?? facts.Id;
        long tokens = 0;
        var isCounted = true;
        foreach (var texts in values.Chunk(format.TextCountMax))
        {
            var more = new JsonObject();
            foreach (var (name, value) in options?.AdditionalProperties ?? []) more.Overlay(name, value);
            using var request = format.Ask(model, texts, options?.Dimensions, more);
            using var json = await http.PostAsync(endpoint, request, cancellationToken);
            var answer = format.Read(json.RootElement, texts.Length);
            tokens += answer.Tokens ?? 0;
            isCounted &= answer.Tokens is not null;
            var before = all.Count;
            foreach (var vector in answer.Vectors) all.Add(new Embedding<float>(Floats(vector, tokens)) { ModelId = answer.Model ?? model });
            if (all.Count - before != texts.Length)
            {
                throw new CallFailedException(ErrorCode.ProviderError,
                    $"{endpoint} sent {all.Count - before} vectors for {texts.Length} texts.") { Usage = new TokenUsage(tokens, 0) };
            }
        }
        if (isCounted && all.Count > 0) all.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
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

    private float[] Floats(JsonElement? vector, long tokens)
    {
        if (vector is { ValueKind: JsonValueKind.String } text && text.TryGetBytesFromBase64(out var bytes) && bytes.Length > 0 && bytes.Length % sizeof(float) == 0)
        {
            var read = new float[bytes.Length / sizeof(float)];
            for (var i = 0; i < read.Length; i++) read[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
            if (Array.TrueForAll(read, float.IsFinite)) return read;
        }
        if (vector is { ValueKind: JsonValueKind.Array } list)
        {
            var floats = new float[list.GetArrayLength()];
            var at = 0;
            foreach (var item in list.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Number || !item.TryGetSingle(out floats[at]) || !float.IsFinite(floats[at])) break;
                at++;
            }
            if (at > 0 && at == floats.Length) return floats;
        }
        throw new CallFailedException(ErrorCode.ProviderError, $"{endpoint} sent a vector that is empty or holds no numbers.") { Usage = new TokenUsage(tokens, 0) };
    }
}
