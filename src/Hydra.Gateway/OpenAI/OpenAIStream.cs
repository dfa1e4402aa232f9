using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.OpenAI;

/// <summary>
/// The fold of one streamed answer. Text and thoughts pass through as they come; tool calls wait until they are whole, so that
/// none runs from a stream that broke.
/// </summary>
internal sealed class OpenAIStream(Endpoint endpoint) : IAnswerStream
{
    private readonly ToolCallParts _calls = new(endpoint);
    private readonly PlainChunk _plain = new();
    private string? _id, _model, _finish, _refusal, _filters, _tier;
    private DateTimeOffset? _created;
    private bool _hasUsage;

    /// <summary>What the provider has reported so far; usage comes in the last chunk.</summary>
    public TokenUsage Usage { get; private set; }
    public bool IsFinished => _finish is not null;
    public bool IsOver => false;   // [DONE] ends the events themselves

    /// <summary>Takes one chunk; returns what can be shown of it.</summary>
    public ChatResponseUpdate? Add(JsonElement chunk)
    {
        if (chunk.Get("error") is not null) throw HttpErrors.InStream(endpoint, chunk, Usage);
        if (string.IsNullOrEmpty(_id)) _id = chunk.Text("id");            // Azure's first chunk, about the prompt, has neither
        if (string.IsNullOrEmpty(_model)) _model = chunk.Text("model");
        _created ??= OpenAIAnswer.Created(chunk);
        _tier = ServiceTier.Read(chunk) ?? _tier;
        if (chunk.Get("usage") is { } usage) (Usage, _hasUsage) = (ProviderUsage.OfChat(usage), true);

        ChatResponseUpdate? update = null;
        foreach (var choice in chunk.Items("choices"))
        {
            if (choice.Number("index") is not (null or 0)) continue;   // one answer was asked for
            if (choice.Text("finish_reason") is { Length: > 0 } finish) _finish = finish;
            _filters ??= OpenAIAnswer.Filters(choice);
            if (choice.Get("delta") is not { } delta) continue;
            if (delta.Text("refusal") is { } refusal && (_refusal?.Length ?? 0) < Excerpt.LengthMax)
            {
                _refusal += refusal;
            }
            foreach (var call in delta.Items("tool_calls")) _calls.Add(call);
            if (OpenAIAnswer.Reasoning(delta) is { Length: > 0 } thought)
            {
                (update ??= Update()).Contents.Add(new TextReasoningContent(thought));
            }
            if (delta.Text("content") is { Length: > 0 } text)
            {
                (update ??= Update()).Contents.Add(new TextContent(text));
            }
        }
        return update;
    }

    /// <inheritdoc/>
    public bool TryAddText(ReadOnlySpan<byte> utf8, ChatResponseUpdate to)
    {
        if (string.IsNullOrEmpty(_model) || _plain.TextOf(utf8) is not { } text) return false;
        if (text.Length > 0) to.Contents.Add(new TextContent(text));
        return true;
    }

    /// <summary>The last update: tool calls, usage and why it stopped. A stream that never said why is <c>provider_error</c>.</summary>
    public ChatResponseUpdate End()
    {
        if (_finish is null)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} ended its stream without a finish reason: the answer is truncated.") { Usage = Usage };
        }
        var last = Update();
        last.FinishReason = OpenAIAnswer.Finish(endpoint, _finish, _refusal, Usage, _filters);
        foreach (var call in _calls.Build()) last.Contents.Add(call);
        if (_hasUsage) last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last.In(_tier);
    }

    public ChatResponse Whole(JsonElement json) => OpenAIAnswer.Read(endpoint, json);

    private ChatResponseUpdate Update() =>
        new() { Role = ChatRole.Assistant, ResponseId = _id, MessageId = _id, ModelId = _model, CreatedAt = _created };
}
