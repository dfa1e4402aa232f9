using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Gemini;

/// <summary>
/// One call of Google's own API. Whole answers and pieces of a stream have one shape. Tool calls wait until the answer is whole, so
/// that none runs from a stream that broke.
/// </summary>
internal sealed class GeminiCall(Endpoint endpoint, ModelFacts facts, IReadOnlyList<ChatMessage> messages,
    ChatOptions? options) : IWireCall
{
    private readonly CallIds _ids = new(messages);
    private readonly List<AIContent> _calls = [];
    private string? _id, _model, _finish, _said, _tier;
    private bool _hasUsage;

    public TokenUsage Usage { get; private set; }
    public bool IsFinished => _finish is not null;
    /// <summary>Always false: the format has no end marker, and usage may follow the finish reason.</summary>
    public bool IsOver => false;

    public HttpRequestMessage Request(bool isStream)
    {
        var model = options?.ModelId ?? facts.Id;
        var path = $"/models/{Uri.EscapeDataString(model)}:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}";
        var request = ModelHttp.Json(endpoint.At(path), GeminiRequest.Write(endpoint, model, messages, options).Bytes());
        endpoint.Sign(request);
        return request;
    }

    public ChatResponseUpdate? Add(JsonElement json)
    {
        if (json.Get("error") is not null) throw HttpErrors.InStream(endpoint, json, Usage);
        _id ??= json.Text("responseId");
        _model ??= json.Text("modelVersion");
        if (json.Get("usageMetadata") is { } usage) (Usage, _hasUsage, _tier) = (Read(usage), true, ServiceTier.Read(usage));
        var candidate = json.Items("candidates").FirstOrDefault();
        if (json.Get("promptFeedback").Text("blockReason") is { } blocked && candidate.ValueKind == JsonValueKind.Undefined)
        {
            throw Filtered($"the prompt was blocked ({blocked})");
        }
        if (candidate.Text("finishReason") is { Length: > 0 } finish) _finish = finish;
        _said ??= candidate.Text("finishMessage");
        ChatResponseUpdate? update = null;
        foreach (var part in candidate.Get("content")?.Items("parts") ?? [])
        {
            foreach (var content in Contents(part)) (update ??= Update()).Contents.Add(content);
        }
        return update;
    }

    public ChatResponseUpdate End()
    {
        if (_finish is null)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} ended its answer without a finish reason: the answer is truncated.") { Usage = Usage };
        }
        var last = Update();
        last.FinishReason = Finish(_finish);
        foreach (var call in _calls) last.Contents.Add(call);
        if (_hasUsage) last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last.In(_tier);
    }

    /// <summary>
    /// The prompt contains what came from the cache; what tools read comes on top. Thoughts stand beside the candidates. Sound is told
    /// by kind within its total. Counts of a stream grow, so the last say is right.
    /// </summary>
    private static TokenUsage Read(JsonElement usage)
    {
        var prompt = Count("promptTokenCount");
        var cached = Math.Min(prompt, Count("cachedContentTokenCount"));
        var output = Count("candidatesTokenCount");
        var heard = Math.Clamp(Sound("promptTokensDetails") - Sound("cacheTokensDetails"), 0, prompt - cached);
        var spoken = Math.Min(output, Sound("candidatesTokensDetails"));
        return new(Input: prompt - cached - heard + Count("toolUsePromptTokenCount"), Output: output - spoken, CacheRead: cached,
            Reasoning: Count("thoughtsTokenCount")) { InputAudio = heard, OutputAudio = spoken };

        long Count(string name) => Math.Max(0, usage.Number(name) ?? 0);
        long Sound(string name) => usage.Items(name).Where(detail => detail.Text("modality") == "AUDIO")
            .Sum(detail => Math.Clamp(detail.Number("tokenCount") ?? 0, 0, int.MaxValue));
    }

    private IEnumerable<AIContent> Contents(JsonElement part)
    {
        var signature = part.Text(GeminiRequest.Signature);
        if (part.Get("functionCall") is { } call)
        {
            Keep(call, signature);
            yield break;
        }
        var state = OpaqueState.Keep(OpaqueState.Gemini, signature);
        if (part.Get("thought") is { ValueKind: JsonValueKind.True })
        {
            yield return new TextReasoningContent(part.Text("text") ?? "") { ProtectedData = state };
            yield break;
        }
        if (part.Text("text") is { Length: > 0 } text) yield return new TextContent(text);
        if (part.Get("inlineData") is { } data) yield return Data(data);
        if (state is not null) yield return new TextReasoningContent("") { ProtectedData = state };
    }

    private void Keep(JsonElement call, string? signature)
    {
        if (call.Text("name") is not { Length: > 0 } name) throw Malformed("a tool call without a name");
        if (_calls.Count == CallIds.CallCountMax) throw Malformed($"more than {CallIds.CallCountMax} tool calls");
        var id = _ids.Take(call.Text("id")) ?? throw Malformed($"a second tool call with the id '{Excerpt.Of(call.Text("id")!)}'");
        var content = ToolText.Call(id, name, call.Get("args")?.GetRawText() ?? "");
        if (signature is not null) (content.AdditionalProperties ??= [])[GeminiRequest.Signature] = signature;
        _calls.Add(content);
    }

    private DataContent Data(JsonElement data)
    {
        try
        {
            return new DataContent(data.Get("data")?.GetBytesFromBase64() ?? [], data.Text("mimeType") ?? "application/octet-stream");
        }
        catch (Exception error) when (error is FormatException or ArgumentException or InvalidOperationException)
        {
            throw Malformed("inline data that is no base64 or has no media type");
        }
    }

    private ChatFinishReason Finish(string reason) => reason switch
    {
        "STOP" => _calls.Count > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
        "MAX_TOKENS" => ChatFinishReason.Length,
        "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "IMAGE_SAFETY"
            or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" => throw Filtered($"the answer was stopped ({reason})"),
        "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" or "MISSING_THOUGHT_SIGNATURE" =>
            throw new CallFailedException(ErrorCode.InvalidOutput,
                $"{endpoint}: the model made a tool call that cannot be used ({reason}{Said}). No tool was run.") { Usage = Usage },
        _ => new ChatFinishReason(reason),
    };

    private string Said => _said is { Length: > 0 } ? ": " + Excerpt.Of(_said, endpoint.Key) : "";

    private CallFailedException Filtered(string what) =>
        new(ErrorCode.ContentFiltered, $"{endpoint}: {what}{Said}.") { Usage = Usage };

    private CallFailedException Malformed(string what) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = Usage };

    private ChatResponseUpdate Update() =>
        new() { Role = ChatRole.Assistant, ResponseId = _id, MessageId = _id, ModelId = _model };
}
