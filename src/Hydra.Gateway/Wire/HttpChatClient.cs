using Hydra.Gateway.Anthropic;
using Hydra.Gateway.OpenAI;
using Hydra.Gateway.Responses;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>One wire format of chat: where it is asked, how a request is written and how an answer is read.</summary>
/// <param name="Path">Path of the operation below the endpoint's base.</param>
/// <param name="Write">Writes the body for a model's wire name.</param>
/// <param name="Open">Begins the reading of one answer.</param>
/// <param name="Header">A header that every request carries.</param>
internal sealed record ChatFormat(string Path,
    Func<Endpoint, ModelFacts, string, IEnumerable<ChatMessage>, ChatOptions?, bool, byte[]> Write,
    Func<Endpoint, ChatOptions?, IAnswerStream> Open, (string Name, string Value)? Header = null)
{
    public static ChatFormat Of(WireFormat format) => format switch
    {
        WireFormat.Responses => Responses,
        WireFormat.Messages => Messages,
        _ => Chat,
    };

    private static readonly ChatFormat Chat = new("/chat/completions",
        (endpoint, _, model, messages, options, isStream) => OpenAIRequest.Write(endpoint, model, messages, options, isStream),
        (endpoint, _) => new OpenAIStream(endpoint));

    /// <summary>Without state at the provider: the whole conversation is sent each time, reasoning goes back as its sealed content.</summary>
    private static readonly ChatFormat Responses = new("/responses",
        (_, _, model, messages, options, isStream) => ResponsesRequest.Write(model, messages, options, isStream),
        (endpoint, _) => new ResponsesStream(endpoint));

    private static readonly ChatFormat Messages = new("/v1/messages",
        (_, facts, _, messages, options, isStream) => AnthropicRequest.Write(facts, messages, options, isStream),
        (endpoint, options) => new AnthropicStream(endpoint, AnthropicRequest.Shape(options)), ("anthropic-version", "2023-06-01"));
}

/// <summary>
/// A model behind one of the wire formats. Safe to share between threads; disposing it does nothing, since the gateway owns the connections.
/// </summary>
internal sealed class HttpChatClient(ModelHttp http, Endpoint endpoint, ModelFacts facts) : IChatClient
{
    private readonly ChatFormat _format = ChatFormat.Of(endpoint.Wire);
    private readonly ChatClientMetadata _metadata = new(endpoint.Provider, new Uri(endpoint.Base), facts.Id);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var dropped = Parameters.Dropped(endpoint, options);
        using var request = Request(messages, options, isStream: false);
        var json = await http.PostAsync(endpoint, request, cancellationToken);
        var response = _format.Open(endpoint, options).Whole(json);
        Parameters.Report(dropped, response);
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        AnswerStream.ReadAsync(http, endpoint, options, () => Request(messages, options, isStream: true),
            () => _format.Open(endpoint, options), cancellationToken);

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

    private HttpRequestMessage Request(IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStream)
    {
        var model = options?.ModelId ?? facts.Id;
        var request = ModelHttp.Json(endpoint.At(_format.Path, model),
            _format.Write(endpoint, facts, model, messages, options, isStream));
        endpoint.Sign(request);
        if (_format.Header is { } header) request.Headers.Add(header.Name, header.Value);
        if (endpoint.Wire == WireFormat.Messages && options?.AdditionalProperties?.GetValueOrDefault(AnthropicRequest.Beta) is string betas) request.Headers.Add(AnthropicRequest.Beta, betas);
        return request;
    }
}
