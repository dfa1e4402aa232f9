using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Ollama;

/// <summary>Writes the body of <c>/api/chat</c>. Pure.</summary>
/// <remarks>Source: docs.ollama.com/api/chat and the types of ollama/ollama <c>api/types.go</c>.</remarks>
internal static class OllamaRequest
{
    /// <summary>Smallest window that is asked for, in tokens.</summary>
    private const long ContextTokensMin = 4_096;
    /// <summary>Room for the answer when nobody limits it, in tokens.</summary>
    private const long AnswerTokensByDefault = 4_096;

    public static JsonObject Write(Endpoint endpoint, ModelFacts facts, IReadOnlyList<ChatMessage> messages,
        ChatOptions? options, bool isStream)
    {
        var body = new JsonObject
        {
            ["model"] = options?.ModelId ?? facts.Id,
            ["messages"] = Messages(endpoint, messages, options),
            ["stream"] = isStream,
            // Without these two a prompt or an answer that does not fit loses its beginning, and nobody says so.
            ["truncate"] = false,
            ["shift"] = false,
            ["options"] = Options(facts, messages, options),
        };
        if (options is null) return body;
        var tools = options.ToolMode is NoneChatToolMode ? [] : options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length > 0) body["tools"] = new JsonArray([.. tools.Select(Tool)]);
        if (options.ToolMode is RequiredChatToolMode)
        {
            throw new CallFailedException(ErrorCode.BadRequest,
                $"{endpoint} cannot be made to call a tool (tool mode 'required'). Leave the choice to the model, or use another model.");
        }
        if (options.ResponseFormat is ChatResponseFormatJson shape) body["format"] = shape.Schema?.Node() ?? "json";
        body.Set("think", Think(options.ModelId ?? facts.Id, options));
        foreach (var (name, value) in options.AdditionalProperties ?? []) body.Overlay(name, value);
        return body;
    }

    /// <summary>
    /// A window that surely holds the prompt and the answer, as a power of two so that the model is seldom loaded anew, and at most
    /// what the model is known to have.
    /// </summary>
    public static long ContextTokens(ModelFacts facts, IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var need = PromptBound.Tokens(messages, options) + (options?.MaxOutputTokens ?? AnswerTokensByDefault);
        var window = ContextTokensMin;
        while (window < need && window < int.MaxValue / 2) window *= 2;
        return Math.Min(window, facts.ContextTokensMax ?? long.MaxValue);
    }

    private static JsonObject Options(ModelFacts facts, IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var json = new JsonObject { ["num_ctx"] = ContextTokens(facts, messages, options) };
        if (options is null) return json;
        json.Set("num_predict", options.MaxOutputTokens);
        json.Set("temperature", options.Temperature);
        json.Set("top_p", options.TopP);
        json.Set("top_k", options.TopK);
        json.Set("seed", options.Seed);
        json.Set("frequency_penalty", options.FrequencyPenalty);
        json.Set("presence_penalty", options.PresencePenalty);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            json["stop"] = new JsonArray([.. stops.Select(stop => (JsonNode)stop)]);
        }
        return json;
    }

    /// <summary>gpt-oss knows levels; the others know on and off.</summary>
    private static JsonNode? Think(string model, ChatOptions options) => options.Reasoning?.Effort switch
    {
        null => options.Reasoning is null ? null : true,
        ReasoningEffort.None => false,
        { } effort when model.StartsWith("gpt-oss", StringComparison.Ordinal) =>
            effort is ReasoningEffort.Low ? "low" : effort is ReasoningEffort.Medium ? "medium" : "high",
        _ => true,
    };

    private static JsonNode Tool(AIFunctionDeclaration tool) => new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = tool.Name, ["description"] = tool.Description, ["parameters"] = tool.JsonSchema.Node(),
        },
    };

    private static JsonArray Messages(Endpoint endpoint, IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var written = new JsonArray();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        if (options?.Instructions is { Length: > 0 } instructions)
        {
            written.Add(new JsonObject { ["role"] = "system", ["content"] = instructions });
        }
        foreach (var message in messages)
        {
            // Results come first: each is a message of its own and must follow its call at once.
            foreach (var result in message.Contents.OfType<FunctionResultContent>())
            {
                written.Add(new JsonObject
                {
                    ["role"] = "tool", ["content"] = ToolText.Result(result),
                    ["tool_name"] = names.GetValueOrDefault(result.CallId, result.CallId),
                });
            }
            if (message.Role != ChatRole.Tool && Message(endpoint, message, names) is { } json) written.Add(json);
        }
        return written;
    }

    private static JsonObject? Message(Endpoint endpoint, ChatMessage message, Dictionary<string, string> names)
    {
        string text = "", thoughts = "";
        JsonArray images = [], calls = [];
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent part: text += part.Text; break;
                case TextReasoningContent thought: thoughts += thought.Text; break;
                case FunctionCallContent call:
                    names[call.CallId] = call.Name;
                    calls.Add(new JsonObject { ["function"] = new JsonObject
                    {
                        ["name"] = call.Name, ["arguments"] = JsonBody.Arguments(call),
                    } });
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"): images.Add(data.Base64Data.ToString()); break;
                case DataContent or UriContent: throw JsonBody.Refused(endpoint, content);
            }
        }
        if (text.Length + images.Count + calls.Count == 0 && message.Contents.Count > 0) return null;
        var json = new JsonObject { ["role"] = message.Role.Value, ["content"] = text };
        if (thoughts.Length > 0) json["thinking"] = thoughts;
        if (images.Count > 0) json["images"] = images;
        if (calls.Count > 0) json["tool_calls"] = calls;
        return json;
    }
}
