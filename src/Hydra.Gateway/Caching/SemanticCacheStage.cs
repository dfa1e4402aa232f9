using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>Answers a call whose last turn means what an earlier one meant, where everything else of the call is equal word for word.</summary>
/// <remarks>
/// Tenant, namespace, model group, options and every message before the last are hashed into a partition; only within it are last turns
/// compared. Calls with tools, with a temperature above 0 (unless the caller asks for it), or whose last message is not a user's text
/// alone never come here.
/// </remarks>
internal sealed class SemanticCacheStage(
    IChatClient inner, Func<SemanticCacheConfig> config, Func<string, Operation, IEmbeddingGenerator<string, Embedding<float>>> embedder, SemanticIndex index, CacheHits hits, TimeProvider clock) : Stage(inner)
{
    /// <summary>A cache that is slower than this is not asked: the call goes on without it.</summary>
    private static readonly TimeSpan EmbeddingPatience = TimeSpan.FromSeconds(2);
    private const int CharsMax = 8_000;

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        config().Enabled ? AnswerAsync(messages, (CallOptions)options!, cancellationToken) : InnerClient.GetStreamingResponseAsync(messages, options, cancellationToken);

    private async IAsyncEnumerable<ChatResponseUpdate> AnswerAsync(IEnumerable<ChatMessage> messages, CallOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var operation = options.Operation;
        var list = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        var control = operation.CacheControl;
        var text = control.Reads || control.Writes ? LastTurnOf(list, options) : null;
        var partition = text is null || Question.PartitionOf(list, options) is not { } hash ? null : $"{config().Model}/{hash}";   // vectors of two models do not compare
        var vector = partition is null ? null : await EmbedAsync(text!, operation, cancellationToken);
        if (vector is not null && control.Reads)
        {
            var threshold = Math.Max(config().Threshold, control.Similarity ?? 0);
            if (index.Find(partition!, vector, threshold, LifeOf(control)) is { } found)
            {
                hits.Note(operation, found.Answer, found.Similarity);
                foreach (var update in found.Answer.Updates) yield return update.Clone();
                yield break;
            }
            operation.Cache = "miss";
        }
        var recording = vector is not null && control.Writes ? new AnswerRecording() : null;
        await foreach (var update in InnerClient.GetStreamingResponseAsync(list, options, cancellationToken))
        {
            recording?.Add(update);
            yield return update;
        }
        if (recording?.ToAnswer(operation, clock.GetUtcNow(), LifeOf(control)) is { } answer && AnswerCodec.Write(answer) is { } bytes) index.Keep(partition!, vector!, AnswerCodec.Read(bytes)!);
    }

    /// <summary>Null: this call has no business here.</summary>
    private static string? LastTurnOf(IReadOnlyList<ChatMessage> messages, CallOptions options)
    {
        if (options.Tools is { Count: > 0 } || options.Temperature > 0 && !options.Operation.CacheControl.Semantic) return null;
        if (messages is not [.., { } last] || last.Role != ChatRole.User || last.Contents.Count == 0 || !last.Contents.All(content => content is TextContent)) return null;
        return last.Text is { Length: > 0 and <= CharsMax } text ? text : null;
    }

    private TimeSpan LifeOf(CacheControl control) => control.Ttl is { } wanted && wanted < config().Ttl ? wanted : config().Ttl;

    private async ValueTask<float[]?> EmbedAsync(string text, Operation operation, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(EmbeddingPatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return (await embedder(config().Model!, operation).GenerateAsync([text], cancellationToken: either.Token)) is [{ Vector: var vector }] ? vector.ToArray() : null;
        }
        catch (Exception failed) when (failed is CallFailedException or ModelUnavailableException or GatewayRefusedException || failed is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;   // a miss: the call does not need the cache
        }
    }
}
