using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Embeddings;

/// <summary>
/// A model of embeddings as one more client of the pipeline, so that limits, routes, breakers and the ledger hold for it too: the texts
/// of one message are asked, and the answer holds one vector for each as bytes. Safe to share between threads.
/// </summary>
internal sealed class EmbeddingCall(IEmbeddingGenerator<string, Embedding<float>> embedder) : IChatClient
{
    /// <summary>Type of a vector: 32-bit floats, lowest byte first.</summary>
    public const string VectorType = "application/x-float32";
    /// <summary>Key in <see cref="ChatOptions.AdditionalProperties"/> of the wished length of a vector; an <see cref="int"/>.</summary>
    public const string DimensionsKey = "dimensions";

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var texts = messages.SelectMany(message => message.Contents).OfType<TextContent>().Select(content => content.Text).ToArray();
        var wishes = new EmbeddingGenerationOptions { Dimensions = options?.AdditionalProperties?.GetValueOrDefault(DimensionsKey) as int? };
        var vectors = await embedder.GenerateAsync(texts, wishes, cancellationToken);
        var answer = new ChatMessage(ChatRole.Assistant, [.. vectors.Select(vector => new DataContent(MemoryMarshal.AsBytes(vector.Vector.Span).ToArray(), VectorType))]);
        return new ChatResponse(answer) { ModelId = vectors.FirstOrDefault()?.ModelId, FinishReason = ChatFinishReason.Stop, Usage = vectors.Usage };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var answer = await GetResponseAsync(messages, options, cancellationToken);
        foreach (var update in answer.ToChatResponseUpdates()) yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : embedder.GetService(serviceType, serviceKey);

    public void Dispose()
    {
        // The gateway owns the embedder.
    }
}
