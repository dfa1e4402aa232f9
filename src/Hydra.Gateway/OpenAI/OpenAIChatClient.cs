using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.OpenAI;

/// <summary>
/// Chat completions in OpenAI's wire format, which many servers speak. Safe to share between threads; disposing it does nothing,
/// since the gateway owns the connections.
/// </summary>
internal sealed class OpenAIChatClient(ModelHttp http, Endpoint endpoint, ModelFacts facts) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var dropped = Parameters.Dropped(endpoint, options);
        using var request = Request(messages, options, isStream: false);
        var response = OpenAIAnswer.Read(endpoint, await http.PostAsync(endpoint, request, cancellationToken));
        Parameters.Report(dropped, response);
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        AnswerStream.ReadAsync(http, endpoint, options, () => Request(messages, options, isStream: true),
            () => new OpenAIStream(endpoint), cancellationToken);

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

    private HttpRequestMessage Request(IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStream)
    {
        var model = options?.ModelId ?? facts.Id;
        var request = ModelHttp.Json(endpoint.At("/chat/completions", model),
            OpenAIRequest.Write(endpoint, model, messages, options, isStream));
        endpoint.Sign(request);
        return request;
    }
}
