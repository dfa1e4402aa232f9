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
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("model", options?.ModelId ?? facts.Id);
            json.WriteNumber("max_tokens",
                options?.MaxOutputTokens ?? Math.Min(OutputTokensByDefault,
                facts.OutputTokensMax ?? OutputTokensByDefault));
            if (System(all, options) is { Length: > 0 } system) json.WriteString("system", system);
            WriteMessages(json, all);
            if (isStream) json.WriteBoolean("stream", true);
            if (options is not null) WriteOptions(json, options);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string System(ChatMessage[] messages, ChatOptions? options)
    {
        var texts = messages.Where(message => message.Role == ChatRole.System)
            .Select(message => message.Text).Prepend(options?.Instructions ?? "").ToList();
        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: null })
        {
            texts.Add("Answer with one JSON value and nothing else.");
        }
        return string.Join("\n\n", texts.Where(text => text.Length > 0));
    }

    private static void WriteOptions(Utf8JsonWriter json, ChatOptions options)
    {
        if (options.Temperature is { } temperature) json.WriteNumber("temperature", temperature);
        if (options.TopP is { } topP) json.WriteNumber("top_p", topP);
        if (options.TopK is { } topK) json.WriteNumber("top_k", topK);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop_sequences");
            foreach (var stop in stops) json.WriteStringValue(stop);
            json.WriteEndArray();
        }
        WriteTools(json, options);
        foreach (var (name, value) in options.AdditionalProperties ?? [])
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }
    }

    private static void WriteTools(Utf8JsonWriter json, ChatOptions options)
    {
        var shape = Shape(options);
        var tools = options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length == 0 && shape is null) return;
        json.WriteStartArray("tools");
        foreach (var tool in tools) WriteTool(json, tool.Name, tool.Description, tool.JsonSchema);
        if (shape is not null)
        {
            WriteTool(json, AnswerShape.ToolName, "Gives the final answer. Call it once, with the whole answer.",
                shape.Schema);
        }
        json.WriteEndArray();

        json.WriteStartObject("tool_choice");
        switch (options.ToolMode)
        {
            case RequiredChatToolMode { RequiredFunctionName: { } name }:
                json.WriteString("type", "tool");
                json.WriteString("name", name);
                break;
            case NoneChatToolMode when shape is null: json.WriteString("type", "none"); break;
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

    private static void WriteTool(Utf8JsonWriter json, string name, string? description, JsonElement schema)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        if (description is { Length: > 0 }) json.WriteString("description", description);
        json.WritePropertyName("input_schema");
        schema.WriteTo(json);
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
        TextReasoningContent thought => thought.ProtectedData is { Length: > 0 },  // unsigned thoughts are refused too
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
            case TextReasoningContent { Text.Length: 0 } hidden:
                json.WriteString("type", "redacted_thinking");
                json.WriteString("data", hidden.ProtectedData);
                break;
            case TextReasoningContent thought:
                json.WriteString("type", "thinking");
                json.WriteString("thinking", thought.Text);
                json.WriteString("signature", thought.ProtectedData);
                break;
            case FunctionCallContent call:
                json.WriteString("type", "tool_use");
                json.WriteString("id", call.CallId);
                json.WriteString("name", call.Name);
                json.WritePropertyName("input");
                json.WriteRawValue(ToolText.Arguments(call));
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
