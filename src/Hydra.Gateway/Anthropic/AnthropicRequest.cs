using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Anthropic;

/// <summary>How a wish for JSON is put to a model that knows only tools: as a tool that it must call with the answer.</summary>
/// <param name="Schema">Schema of the tool's input: an object always.</param>
/// <param name="IsWrapped">Whether the answer lies under <c>value</c>, because the wished schema was no object.</param>
internal sealed record AnswerShape(JsonElement Schema, bool IsWrapped)
{
    public const string ToolName = "give_answer";
}

/// <summary>Writes the body of a Messages call. Pure.</summary>
internal static class AnthropicRequest
{
    /// <summary>Longest answer when nobody says: the API demands a number.</summary>
    private const int OutputTokensByDefault = 8_192;
    private const long ThinkingTokensMin = 1_024;
    /// <summary>The header that asks for what is still being tried out; it travels among the options and is never part of the body.</summary>
    public const string Beta = "anthropic-beta";
    private const string CacheControl = "cache_control";
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static AnswerShape? Shape(ChatOptions? options)
    {
        if (options?.ResponseFormat is not ChatResponseFormatJson { Schema: { } schema }) return null;
        if (schema.Text("type") == "object") return new(schema, IsWrapped: false);
        return new(JsonSerializer.SerializeToElement(new { type = "object", properties = new { value = schema },
            required = new[] { "value" } }), IsWrapped: true);
    }

