using System.Runtime.CompilerServices;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>The fold of one streamed answer in one provider's format.</summary>
internal interface IAnswerStream
{
    /// <summary>What the provider has reported so far.</summary>
    TokenUsage Usage { get; }
    /// <summary>Whether the model said why it stopped: what breaks after that takes nothing away from the answer.</summary>
    bool IsFinished { get; }
    /// <summary>Whether the stream said that nothing more follows.</summary>
    bool IsOver { get; }
    /// <summary>Takes one event, which stands until the call returns: what is kept of it is copied. Returns what can be shown of it.</summary>
    ChatResponseUpdate? Add(JsonElement json);
    /// <summary>
    /// Takes an event that says nothing but a piece of text or thought, and adds it to an update of this stream; false: it is not of that
    /// kind, or this format does not look for it, and nothing was taken.
    /// </summary>
    bool TryAddText(ReadOnlySpan<byte> utf8, ChatResponseUpdate to) => false;
    /// <summary>The last update: tool calls, usage and why it stopped; <c>provider_error</c> when the stream never said why.</summary>
    ChatResponseUpdate End();
    /// <summary>The answer of a server that ignored the wish to stream; copied as in <see cref="Add"/>.</summary>
    ChatResponse Whole(JsonElement json);
}

/// <summary>Runs the fold over the events of one call: the one loop of all clients.</summary>
internal static class AnswerStream
{
    private static void Join(ChatResponseUpdate all, ChatResponseUpdate piece)
    {
        foreach (var content in piece.Contents) all.Contents.Add(content);
        all.FinishReason = piece.FinishReason ?? all.FinishReason;
        all.ModelId = piece.ModelId ?? all.ModelId;
        foreach (var (name, value) in piece.AdditionalProperties ?? []) (all.AdditionalProperties ??= [])[name] = value;
    }

    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(ModelHttp http, Endpoint endpoint,
        ChatOptions? options, Func<HttpRequestMessage> write, Func<IAnswerStream> open, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var dropped = Parameters.Dropped(endpoint, options);
        using var request = write();
        var stream = open();
        await using var events = http.Stream(endpoint, request, () => stream.Usage, cancellationToken);
        var hasDelivered = false;
        while (await NextAsync() is { } first)
        {
            if (first.Name == EventStream.WholeAnswer)
            {
                var whole = Whole(first.Data);
                Parameters.Report(dropped, whole);
                foreach (var update in whole.ToChatResponseUpdates()) yield return update;
                yield break;
            }
            var (piece, failure, isBroken) = Fold(first);
            if (piece is not null)
            {
                if (Untold() is { } report) yield return report;
                hasDelivered |= piece.Contents.Count > 0;
                yield return piece;
            }
            if (isBroken) break;
            if (failure is null) continue;
            failure.HasDelivered = hasDelivered;
            throw failure;
        }
        var last = Told(stream.End);
        if (Untold() is { } late) yield return late;
        yield return last;

        // What came together is one update, with a content for each event: all that follows is done once for it.
        (ChatResponseUpdate? Piece, CallFailedException? Failure, bool IsBroken) Fold(StreamEvent next)
        {
            ChatResponseUpdate? all = null;
            do
            {
                if (all is not null && stream.TryAddText(next.Data.Span, all)) continue;
                var isRead = false;
                try
                {
                    using var json = ModelHttp.Parse(endpoint, next.Data, stream.Usage);
                    isRead = true;
                    var piece = stream.Add(json.RootElement);
                    if (all is null) all = piece;
                    else if (piece is not null) Join(all, piece);
                }
                catch (CallFailedException failed)
                {
                    return (all, failed, !isRead && stream.IsFinished);
                }
            }
            while (!stream.IsOver && events.TryNext(out next));
            return (all, null, false);
        }

        // Told before the answer begins, in an update of its own that belongs to no message, so that it stands on the answer and not
        // on its text.
        ChatResponseUpdate? Untold()
        {
            if (dropped.Count == 0) return null;
            var report = Parameters.Report(dropped);
            dropped = [];
            return report;
        }

        async ValueTask<StreamEvent?> NextAsync()
        {
            try
            {
                return stream.IsOver ? null : await events.NextAsync();
            }
            catch (CallFailedException) when (stream.IsFinished)
            {
                return null;
            }
            catch (CallFailedException failed)
            {
                failed.HasDelivered = hasDelivered;
                throw;
            }
        }

        ChatResponse Whole(ReadOnlyMemory<byte> utf8) => Told(() =>
        {
            using var json = ModelHttp.Parse(endpoint, utf8, default);
            return stream.Whole(json.RootElement);
        });

        T Told<T>(Func<T> step)
        {
            try
            {
                return step();
            }
            catch (CallFailedException failed)
            {
                failed.HasDelivered = hasDelivered;
                throw;
            }
        }
    }
}
