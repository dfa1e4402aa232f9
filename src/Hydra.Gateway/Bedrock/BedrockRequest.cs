using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Bedrock;

/// <summary>Writes the body of <c>Converse</c>. Pure.</summary>
/// <remarks>Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.</remarks>
internal static class BedrockRequest
{
    /// <summary>Fields of the API itself; all else that a caller gives goes to the model.</summary>
    private static readonly string[] OwnFields =
    [
        "additionalModelRequestFields", "additionalModelResponseFieldPaths", "guardrailConfig", "inferenceConfig", "outputConfig",
        "performanceConfig", "promptVariables", "requestMetadata", "serviceTier",
    ];

    public static JsonObject Write(Endpoint endpoint, IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var body = new JsonObject { ["messages"] = Messages(endpoint, messages) };
        var system = messages.Where(message => message.Role == ChatRole.System).Select(message => message.Text)
            .Prepend(options?.Instructions ?? "").ToList();
        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: null })
        {
            system.Add("Answer with one JSON value and nothing else.");
        }
        var texts = system.Where(text => text.Length > 0).Select(text => (JsonNode)Text(text)).ToArray();
        if (texts.Length > 0) body["system"] = new JsonArray(texts);
        if (options is null) return body;
        body.Set("inferenceConfig", Inference(options).OrNull());
        body.Set("toolConfig", Tools(options, messages));
        if (options.TopK is { } topK) body.Overlay("additionalModelRequestFields", new { top_k = topK });
        foreach (var (name, value) in options.AdditionalProperties ?? [])
        {
            if (OwnFields.Contains(name, StringComparer.Ordinal)) body.Overlay(name, value);
            else body.Overlay("additionalModelRequestFields", new Dictionary<string, object?>(StringComparer.Ordinal) { [name] = value });
        }
        return body;
    }

    private static JsonObject Inference(ChatOptions options)
    {
        var config = new JsonObject();
        config.Set("maxTokens", options.MaxOutputTokens);
        config.Set("temperature", options.Temperature);
        config.Set("topP", options.TopP);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            config["stopSequences"] = new JsonArray([.. stops.Select(stop => (JsonNode)stop)]);
        }
        return config;
    }

    /// <summary>
    /// A wished shape is a tool that must be called with the answer, as few models here know another way. The API has no word for "call
    /// none": the tools are left out then, unless the conversation holds calls, which it refuses without them.
    /// </summary>
    private static JsonObject? Tools(ChatOptions options, IReadOnlyList<ChatMessage> messages)
    {
        var isNeeded = messages.Any(message => message.Contents.Any(content => content is FunctionCallContent or FunctionResultContent));
        var shape = AnthropicRequest.Shape(options);
        var tools = options.ToolMode is NoneChatToolMode && !isNeeded ? [] : options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length == 0 && shape is null) return null;
        var specs = tools.Select(tool => Tool(tool.Name, tool.Description, tool.JsonSchema)).ToList();
        if (shape is not null)
        {
            specs.Add(Tool(AnswerShape.ToolName, "Gives the final answer. Call it once, with the whole answer.", shape.Schema));
        }
        JsonObject? choice = options.ToolMode switch
        {
            RequiredChatToolMode { RequiredFunctionName: { } name } => Named(name),
            _ when shape is not null && tools.Length == 0 => Named(AnswerShape.ToolName),
            var mode when shape is not null || mode is RequiredChatToolMode => new JsonObject { ["any"] = new JsonObject() },
            AutoChatToolMode => new JsonObject { ["auto"] = new JsonObject() },
            _ => null,
        };
        var config = new JsonObject { ["tools"] = new JsonArray([.. specs]) };
        config.Set("toolChoice", choice);
        return config;

        static JsonObject Named(string name) => new() { ["tool"] = new JsonObject { ["name"] = name } };
    }

    private static JsonNode Tool(string name, string? description, JsonElement schema)
    {
        var spec = new JsonObject { ["name"] = name, ["inputSchema"] = new JsonObject { ["json"] = schema.Node() } };
        if (description is { Length: > 0 }) spec["description"] = description;
        return new JsonObject { ["toolSpec"] = spec };
    }

    /// <summary>Turns of one speaker that follow each other become one message: the API wants them to alternate.</summary>
    private static JsonArray Messages(Endpoint endpoint, IReadOnlyList<ChatMessage> messages)
    {
        var written = new JsonArray();
        JsonArray? blocks = null;
        var speaker = "";
        foreach (var message in messages.Where(message => message.Role != ChatRole.System))
        {
            var role = message.Role == ChatRole.Assistant ? "assistant" : "user";   // tool results are the user's
            foreach (var content in message.Contents)
            {
                if (Block(endpoint, content) is not { } block) continue;
                if (blocks is null || role != speaker)
                {
                    blocks = [];
                    written.Add(new JsonObject { ["role"] = role, ["content"] = blocks });
                    speaker = role;
                }
                blocks.Add(block);
            }
        }
        return written;
    }

    /// <summary>A block, or null for what the API refuses and nobody misses: blank text and thoughts that are not sealed.</summary>
    private static JsonObject? Block(Endpoint endpoint, AIContent content) => content switch
    {
        TextContent text => string.IsNullOrWhiteSpace(text.Text) ? null : Text(text.Text),
        TextReasoningContent thought => Thought(thought),
        FunctionCallContent call => new JsonObject { ["toolUse"] = new JsonObject
        {
            ["toolUseId"] = call.CallId, ["name"] = call.Name, ["input"] = JsonBody.Arguments(call),
        } },
        FunctionResultContent result => new JsonObject { ["toolResult"] = Result(result) },
        DataContent data when data.HasTopLevelMediaType("image") => new JsonObject { ["image"] = Source(data) },
        DataContent data => new JsonObject { ["document"] = Document(endpoint, data) },
        UriContent => throw JsonBody.Refused(endpoint, content),
        _ => null,
    };

    /// <summary>Anthropic seals for its own door and for Amazon's alike; the state of other makers stays behind.</summary>
    private static JsonObject? Thought(TextReasoningContent thought)
    {
        JsonObject? reasoning = null;
        if (AnthropicState.Redacted(thought) is { } data) reasoning = new() { ["redactedContent"] = data };
        else if (OpaqueState.Take(OpaqueState.Anthropic, thought.ProtectedData) is { } signature)
        {
            reasoning = new() { ["reasoningText"] = new JsonObject { ["text"] = thought.Text, ["signature"] = signature } };
        }
        return reasoning is null ? null : new JsonObject { ["reasoningContent"] = reasoning };
    }

    private static JsonObject Result(FunctionResultContent result)
    {
        var json = new JsonObject
        {
            ["toolUseId"] = result.CallId,
            ["content"] = new JsonArray(new JsonObject { ["text"] = ToolText.Result(result) }),
        };
        if (result.Exception is not null) json["status"] = "error";
        return json;
    }

    private static JsonObject Source(DataContent data) => new()
    {
        ["format"] = Format(data.MediaType),
        ["source"] = new JsonObject { ["bytes"] = data.Base64Data.ToString() },
    };

    private static JsonObject Document(Endpoint endpoint, DataContent data)
    {
        if (Format(data.MediaType) is not ("pdf" or "csv" or "doc" or "docx" or "xls" or "xlsx" or "html" or "txt" or "md"))
        {
            throw JsonBody.Refused(endpoint, data);
        }
        var document = Source(data);
        // The API takes only plain names: letters, digits, blanks, hyphens, brackets.
        var name = string.Concat((data.Name ?? "document").Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '(' or ')'));
        document["name"] = name.Length == 0 ? "document" : name;
        return document;
    }

    private static string Format(string mediaType) => mediaType switch
    {
        "image/jpg" => "jpeg",
        "text/plain" => "txt",
        "text/markdown" => "md",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => mediaType[(mediaType.IndexOf('/', StringComparison.Ordinal) + 1)..],
    };

    private static JsonObject Text(string text) => new() { ["text"] = text };
}
