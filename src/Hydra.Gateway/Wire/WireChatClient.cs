using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>One call in a provider's own format: how it is asked, and the fold of what comes back.</summary>
internal interface IWireCall : IAnswerStream
{
    HttpRequestMessage Request(bool isStream);

    /// <summary>In most formats an answer that is not streamed looks like one event that says it all.</summary>
    ChatResponse IAnswerStream.Whole(JsonElement json)
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
        var dropped = Parameters.Dropped(endpoint, options);
        var call = begin([.. messages], options);
        using var request = call.Request(isStream: false);
        var response = call.Whole(await http.PostAsync(endpoint, request, cancellationToken));
        Parameters.Report(dropped, response);
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IWireCall? call = null;
        return AnswerStream.ReadAsync(http, endpoint, options, () => (call = begin([.. messages], options)).Request(isStream: true), () => call!,
            cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        if (serviceType == typeof(Endpoint)) return endpoint;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // The gateway owns what this client uses.
    }
}
