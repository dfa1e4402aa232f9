using System.Text;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Anthropic;

/// <summary>
/// The fold of one streamed message. Text and thoughts pass through as they come; a tool call waits until the message is whole, so
/// that none runs from a stream that broke.
/// </summary>
internal sealed class AnthropicStream(Endpoint endpoint, AnswerShape? shape) : IAnswerStream
{
    private const int BlockCountMax = 1_000;
    private const int ArgumentCharsMax = 8 * 1024 * 1024;

    private readonly List<Block> _tools = [];
    private readonly Dictionary<long, Block> _open = [];
    private string? _id, _model, _stop, _tier;
    private long _chars;

    public TokenUsage Usage { get; private set; }
    public bool IsFinished => _stop is not null;
    public bool IsOver { get; private set; }

    /// <summary>Takes one event; returns what can be shown of it. Kinds that it does not know are passed over, as the API asks.</summary>
    public ChatResponseUpdate? Add(JsonElement json)
    {
        switch (json.Text("type"))
        {
            case "error": throw HttpErrors.InStream(endpoint, json, Usage);
            case "message_start":
                var message = json.Get("message");
                (_id, _model) = (message.Text("id"), message.Text("model"));
                Usage = ProviderUsage.OfMessages(message.Get("usage"), Usage);
                _tier = ServiceTier.Read(message.Get("usage"));
                return null;
            case "content_block_start": return Start(json.Number("index") ?? 0, json.Get("content_block"));
            case "content_block_delta": return Delta(json.Number("index") ?? 0, json.Get("delta"));
            case "content_block_stop":
                if (_open.Remove(json.Number("index") ?? 0, out var block)) return Close(block);
                return null;
            case "message_delta":
                _stop = json.Get("delta").Text("stop_reason") ?? _stop;
                Usage = ProviderUsage.OfMessages(json.Get("usage"), Usage);
                _tier = ServiceTier.Read(json.Get("usage")) ?? _tier;
                return null;
            case "message_stop":
                IsOver = true;
                return null;
            default: return null;
        }
    }

    /// <summary>The last update: tool calls, usage and why it stopped. A stream that never said why is <c>provider_error</c>.</summary>
    public ChatResponseUpdate End()
    {
        if (_stop is null)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} ended its stream without a stop reason: the answer is truncated.") { Usage = Usage };
        }
        var last = Update();
        foreach (var tool in _tools)
        {
            last.Contents.Add(AnthropicAnswer.Call(tool.Id, tool.Name, tool.Text.ToString(), shape, Usage));
        }
        last.FinishReason = AnthropicAnswer.Finish(endpoint, _stop, last.Contents, Usage);
        last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last.In(_tier);
    }

    private ChatResponseUpdate? Start(long index, JsonElement? content)
    {
        if (_tools.Count + _open.Count >= BlockCountMax) throw Malformed($"more than {BlockCountMax} content blocks");
        var block = new Block(content.Text("type") ?? "", content.Text("id"), content.Text("name"),
            content.Text("data"));
        _open[index] = block;
        if (block.Type == "tool_use") _tools.Add(block);
        return block.Type == "text" && content.Text("text") is { Length: > 0 } text ? Update(new TextContent(text)) : null;
    }

    private ChatResponseUpdate? Delta(long index, JsonElement? delta)
    {
        switch (delta.Text("type"))
        {
            case "text_delta": return delta.Text("text") is { Length: > 0 } text ? Update(new TextContent(text)) : null;
            case "thinking_delta": return delta.Text("thinking") is { Length: > 0 } thought
                ? Update(new TextReasoningContent(thought)) : null;
            case "input_json_delta" when _open.TryGetValue(index, out var tool):
                var piece = delta.Text("partial_json") ?? "";
                _chars += piece.Length;
                if (_chars > ArgumentCharsMax) throw Malformed("tool arguments of more than 8 Mi characters");
                tool.Text.Append(piece);
                return null;
            case "signature_delta" when _open.TryGetValue(index, out var signed):
                signed.Signature += delta.Text("signature");
                return null;
            default: return null;
        }
    }

    private ChatResponseUpdate? Close(Block block) => block switch
    {
        { Type: "thinking", Signature: { } signature } => Update(AnthropicState.Signed(null, signature)),
        { Type: "redacted_thinking", Data: { } data } => Update(AnthropicState.Redacted(data)),
        _ => null,
    };

    public ChatResponse Whole(JsonElement json) => AnthropicAnswer.Read(endpoint, json, shape);

    private ChatResponseUpdate Update(params AIContent[] contents) =>
        new(ChatRole.Assistant, [.. contents]) { ResponseId = _id, MessageId = _id, ModelId = _model };

    private CallFailedException Malformed(string what) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = Usage };

    private sealed record Block(string Type, string? Id, string? Name, string? Data)
    {
        public StringBuilder Text { get; } = new();
        public string? Signature { get; set; }
    }
}
