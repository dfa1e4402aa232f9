using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Anthropic;

/// <summary>Reads a message that came whole, and the pieces that whole and streamed answers share. Pure.</summary>
internal static class AnthropicAnswer
{
    public static ChatResponse Read(Endpoint endpoint, JsonElement json, AnswerShape? shape)
    {
        var usage = ProviderUsage.OfMessages(json.Get("usage"), default);
        if (json.Text("type") == "error") throw HttpErrors.InStream(endpoint, json, usage);
        if (json.Get("content") is not { ValueKind: JsonValueKind.Array } content)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent an answer without content: {Excerpt.Of(json.GetRawText(), endpoint.Key)}") { Usage = usage };
        }
        var contents = new List<AIContent>();
        foreach (var block in content.EnumerateArray())
        {
            switch (block.Text("type"))
            {
                case "text": contents.Add(new TextContent(block.Text("text"))); break;
                case "thinking": contents.Add(AnthropicState.Signed(block.Text("thinking"), block.Text("signature"))); break;
                case "redacted_thinking": contents.Add(AnthropicState.Redacted(block.Text("data"))); break;
                case "tool_use": contents.Add(Call(block.Text("id"), block.Text("name"),
                    block.Get("input")?.GetRawText() ?? "", shape, usage)); break;
            }
        }
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, contents))
        {
            ResponseId = json.Text("id"),
            ModelId = json.Text("model"),
            FinishReason = Finish(endpoint, json.Text("stop_reason"), contents, usage),
            Usage = json.Get("usage") is null ? null : UsageReader.ToDetails(usage),   // unknown is not zero
        }.In(ServiceTier.Read(json.Get("usage")));
    }

    /// <summary>A tool call; or, where it is the answer in the wished shape, its input as text.</summary>
    public static AIContent Call(string? id, string? name, string arguments, AnswerShape? shape, TokenUsage usage)
    {
        if (shape is null || name != AnswerShape.ToolName) return ToolText.Call(id ?? "", name ?? "", arguments);
        var parsed = ToolText.ParseArguments(name, arguments, usage);
        if (!shape.IsWrapped) return new TextContent(arguments.Length == 0 ? "{}" : arguments);
        return new TextContent(parsed.GetValueOrDefault("value") is JsonElement value ? value.GetRawText() : "null");
    }

    /// <summary>The stop reason in the common spelling; an unknown one is kept. A refusal is a failure: it must not pass for an answer.</summary>
    public static ChatFinishReason? Finish(Endpoint endpoint, string? reason, IEnumerable<AIContent> contents,
        TokenUsage usage) => reason switch
    {
        null => null,
        "end_turn" or "stop_sequence" => ChatFinishReason.Stop,
        // The wished shape comes as a tool call, yet it is the answer.
        "tool_use" => contents.Any(content => content is FunctionCallContent) ? ChatFinishReason.ToolCalls
            : ChatFinishReason.Stop,
        "max_tokens" => ChatFinishReason.Length,
        // A turn that the provider paused in the middle of its own tools: send the conversation again and it goes on.
        "pause_turn" => new ChatFinishReason("pause_turn"),
        "refusal" => throw new CallFailedException(ErrorCode.ContentFiltered,
            $"{endpoint}: the model refused to answer.") { Usage = usage },
        "model_context_window_exceeded" =>
            throw new CallFailedException(ErrorCode.ContextLength,
            $"{endpoint}: prompt and answer do not fit the model's context window.") { Usage = usage },
        _ => new ChatFinishReason(reason),
    };
}