    public static byte[] Write(ModelFacts facts, IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStream)
    {
        var all = messages.ToArray();
        using var buffer = new PooledBytes(8 * 1024);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("model", options?.ModelId ?? facts.Id);
            var outputMax = options?.MaxOutputTokens
                ?? Math.Min(OutputTokensByDefault, facts.OutputTokensMax ?? OutputTokensByDefault);
            json.WriteNumber("max_tokens", outputMax);
            WriteSystem(json, all, options);
            WriteMessages(json, all);
            if (isStream) json.WriteBoolean("stream", true);
            if (options is not null) WriteOptions(json, options, ThinkingTokens(options, outputMax));
            json.WriteEndObject();
        }
        return buffer.Written.ToArray();
    }

    /// <summary>One text; or blocks, where one of them carries a mark for the cache.</summary>
    private static void WriteSystem(Utf8JsonWriter json, ChatMessage[] messages, ChatOptions? options)
    {
        var texts = new List<(string Text, AdditionalPropertiesDictionary? More)>();
        if (options?.Instructions is { Length: > 0 } instructions) texts.Add((instructions, null));
        foreach (var content in messages.Where(message => message.Role == ChatRole.System)
            .SelectMany(message => message.Contents).OfType<TextContent>())
        {
            if (content.Text.Length > 0) texts.Add((content.Text, content.AdditionalProperties));
        }
        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: null })
        {
            texts.Add(("Answer with one JSON value and nothing else.", null));
        }
        else if (Shape(options) is not null && IsThinking(options!))
        {
            texts.Add(($"Give the final answer by calling {AnswerShape.ToolName}.", null));
        }
        if (texts.Count == 0) return;
        if (!texts.Exists(text => text.More?.ContainsKey(CacheControl) == true))
        {
            json.WriteString("system", string.Join("\n\n", texts.Select(text => text.Text)));
            return;
        }
        json.WriteStartArray("system");
        foreach (var (text, more) in texts)
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", text);
            WriteCacheControl(json, more);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>A mark up to which the prompt is cached: an object as the API knows it, or its life (<c>5m</c>, <c>1h</c>) alone.</summary>
    private static void WriteCacheControl(Utf8JsonWriter json, AdditionalPropertiesDictionary? more)
    {
        if (more is null || !more.TryGetValue(CacheControl, out var mark) || mark is null or false) return;
        json.WritePropertyName(CacheControl);
        JsonSerializer.Serialize(json, mark switch
        {
            "1h" => new Dictionary<string, string> { ["type"] = "ephemeral", ["ttl"] = "1h" },
            "5m" or "ephemeral" or true => new Dictionary<string, string> { ["type"] = "ephemeral" },
            var whole => whole,
        });
    }

    private static bool IsThinking(ChatOptions options) =>
        options.Reasoning?.Effort is not (null or ReasoningEffort.None)
        || options.AdditionalProperties?.ContainsKey("thinking") == true;

    /// <summary>Tokens to think with; null where nothing was asked for, where the caller says it in the API's own words, or where too little room is left.</summary>
    private static long? ThinkingTokens(ChatOptions options, long outputMax)
    {
        if (options.AdditionalProperties?.ContainsKey("thinking") == true) return null;
        long? wished = options.Reasoning?.Effort switch
        {
            ReasoningEffort.Low => ThinkingTokensMin,
            ReasoningEffort.Medium => 4 * ThinkingTokensMin,
            ReasoningEffort.High => 16 * ThinkingTokensMin,
            ReasoningEffort.ExtraHigh => 32 * ThinkingTokensMin,
            _ => null,
        };
        // The API wants the budget below max_tokens; half of them stay for the answer.
        var budget = Math.Min(wished ?? 0, outputMax / 2);
        return budget >= ThinkingTokensMin ? budget : null;
    }

    private static void WriteOptions(Utf8JsonWriter json, ChatOptions options, long? thinkingTokens)
    {
        if (thinkingTokens is { } budget)
        {
            json.WriteStartObject("thinking");
            json.WriteString("type", "enabled");
            json.WriteNumber("budget_tokens", budget);
            json.WriteEndObject();
        }
        if (options.Temperature is { } temperature) json.WriteNumber("temperature", temperature);
        if (options.TopP is { } topP) json.WriteNumber("top_p", topP);
        if (options.TopK is { } topK) json.WriteNumber("top_k", topK);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop_sequences");
            foreach (var stop in stops) json.WriteStringValue(stop);
            json.WriteEndArray();
        }
        WriteTools(json, options, IsThinking(options));
        foreach (var (name, value) in options.AdditionalProperties ?? [])
        {
            if (name == Beta) continue;
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }
    }

    private static void WriteTools(Utf8JsonWriter json, ChatOptions options, bool isThinking)
    {
        var shape = Shape(options);
        var tools = options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length == 0 && shape is null) return;
        json.WriteStartArray("tools");
        foreach (var tool in tools) WriteTool(json, tool.Name, tool.Description, tool.JsonSchema, tool.AdditionalProperties);
        if (shape is not null)
        {
            WriteTool(json, AnswerShape.ToolName, "Gives the final answer. Call it once, with the whole answer.",
                shape.Schema, null);
        }
        json.WriteEndArray();

        json.WriteStartObject("tool_choice");
        switch (options.ToolMode)
        {
            case NoneChatToolMode when shape is null: json.WriteString("type", "none"); break;
            case var _ when isThinking: json.WriteString("type", "auto"); break;   // a forced tool and thinking exclude each other
            case RequiredChatToolMode { RequiredFunctionName: { } name }:
                json.WriteString("type", "tool");
                json.WriteString("name", name);
                break;
            case var _ when shape is not null && (tools.Length == 0 || options.ToolMode is NoneChatToolMode):
                json.WriteString("type", "tool");
                json.WriteString("name", AnswerShape.ToolName);
                break;
            case var mode: json.WriteString("type", mode is RequiredChatToolMode || shape is not null ? "any"
                : "auto"); break;
        }
        if (options.AllowMultipleToolCalls == false && options.ToolMode is not NoneChatToolMode)
        {
            json.WriteBoolean("disable_parallel_tool_use", true);
        }
        json.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter json, string name, string? description, JsonElement schema,
        IReadOnlyDictionary<string, object?>? more)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        if (description is { Length: > 0 }) json.WriteString("description", description);
        json.WritePropertyName("input_schema");
        schema.WriteTo(json);
        WriteCacheControl(json, more is null ? null : new AdditionalPropertiesDictionary(more));
        json.WriteEndObject();
    }

    /// <summary>Turns of one speaker that follow each other become one message: the API wants them to alternate.</summary>
    private static void WriteMessages(Utf8JsonWriter json, ChatMessage[] messages)
    {
        json.WriteStartArray("messages");
        string? open = null;
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.System) continue;
            if (!message.Contents.Any(IsSent)) continue;
            var role = message.Role == ChatRole.Assistant ? "assistant" : "user";   // tool results are the user's
            if (open != role)
            {
                if (open is not null) End();
                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteStartArray("content");
                open = role;
            }
            foreach (var content in message.Contents.Where(IsSent)) WriteContent(json, content);
        }
        if (open is not null) End();
        json.WriteEndArray();

        void End()
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static bool IsSent(AIContent content) => content switch
    {
        TextContent text => !string.IsNullOrWhiteSpace(text.Text),                 // the API refuses empty text
        TextReasoningContent thought => AnthropicState.IsOurs(thought),            // unsigned thoughts are refused too
        FunctionCallContent or FunctionResultContent or DataContent => true,
        UriContent uri => uri.HasTopLevelMediaType("image") || uri.MediaType == "application/pdf",
        _ => false,
    };

    private static void WriteContent(Utf8JsonWriter json, AIContent content)
    {
        json.WriteStartObject();
        switch (content)
        {
            case TextContent text:
                json.WriteString("type", "text");
                json.WriteString("text", text.Text);
                break;
            case TextReasoningContent thought when AnthropicState.Redacted(thought) is { } data:
                json.WriteString("type", "redacted_thinking");
                json.WriteString("data", data);
                break;
            case TextReasoningContent thought:
                json.WriteString("type", "thinking");
                json.WriteString("thinking", thought.Text);
                json.WriteString("signature", OpaqueState.Take(OpaqueState.Anthropic, thought.ProtectedData));
                break;
            case FunctionCallContent call:
                json.WriteString("type", "tool_use");
                json.WriteString("id", call.CallId);
                json.WriteString("name", call.Name);
                json.WritePropertyName("input");
                json.WriteRawValue(ToolText.ArgumentsObject(call));
                break;
            case FunctionResultContent result:
                json.WriteString("type", "tool_result");
                json.WriteString("tool_use_id", result.CallId);
                json.WriteString("content", ToolText.Result(result));
                if (result.Exception is not null) json.WriteBoolean("is_error", true);
                break;
            case DataContent data: WriteSource(json, data.HasTopLevelMediaType("image"), "base64", data.MediaType,
                data.Base64Data.ToString()); break;
            case UriContent uri: WriteSource(json, uri.HasTopLevelMediaType("image"), "url", null,
                uri.Uri.ToString()); break;
        }
        if (content is not TextReasoningContent) WriteCacheControl(json, content.AdditionalProperties);
        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, bool isImage, string kind, string? mediaType, string data)
    {
        json.WriteString("type", isImage ? "image" : "document");
        json.WriteStartObject("source");
        json.WriteString("type", kind);
        if (mediaType is not null) json.WriteString("media_type", mediaType);
        json.WriteString(kind == "url" ? "url" : "data", data);
        json.WriteEndObject();
    }
}
