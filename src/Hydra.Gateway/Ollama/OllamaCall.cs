using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Ollama;

/// <summary>
/// One call of Ollama's own API. Whole answers and lines of a stream have one shape. Tool calls come whole but wait until the answer
/// is, so that none runs from a stream that broke.
/// </summary>
internal sealed class OllamaCall(Endpoint endpoint, ModelFacts facts, IReadOnlyList<ChatMessage> messages,
    ChatOptions? options) : IWireCall
{
    private readonly CallIds _ids = new(messages);
    private readonly List<AIContent> _calls = [];
    private string? _model, _reason;
    private bool _hasUsage;

    public TokenUsage Usage { get; private set; }
    public bool IsFinished => IsOver;
    public bool IsOver { get; private set; }

    public HttpRequestMessage Request(bool isStream)
    {
        var request = ModelHttp.Json(endpoint.At("/api/chat"),
            OllamaRequest.Write(endpoint, facts, messages, options, isStream).Bytes());
        endpoint.Sign(request);
        return request;
    }

    public ChatResponseUpdate? Add(JsonElement json)
    {
        if (json.Get("error") is not null) throw HttpErrors.InStream(endpoint, json, Usage);
        _model ??= json.Text("model");
        var message = json.Get("message");
        foreach (var call in message?.Items("tool_calls") ?? []) Keep(call.Get("function"));
        if (json.Get("done") is { ValueKind: JsonValueKind.True })
        {
            IsOver = true;
            _reason = json.Text("done_reason");
            ReadUsage(json);
        }
        ChatResponseUpdate? update = null;
        if (message.Text("thinking") is { Length: > 0 } thought)
        {
            (update ??= Update()).Contents.Add(new TextReasoningContent(thought));
        }
        if (message.Text("content") is { Length: > 0 } text) (update ??= Update()).Contents.Add(new TextContent(text));
        return update;
    }

    public ChatResponseUpdate End()
    {
        if (!IsOver)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} ended its answer without saying that it is done: the answer is truncated.") { Usage = Usage };
        }
        var last = Update();
        last.FinishReason = _reason switch
        {
            null or "stop" => _calls.Count > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
            "length" => ChatFinishReason.Length,
            _ => new ChatFinishReason(_reason),
        };
        foreach (var call in _calls) last.Contents.Add(call);
        if (_hasUsage) last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last;
    }

    /// <summary>
    /// Tokens of the prompt are left out when all of it was still in the server's cache: then its bound counts as read from there, so
    /// that what is told is never below what was used.
    /// </summary>
    private void ReadUsage(JsonElement json)
    {
        var output = json.Number("eval_count");
        var prompt = json.Number("prompt_eval_count");
        if (output is null && prompt is null) return;
        _hasUsage = true;
        Usage = new(Input: Math.Max(0, prompt ?? 0), Output: Math.Max(0, output ?? 0),
            CacheRead: prompt is null ? PromptBound.Tokens(messages, options) : 0);
    }

    private void Keep(JsonElement? function)
    {
        if (function.Text("name") is not { Length: > 0 } name) throw Malformed("a tool call without a name");
        if (_calls.Count == CallIds.CallCountMax) throw Malformed($"more than {CallIds.CallCountMax} tool calls");
        var arguments = function.Get("arguments") is { } given
            ? given.ValueKind == JsonValueKind.String ? given.ToText() : given.GetRawText() : "";
        _calls.Add(ToolText.Call(_ids.Take(null)!, name, arguments));
    }

    private CallFailedException Malformed(string what) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = Usage };

    private ChatResponseUpdate Update() => new() { Role = ChatRole.Assistant, ModelId = _model };
}
