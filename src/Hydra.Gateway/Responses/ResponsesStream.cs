using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Responses;

/// <summary>
/// The fold of one streamed response. Text and summaries of reasoning pass through as they come; tool calls wait for the end, so that
/// none runs from a stream that broke. Kinds of events that it does not know are passed over.
/// </summary>
internal sealed class ResponsesStream(Endpoint endpoint) : IAnswerStream
{
    private const int ItemCountMax = 1_000;

    private readonly List<JsonElement> _calls = [];
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);   // items whose text came as deltas
    private JsonElement? _end;
    private string? _id, _model;

    public TokenUsage Usage { get; private set; }
    public bool IsFinished => _end is not null;
    public bool IsOver => _end is not null;

    public ChatResponseUpdate? Add(JsonElement json)
    {
        switch (json.Text("type"))
        {
            case "error": throw HttpErrors.InStream(endpoint, json, Usage);
            case "response.created" or "response.in_progress":
                (_id, _model) = (json.Get("response").Text("id"), json.Get("response").Text("model"));
                return null;
            case "response.output_text.delta": return Shown(json, text => new TextContent(text));
            case "response.reasoning_summary_text.delta" or "response.reasoning_text.delta":
                return Shown(json, text => new TextReasoningContent(text));
            case "response.reasoning_summary_part.added" when json.Number("summary_index") > 0:
                return Update(new TextReasoningContent("\n\n"));
            case "response.output_item.done" when json.Get("item") is { } item: return Close(item);
            case "response.completed" or "response.incomplete" or "response.failed" or "response.cancelled":
                _end = json.Get("response")?.Clone() ?? throw Malformed("a last event without its response");
                Usage = ResponsesAnswer.Usage(_end.Value);
                return null;
            default: return null;
        }
    }

    public ChatResponseUpdate End()
    {
        if (_end is not { } response) throw Malformed("no end of its response: the answer is truncated");
        (_id, _model) = (response.Text("id") ?? _id, response.Text("model") ?? _model);
        var last = Update();
        last.FinishReason = ResponsesAnswer.Finish(endpoint, response, Usage);
        // The items of the last event are the authority; a server that leaves them out sent each when it was done.
        var calls = response.Items("output").Where(item => item.Text("type") == "function_call").ToArray();
        foreach (var call in calls.Length > 0 ? calls : [.. _calls]) last.Contents.Add(ResponsesAnswer.Call(call));
        if (calls.Length == 0 && _calls.Count > 0 && last.FinishReason == ChatFinishReason.Stop)
        {
            last.FinishReason = ChatFinishReason.ToolCalls;
        }
        if (response.Get("usage") is not null) last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last.In(ServiceTier.Read(response));
    }

    public ChatResponse Whole(JsonElement json) => ResponsesAnswer.Read(endpoint, json);

    private ChatResponseUpdate? Shown(JsonElement json, Func<string, AIContent> content)
    {
        if (json.Text("delta") is not { Length: > 0 } text) return null;
        if (json.Text("item_id") is { } item && _shown.Count < ItemCountMax) _shown.Add(item);
        return Update(content(text));
    }

    /// <summary>An item is whole: a call is kept for the end, sealed reasoning is handed on, text that never came as deltas is shown.</summary>
    private ChatResponseUpdate? Close(JsonElement item)
    {
        var wasShown = item.Text("id") is { } id && _shown.Contains(id);
        switch (item.Text("type"))
        {
            case "function_call":
                if (_calls.Count == ItemCountMax) throw Malformed($"more than {ItemCountMax} tool calls");
                _calls.Add(item.Clone());
                return null;
            case "reasoning" when ResponsesAnswer.Thought(item) is { } thought:
                return Update(wasShown ? new TextReasoningContent("") { ProtectedData = thought.ProtectedData } : thought);
            case "message" when !wasShown:
                var text = string.Concat(item.Items("content").Select(part => part.Text("text")));
                return text.Length == 0 ? null : Update(new TextContent(text));
            default: return null;
        }
    }

    private ChatResponseUpdate Update(params AIContent[] contents) =>
        new(ChatRole.Assistant, [.. contents]) { ResponseId = _id, MessageId = _id, ModelId = _model };

    private CallFailedException Malformed(string what) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = Usage };
}
