using System.Runtime.InteropServices;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>Texts to vectors by the gateway's own pipeline, as operations of whoever asked: their budgets hold, and the ledger tells what it cost.</summary>
/// <param name="route">The pipeline from the choice of a deployment on: limits and caches count the caller's own calls.</param>
/// <param name="begin">Begins an operation of the caller.</param>
internal sealed class PipelineEmbedder(IChatClient route, Func<Operation> begin) : IEmbeddingGenerator<string, Embedding<float>>
{
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var question = new ChatMessage(ChatRole.User, [.. values.Select(text => new TextContent(text))]);
        var operation = begin();
        operation.PromptTokensMax = PromptBound.Tokens([question]);
        var answer = await route.GetResponseAsync([question], new CallOptions(null, operation), cancellationToken);
        return new(answer.Messages.SelectMany(message => message.Contents).OfType<DataContent>().Select(vector => new Embedding<float>(MemoryMarshal.Cast<byte, float>(vector.Data.Span).ToArray())))
        {
            Usage = answer.Usage,
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The pipeline belongs to the service.
    }
}
