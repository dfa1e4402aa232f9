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
    /// <summary>Takes one event; returns what can be shown of it.</summary>
    ChatResponseUpdate? Add(JsonElement json);
    /// <summary>The last update: tool calls, usage and why it stopped; <c>provider_error</c> when the stream never said why.</summary>
    ChatResponseUpdate End();
    /// <summary>The answer of a server that ignored the wish to stream.</summary>
    ChatResponse Whole(JsonElement json);
}

/// <summary>Runs the fold over the events of one call: the one loop of all clients.</summary>
internal static class AnswerStream
{
    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(ModelHttp http, Endpoint endpoint,
        ChatOptions? options, Func<HttpRequestMessage> write, Func<IAnswerStream> open, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var dropped = Parameters.Dropped(endpoint, options);
        using var request = write();
        var stream = open();
        await using var events = http.StreamAsync(endpoint, request, () => stream.Usage, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        var hasDelivered = false;
        while (await NextAsync() is { } json)
        {
            if (events.Current.Event == "whole")
            {
                var whole = Told(() => stream.Whole(json));
                Parameters.Report(dropped, whole);
                foreach (var update in whole.ToChatResponseUpdates()) yield return update;
                yield break;
            }
            if (Told(() => stream.Add(json)) is not { } piece) continue;
            if (Untold() is { } report) yield return report;
            hasDelivered |= piece.Contents.Count > 0;
            yield return piece;
        }
        var last = Told(stream.End);
        if (Untold() is { } late) yield return late;
        yield return last;

        // Told before the answer begins, in an update of its own that belongs to no message, so that it stands on the answer and not
        // on its text.
        ChatResponseUpdate? Untold()
        {
            if (dropped.Count == 0) return null;
            var report = Parameters.Report(dropped);
            dropped = [];
            return report;
        }

        async ValueTask<JsonElement?> NextAsync()
        {
            try
            {
                return !stream.IsOver && await events.MoveNextAsync() ? events.Current.Json : null;
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
