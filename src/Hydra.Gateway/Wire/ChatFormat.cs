using Hydra.Gateway.Anthropic;
using Hydra.Gateway.OpenAI;
using Hydra.Gateway.Responses;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>A wire format that is nothing but a path, a body and the reading of an answer.</summary>
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

    /// <summary>How calls of a model begin in this format.</summary>
    public Func<IReadOnlyList<ChatMessage>, ChatOptions?, WireCall> Over(Endpoint endpoint, ModelFacts facts)
    {
        var address = endpoint.AzureApiVersion is null ? endpoint.At(Path) : null;   // understood once, not at each call
        return (messages, options) => new WireCall(isStream => Request(messages, options, isStream), Open(endpoint, options));

        HttpRequestMessage Request(IReadOnlyList<ChatMessage> messages, ChatOptions? options, bool isStream)
        {
            var model = options?.ModelId ?? facts.Id;
            var request = ModelHttp.Json(address ?? endpoint.At(Path, model), Write(endpoint, facts, model, messages, options, isStream));
            endpoint.Sign(request);
            if (Header is { } header) request.Headers.Add(header.Name, header.Value);
            if (endpoint.Wire == WireFormat.Messages && options?.AdditionalProperties?.GetValueOrDefault(AnthropicRequest.Beta) is string betas) request.Headers.Add(AnthropicRequest.Beta, betas);
            return request;
        }
    }
}
