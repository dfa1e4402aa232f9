using System.Text;
using System.Text.Json;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Bedrock;

/// <summary>
/// One call of Amazon's <c>Converse</c> or <c>ConverseStream</c>. Text and thoughts pass through as they come; tool calls wait until
/// the answer is whole, so that none runs from a stream that broke.
/// </summary>
internal sealed class BedrockCall(Endpoint endpoint, AwsOptions aws, TimeProvider clock, ModelFacts facts,
    IReadOnlyList<ChatMessage> messages, ChatOptions? options) : IWireCall
{
    private const int ArgumentCharsMax = 8 * 1024 * 1024;

    private readonly AnswerShape? _shape = AnthropicRequest.Shape(options);
    private readonly List<Block> _tools = [];
    private readonly Dictionary<long, Block> _open = [];
    private string? _stop, _tier;
    private bool _hasUsage;
    private long _chars;

    public TokenUsage Usage { get; private set; }
    public bool IsFinished => _stop is not null;
    /// <summary>Usage comes last, after the reason.</summary>
    public bool IsOver => IsFinished && _hasUsage;

    public HttpRequestMessage Request(bool isStream)
    {
        var model = Uri.EscapeDataString(options?.ModelId ?? facts.Id);
        var body = BedrockRequest.Write(endpoint, messages, options).Bytes();
        var request = ModelHttp.Json(endpoint.At($"/model/{model}/{(isStream ? "converse-stream" : "converse")}"), body);
        if (aws.BearerToken is { } token) request.Headers.Authorization = new("Bearer", token);
        else Sign(request, body);
        return request;
    }

    public ChatResponseUpdate? Add(JsonElement json)
    {
        if (json.Get("error") is not null) throw HttpErrors.InStream(endpoint, json, Usage);
        if (json.Get("contentBlockStart") is { } start) Start(start);
        if (json.Get("messageStop") is { } stop) _stop = stop.Text("stopReason") ?? "";
        if (json.Get("metadata") is { } metadata)
        {
            ReadUsage(metadata.Get("usage"));
            _tier = ServiceTier.Read(metadata);
        }
        if (json.Get("contentBlockDelta") is { } delta) return Delta(delta.Number("contentBlockIndex") ?? 0, delta.Get("delta"));
        if (json.Get("contentBlockStop") is not { } end) return null;
        return _open.Remove(end.Number("contentBlockIndex") ?? 0, out var block) && block.State.Length > 0
            ? Update(block.IsHidden ? AnthropicState.Redacted(block.State.ToString()) : AnthropicState.Signed("", block.State.ToString()))
            : null;
    }

    public ChatResponse Whole(JsonElement json)
    {
        ReadUsage(json.Get("usage"));
        _tier = ServiceTier.Read(json);
        var update = Update();
        foreach (var block in json.Get("output").Get("message")?.Items("content") ?? [])
        {
            if (block.Text("text") is { } text) update.Contents.Add(new TextContent(text));
            if (block.Get("reasoningContent") is { } thought)
            {
                var said = thought.Get("reasoningText");
                update.Contents.Add(thought.Text("redactedContent") is { } hidden ? AnthropicState.Redacted(hidden)
                    : AnthropicState.Signed(said.Text("text"), said.Text("signature")));
            }
            if (block.Get("toolUse") is { } tool) Tool(tool).Arguments.Append(tool.Get("input")?.GetRawText());
        }
        _stop = json.Text("stopReason");
        return new[] { update, End() }.ToChatResponse();
    }

    public ChatResponseUpdate End()
    {
        if (_stop is null)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} ended its answer without a stop reason: the answer is truncated.") { Usage = Usage };
        }
        var last = Update();
        foreach (var tool in _tools)
        {
            last.Contents.Add(AnthropicAnswer.Call(tool.Id, tool.Name, tool.Arguments.ToString(), _shape, Usage));
        }
        last.FinishReason = Finish(_stop, last.Contents);
        if (_hasUsage) last.Contents.Add(new UsageContent(UsageReader.ToDetails(Usage)));
        return last.In(_tier);
    }

    /// <summary>The signed headers are those that say what is asked, of whom and when.</summary>
    private void Sign(HttpRequestMessage request, byte[] body)
    {
        var date = SigV4.Date(clock.GetUtcNow());
        var headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["content-type"] = "application/json", ["host"] = request.RequestUri!.Authority, ["x-amz-date"] = date,
        };
        if (aws.SessionToken is { } token) headers["x-amz-security-token"] = token;
        var signer = new SigV4(aws.AccessKeyId!, aws.SecretAccessKey!, aws.Region!, "bedrock");
        request.Headers.TryAddWithoutValidation("Authorization",
            signer.Authorization("POST", request.RequestUri.AbsolutePath, [], headers, body));
        request.Headers.Add("x-amz-date", date);
        if (aws.SessionToken is { } session) request.Headers.Add("x-amz-security-token", session);
    }

    private void Start(JsonElement start)
    {
        if (start.Get("start").Get("toolUse") is { } tool) _open[start.Number("contentBlockIndex") ?? 0] = Tool(tool);
    }

    private Block Tool(JsonElement tool)
    {
        if (tool.Text("name") is not { Length: > 0 } name || tool.Text("toolUseId") is not { Length: > 0 } id)
        {
            throw Malformed("a tool call without a name or an id");
        }
        if (_tools.Count == CallIds.CallCountMax) throw Malformed($"more than {CallIds.CallCountMax} tool calls");
        if (_tools.Exists(other => other.Id == id)) throw Malformed($"two tool calls with the id '{Excerpt.Of(id)}'");
        var block = new Block { Id = id, Name = name };
        _tools.Add(block);
        return block;
    }

    private ChatResponseUpdate? Delta(long index, JsonElement? delta)
    {
        if (delta.Text("text") is { Length: > 0 } text) return Update(new TextContent(text));
        if (delta.Get("toolUse").Text("input") is { } piece)
        {
            if (!_open.TryGetValue(index, out var tool)) throw Malformed("arguments of a tool call that was not begun");
            Bound(piece);
            tool.Arguments.Append(piece);
            return null;
        }
        if (delta.Get("reasoningContent") is not { } thought) return null;
        if ((thought.Text("signature") ?? thought.Text("redactedContent")) is { } state)
        {
            Bound(state);
            if (!_open.TryGetValue(index, out var block)) _open[index] = block = new Block();   // thoughts are not announced
            if (_open.Count > CallIds.CallCountMax) throw Malformed($"more than {CallIds.CallCountMax} open content blocks");
            block.IsHidden = thought.Text("signature") is null;
            block.State.Append(state);
        }
        return thought.Text("text") is { Length: > 0 } said ? Update(new TextReasoningContent(said)) : null;
    }

    private void Bound(string piece)
    {
        _chars += piece.Length;
        if (_chars > ArgumentCharsMax) throw Malformed("tool arguments of more than 8 Mi characters");
    }

    /// <summary>
    /// The parts of the prompt are given apart and add up; writes that live for an hour are told within all writes. Thoughts are in the
    /// output and not told apart.
    /// </summary>
    private void ReadUsage(JsonElement? usage)
    {
        if (usage is null) return;
        _hasUsage = true;
        var write = Count("cacheWriteInputTokens");
        var hour = Math.Min(write, usage.Value.Items("cacheDetails").Where(detail => detail.Text("ttl") == "1h")
            .Sum(detail => Math.Clamp(detail.Number("inputTokens") ?? 0, 0, int.MaxValue)));
        Usage = new(Count("inputTokens"), Count("outputTokens"), Count("cacheReadInputTokens"), write - hour) { CacheWriteHour = hour };

        long Count(string name) => Math.Max(0, usage.Number(name) ?? 0);
    }

    private ChatFinishReason Finish(string reason, IEnumerable<AIContent> contents) => reason switch
    {
        "end_turn" or "stop_sequence" => ChatFinishReason.Stop,
        // The wished shape comes as a tool call, yet it is the answer.
        "tool_use" => contents.Any(content => content is FunctionCallContent) ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
        "max_tokens" => ChatFinishReason.Length,
        "guardrail_intervened" or "content_filtered" => throw Failed(ErrorCode.ContentFiltered, "the answer was stopped"),
        "malformed_model_output" or "malformed_tool_use" =>
            throw Failed(ErrorCode.InvalidOutput, "the model's answer cannot be used, no tool was run"),
        "model_context_window_exceeded" =>
            throw Failed(ErrorCode.ContextLength, "prompt and answer do not fit the model's context window"),
        _ => new ChatFinishReason(reason),
    };

    private CallFailedException Failed(ErrorCode code, string what) => new(code, $"{endpoint}: {what} ({_stop}).") { Usage = Usage };
    private CallFailedException Malformed(string what) =>
        new(ErrorCode.ProviderError, $"{endpoint} sent {what}.") { Usage = Usage };

    private ChatResponseUpdate Update(params AIContent[] contents) => new(ChatRole.Assistant, [.. contents]) { ModelId = facts.Id };

    private sealed class Block
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public StringBuilder Arguments { get; } = new();
        public StringBuilder State { get; } = new();
        public bool IsHidden { get; set; }
    }
}
