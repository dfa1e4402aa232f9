using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Gemini;

/// <summary>Writes the body of <c>generateContent</c>. Pure.</summary>
/// <remarks>Source: ai.google.dev/api/generate-content and ai.google.dev/gemini-api/docs/thought-signatures.</remarks>
internal static class GeminiRequest
{
    /// <summary>Field of a tool call's additional properties that keeps Google's sealed reasoning state.</summary>
    public const string Signature = "thoughtSignature";
    /// <summary>What Google documents for calls that its model did not make, and so has not signed.</summary>
    private const string NoSignature = "skip_thought_signature_validator";

    public static JsonObject Write(Endpoint endpoint, string model, IReadOnlyList<ChatMessage> messages,
        ChatOptions? options)
    {
        var body = new JsonObject();
        var system = string.Join("\n\n", messages.Where(message => message.Role == ChatRole.System)
            .Select(message => message.Text).Prepend(options?.Instructions ?? "").Where(text => text.Length > 0));
        if (system.Length > 0) body["systemInstruction"] = new JsonObject { ["parts"] = new JsonArray(Text(system)) };
        body["contents"] = Contents(endpoint, model, messages);
        if (options is null) return body;
        body.Set("generationConfig", Config(model, options).OrNull());
        var tools = options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length > 0)
        {
            body["tools"] = new JsonArray(new JsonObject { ["functionDeclarations"] = new JsonArray([.. tools.Select(Tool)]) });
            body.Set("toolConfig", Mode(options.ToolMode));
        }
        foreach (var (name, value) in options.AdditionalProperties ?? []) body.Overlay(name, value);
        return body;
    }

    private static JsonObject Config(string model, ChatOptions options)
    {
        var config = new JsonObject();
        config.Set("maxOutputTokens", options.MaxOutputTokens);
        config.Set("temperature", options.Temperature);
        config.Set("topP", options.TopP);
        config.Set("topK", options.TopK);
        config.Set("frequencyPenalty", options.FrequencyPenalty);
        config.Set("presencePenalty", options.PresencePenalty);
        config.Set("seed", options.Seed);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            config["stopSequences"] = new JsonArray([.. stops.Select(stop => (JsonNode)stop)]);
        }
        if (options.ResponseFormat is ChatResponseFormatJson shape)
        {
            config["responseMimeType"] = "application/json";
            config.Set("responseJsonSchema", shape.Schema?.Node());
        }
        if (options.Reasoning is { } reasoning) config["thinkingConfig"] = Thinking(model, reasoning);
        return config;
    }

    /// <summary>Levels from generation 3 on, and budgets before, with the figures of Google's own table for OpenAI clients.</summary>
    private static JsonObject Thinking(string model, ReasoningOptions reasoning)
    {
        var thinking = new JsonObject { ["includeThoughts"] = reasoning.Output is not ReasoningOutput.None };
        if (reasoning.Effort is not { } effort) return thinking;
        if (HasSignedCalls(model))
        {
            thinking["thinkingLevel"] = effort switch
            {
                ReasoningEffort.None => "minimal", ReasoningEffort.Low => "low", ReasoningEffort.Medium => "medium", _ => "high",
            };
        }
        else
        {
            thinking["thinkingBudget"] = effort switch
            {
                ReasoningEffort.None => 0, ReasoningEffort.Low => 1_024, ReasoningEffort.Medium => 8_192, _ => 24_576,
            };
        }
        return thinking;
    }

    private static JsonNode Tool(AIFunctionDeclaration tool)
    {
        var declaration = new JsonObject { ["name"] = tool.Name };
        if (tool.Description is { Length: > 0 } description) declaration["description"] = description;
        declaration["parametersJsonSchema"] = tool.JsonSchema.Node();
        return declaration;
    }

    private static JsonObject? Mode(ChatToolMode? mode)
    {
        var calling = mode switch
        {
            NoneChatToolMode => new JsonObject { ["mode"] = "NONE" },
            RequiredChatToolMode { RequiredFunctionName: { } name } =>
                new JsonObject { ["mode"] = "ANY", ["allowedFunctionNames"] = new JsonArray(name) },
            RequiredChatToolMode => new JsonObject { ["mode"] = "ANY" },
            AutoChatToolMode => new JsonObject { ["mode"] = "AUTO" },
            _ => null,
        };
        return calling is null ? null : new JsonObject { ["functionCallingConfig"] = calling };
    }

    /// <summary>Turns of one speaker that follow each other become one content, so that answers of parallel calls stay together.</summary>
    private static JsonArray Contents(Endpoint endpoint, string model, IReadOnlyList<ChatMessage> messages)
    {
        var contents = new JsonArray();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        JsonArray? parts = null;
        var speaker = "";
        foreach (var message in messages.Where(message => message.Role != ChatRole.System))
        {
            var role = message.Role == ChatRole.Assistant ? "model" : "user";
            var written = Parts(endpoint, message, names);
            if (role == "model" && HasSignedCalls(model)) SignForeignCalls(written);
            if (written.Count == 0) continue;
            if (parts is null || role != speaker)
            {
                parts = [];
                contents.Add(new JsonObject { ["role"] = role, ["parts"] = parts });
                speaker = role;
            }
            foreach (var part in written) parts.Add(part);
        }
        return contents;
    }

    private static List<JsonObject> Parts(Endpoint endpoint, ChatMessage message, Dictionary<string, string> names)
    {
        var parts = new List<JsonObject>();
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text: parts.Add(Text(text.Text)); break;
                case TextReasoningContent thought: WriteThought(parts, thought); break;
                case FunctionCallContent call:
                    names[call.CallId] = call.Name;
                    parts.Add(Call(call));
                    break;
                case FunctionResultContent result:
                    parts.Add(Result(result, names.GetValueOrDefault(result.CallId, result.CallId)));
                    break;
                case DataContent data:
                    parts.Add(new JsonObject { ["inlineData"] = new JsonObject
                    {
                        ["mimeType"] = data.MediaType, ["data"] = data.Base64Data.ToString(),
                    } });
                    break;
                case UriContent uri:
                    parts.Add(new JsonObject { ["fileData"] = new JsonObject
                    {
                        ["mimeType"] = uri.MediaType, ["fileUri"] = uri.Uri.ToString(),
                    } });
                    break;
            }
        }
        return parts;
    }

    /// <summary>A signature without a thought signs the text before it; a thought goes back only when Google signed it.</summary>
    private static void WriteThought(List<JsonObject> parts, TextReasoningContent thought)
    {
        if (OpaqueState.Take(OpaqueState.Gemini, thought.ProtectedData) is not { } signature) return;
        if (thought.Text.Length > 0)
        {
            parts.Add(new JsonObject { ["text"] = thought.Text, ["thought"] = true, [Signature] = signature });
        }
        else if (parts is [.., { } last] && last.ContainsKey("text") && !last.ContainsKey(Signature))
        {
            last[Signature] = signature;
        }
        else
        {
            parts.Add(new JsonObject { ["text"] = "", [Signature] = signature });
        }
    }

    private static JsonObject Call(FunctionCallContent call)
    {
        var function = new JsonObject { ["name"] = call.Name, ["args"] = JsonBody.Arguments(call) };
        if (!CallIds.IsOurs(call.CallId)) function["id"] = call.CallId;
        var part = new JsonObject { ["functionCall"] = function };
        if (call.AdditionalProperties?.GetValueOrDefault(Signature) is { } signature)
        {
            // A conversation that was kept as JSON brings the text back as an element.
            part[Signature] = signature is JsonElement json ? json.GetString() : signature.ToString();
        }
        return part;
    }

    private static JsonObject Result(FunctionResultContent result, string name)
    {
        var text = ToolText.Result(result);
        var response = new JsonObject
        {
            ["name"] = name,
            ["response"] = result.Exception is not null ? new JsonObject { ["error"] = text }
                : AsObject(text) ?? new JsonObject { ["result"] = text },
        };
        if (!CallIds.IsOurs(result.CallId)) response["id"] = result.CallId;
        return new JsonObject { ["functionResponse"] = response };
    }

    private static JsonObject? AsObject(string text)
    {
        try
        {
            return text.StartsWith('{') ? JsonNode.Parse(text) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Calls of another model, or of a conversation that lost its signatures, would be refused: the first of a step must be signed.
    /// </summary>
    private static void SignForeignCalls(List<JsonObject> parts)
    {
        var calls = parts.Where(part => part.ContainsKey("functionCall")).ToArray();
        if (calls.Length > 0 && !calls.Any(call => call.ContainsKey(Signature))) calls[0][Signature] = NoSignature;
    }

    private static bool HasSignedCalls(string model) =>
        model.StartsWith("gemini-", StringComparison.Ordinal) && model.Length > 7 && model[7] is >= '3' and <= '9';

    private static JsonObject Text(string text) => new() { ["text"] = text };
}
