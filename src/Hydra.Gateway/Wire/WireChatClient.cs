using System.Runtime.CompilerServices;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>One call in a provider's own format: how it is asked, and the fold of what comes back.</summary>
internal interface IWireCall
{
    HttpRequestMessage Request(bool isStream);
    /// <summary>What the provider has reported so far.</summary>
    TokenUsage Usage { get; }
    /// <summary>Whether the model said why it stopped: what breaks from then on takes nothing away.</summary>
    bool IsFinished { get; }
    /// <summary>Whether nothing more can follow.</summary>
    bool IsOver { get; }
    /// <summary>Takes one event; returns what can be shown of it.</summary>
    ChatResponseUpdate? Add(JsonElement json);
    /// <summary>The last update: tool calls, usage and why it stopped. An answer that never said why is <c>provider_error</c>.</summary>
    ChatResponseUpdate End();
    /// <summary>An answer that is not streamed; in most formats it looks like one event that says it all.</summary>
    ChatResponse Whole(JsonElement json)
    {
        List<ChatResponseUpdate> updates = [];
        if (Add(json) is { } piece) updates.Add(piece);
        updates.Add(End());
        return updates.ToChatResponse();
    }
}

/// <summary>
/// A model behind an <see cref="IWireCall"/>. Safe to share between threads; disposing it does nothing, since the gateway owns the
/// connections.
/// </summary>
internal sealed class WireChatClient(ModelHttp http, Endpoint endpoint, ModelFacts facts,
    Func<IReadOnlyList<ChatMessage>, ChatOptions?, IWireCall> begin) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var call = begin([.. messages], options);
        using var request = call.Request(isStream: false);
        return call.Whole(await http.PostAsync(endpoint, request, cancellationToken));
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = begin([.. messages], options);
        using var request = call.Request(isStream: true);
        await using var events = http.StreamAsync(endpoint, request, () => call.Usage,
            cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (!call.IsOver && await MoveNextAsync())
        {
            var (kind, json) = events.Current;
            if (kind == "whole")
            {
                foreach (var update in call.Whole(json).ToChatResponseUpdates()) yield return update;
                yield break;
            }
            if (call.Add(json) is { } piece) yield return piece;
        }
        yield return call.End();

        async ValueTask<bool> MoveNextAsync()
        {
            try
            {
                return await events.MoveNextAsync();
            }
            catch (CallFailedException) when (call.IsFinished)
            {
                return false;
            }
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // The gateway owns what this client uses.
    }
}
