using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// One decorator of the pipeline. A stage works on streams alone: an answer that is wanted whole is the provider's whole answer as
/// updates, so there is one code for both.
/// </summary>
internal abstract class Stage(IChatClient inner) : DelegatingChatClient(inner)
{
    public sealed override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options is CallOptions { Operation: var operation }) operation.IsStreamed = false;
        return GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);
    }

    public abstract override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default);
}
