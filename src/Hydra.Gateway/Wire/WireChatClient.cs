using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>One call: how it is asked, and the fold of what comes back.</summary>
/// <param name="Request">Writes the request; told whether the answer is wanted as it comes.</param>
internal readonly record struct WireCall(Func<bool, HttpRequestMessage> Request, IAnswerStream Answer)
{
    public static WireCall Of(IWireCall call) => new(call.Request, call);
}

/// <summary>One call in a format that needs the conversation to read its answer.</summary>
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
/// A model behind a wire format. Safe to share between threads; disposing it does nothing, since the gateway owns the
/// connections.
/// </summary>
internal sealed class WireChatClient(ModelHttp http, Endpoint endpoint, ModelFacts facts,
    Func<IReadOnlyList<ChatMessage>, ChatOptions?, WireCall> begin) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var dropped = Parameters.Dropped(endpoint, options);
        var call = begin(messages as IReadOnlyList<ChatMessage> ?? [.. messages], options);
        using var request = call.Request(false);
        using var json = await http.PostAsync(endpoint, request, cancellationToken);
        var response = call.Answer.Whole(json.RootElement);
        Parameters.Report(dropped, response);
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        WireCall call = default;
        return AnswerStream.ReadAsync(http, endpoint, options, () => (call = begin(messages as IReadOnlyList<ChatMessage> ?? [.. messages], options)).Request(true), () => call.Answer,
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
