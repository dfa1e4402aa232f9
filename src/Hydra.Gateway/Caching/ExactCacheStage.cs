using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>Answers a call that was asked before in the same words by the same tenant, without any provider.</summary>
/// <remarks>
/// Only complete answers are kept, piece by piece as they came; they are replayed the same way, to callers of streams and of whole
/// answers alike. A hit has no attempt, reserves nothing and costs nothing.
/// </remarks>
internal sealed class ExactCacheStage(IChatClient inner, Func<ExactCacheConfig> config, IAnswerStore store, CacheHits hits, TimeProvider clock) : Stage(inner)
{
    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        config().Enabled ? AnswerAsync(messages, (CallOptions)options!, cancellationToken) : InnerClient.GetStreamingResponseAsync(messages, options, cancellationToken);

    private async IAsyncEnumerable<ChatResponseUpdate> AnswerAsync(IEnumerable<ChatMessage> messages, CallOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var operation = options.Operation;
        var list = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        var control = operation.CacheControl;
        var key = control.Reads || control.Writes ? Question.KeyOf(list, options) : null;
        if (key is not null && control.Reads)
        {
            var found = await store.FindAsync(key, cancellationToken);
            if (found is not null && IsFresh(found, control))
            {
                hits.Note(operation, found, null);
                foreach (var update in found.Updates) yield return update;
                yield break;
            }
            operation.Cache = "miss";
        }
        var recording = key is not null && control.Writes ? new AnswerRecording() : null;
        await foreach (var update in InnerClient.GetStreamingResponseAsync(list, options, cancellationToken))
        {
            recording?.Add(update);
            yield return update;
        }
        // An answer that another cache gave is already kept there, with what it cost.
        if (operation.Hit is null && recording?.ToAnswer(operation, clock.GetUtcNow(), LifeOf(control)) is { } answer) await store.KeepAsync(key!, answer, cancellationToken);
    }

    /// <summary>A caller may ask for less than is configured, never for more.</summary>
    private TimeSpan LifeOf(CacheControl control) => control.Ttl is { } wanted && wanted < config().Ttl ? wanted : config().Ttl;

    private bool IsFresh(CachedAnswer answer, CacheControl control)
    {
        var now = clock.GetUtcNow();
        return answer.ExpiresAt > now && now - answer.At < LifeOf(control);
    }
}
