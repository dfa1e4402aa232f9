using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.OpenAI;

/// <summary>Writes the body of a chat completion. Pure.</summary>
internal static class OpenAIRequest
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Endpoint endpoint, string model, IEnumerable<ChatMessage> messages,
        ChatOptions? options, bool isStream)
    {
        using var buffer = new PooledBytes(8 * 1024);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            json.WriteStartArray("messages");
            if (options?.Instructions is { Length: > 0 } instructions) WriteText(json, "system", instructions);
            if (SchemaInWords(endpoint, options) is { } words) WriteText(json, "system", words);
            foreach (var message in messages) WriteMessage(json, endpoint, message);
            json.WriteEndArray();
            if (isStream) json.WriteBoolean("stream", true);
            if (isStream && endpoint.Quirks.SupportsStreamUsage)
            {
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }
            if (options is not null) WriteOptions(json, endpoint, model, options);
            json.WriteEndObject();
        }
        return buffer.Written.ToArray();
    }

    private static void WriteOptions(Utf8JsonWriter json, Endpoint endpoint, string model, ChatOptions options)
    {
        if (options.MaxOutputTokens is { } max) json.WriteNumber(NameOfMax(endpoint, model), max);
        if (options.Temperature is { } temperature) json.WriteNumber("temperature", temperature);
        if (options.TopP is { } topP) json.WriteNumber("top_p", topP);
        if (options.FrequencyPenalty is { } frequency) json.WriteNumber("frequency_penalty", frequency);
        if (options.PresencePenalty is { } presence) json.WriteNumber("presence_penalty", presence);
        if (options.TopK is { } topK && endpoint.Quirks.SupportsTopK) json.WriteNumber("top_k", topK);
        if (options.Seed is { } seed && endpoint.Quirks.SupportsSeed) json.WriteNumber("seed", seed);
        if (options.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop");
            foreach (var stop in stops) json.WriteStringValue(stop);
            json.WriteEndArray();
        }
        if (options.Reasoning?.Effort is { } effort)
        {
            json.WriteString("reasoning_effort", ReasoningWords.Of(effort));
        }
        WriteFormat(json, endpoint, options.ResponseFormat);
        WriteTools(json, options);
        foreach (var (name, value) in options.AdditionalProperties ?? [])
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }
    }

    /// <summary>OpenAI renamed the field and refuses the old name for reasoning models; many other servers know only the old one.</summary>
    private static string NameOfMax(Endpoint endpoint, string model) =>
        endpoint.Quirks.MaxTokensField is { } field ? field
        : model.StartsWith("gpt-5", StringComparison.Ordinal) || (model.Length >= 2 && model[0] == 'o' && char.IsAsciiDigit(model[1]))
        || new Uri(endpoint.Base).Host == "api.openai.com"
            ? "max_completion_tokens" : "max_tokens";

    /// <summary>What a server is told that knows JSON but no schemas.</summary>
    private static string? SchemaInWords(Endpoint endpoint, ChatOptions? options) =>
        endpoint.Quirks.SupportsJsonSchema || options?.ResponseFormat is not ChatResponseFormatJson { Schema: { } schema } ? null
            : $"Answer with one JSON value that fits this JSON Schema, and nothing else: {schema.GetRawText()}";

    private static void WriteFormat(Utf8JsonWriter json, Endpoint endpoint, ChatResponseFormat? format)
    {
        if (format is not ChatResponseFormatJson shape) return;
        json.WriteStartObject("response_format");
        if (shape.Schema is { } schema && endpoint.Quirks.SupportsJsonSchema)
        {
            json.WriteString("type", "json_schema");
            json.WriteStartObject("json_schema");
            json.WriteString("name", shape.SchemaName ?? "answer");
            if (shape.SchemaDescription is { } description) json.WriteString("description", description);
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            if (StrictSchema.Fits(schema)) json.WriteBoolean("strict", true);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("type", "json_object");
        }
        json.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter json, ChatOptions options)
    {
        var tools = options.Tools?.OfType<AIFunctionDeclaration>().ToArray() ?? [];
        if (tools.Length == 0) return;
        json.WriteStartArray("tools");
        foreach (var tool in tools)
        {
            json.WriteStartObject();
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", tool.Name);
            if (tool.Description is { Length: > 0 } description) json.WriteString("description", description);
            json.WritePropertyName("parameters");
            tool.JsonSchema.WriteTo(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        OpenAIToolChoice.Write(json, options, isNested: true);
    }

    private static void WriteMessage(Utf8JsonWriter json, Endpoint endpoint, ChatMessage message)
    {
        if (message.Contents is [TextContent { Text: { Length: > 0 } only }] && message.Role != ChatRole.Tool && message.AuthorName is null or "")
        {
            WriteText(json, message.Role.Value, only);
            return;
        }
        // Results come first: each is a message of its own and must follow the call at once.
        foreach (var result in message.Contents.OfType<FunctionResultContent>())
        {
            json.WriteStartObject();
            json.WriteString("role", "tool");
            json.WriteString("tool_call_id", result.CallId);
            json.WriteString("content", ToolText.Result(result));
            json.WriteEndObject();
        }
        var calls = message.Contents.OfType<FunctionCallContent>().ToArray();
        var hasParts = message.Contents.Any(content => content is DataContent or UriContent);
        var text = string.Concat(message.Contents.OfType<TextContent>().Select(part => part.Text));
        if (message.Role == ChatRole.Tool
            || (calls.Length == 0 && !hasParts && message.Contents.Count > 0 && !message.Contents.Any(content => content is TextContent)))
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("role", message.Role.Value);
        if (message.AuthorName is { Length: > 0 } author) json.WriteString("name", author);
        if (hasParts) WriteParts(json, message);
        else if (text.Length > 0 || calls.Length == 0) json.WriteString("content", text);
        else json.WriteNull("content");
        if (endpoint.Quirks.ReasoningField is { } field && message.Role == ChatRole.Assistant
            && string.Concat(message.Contents.OfType<TextReasoningContent>().Select(part => part.Text)) is { Length: > 0 } thought)
        {
            json.WriteString(field, thought);
        }
        if (calls.Length > 0) WriteCalls(json, calls);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", text);
        json.WriteEndObject();
    }

    private static void WriteParts(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartArray("content");
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    json.WriteStartObject();
                    json.WriteString("type", "text");
                    json.WriteString("text", text.Text);
                    json.WriteEndObject();
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"): WriteImage(json, data.Uri); break;
                case UriContent uri when uri.HasTopLevelMediaType("image"): WriteImage(json, uri.Uri.ToString()); break;
                case DataContent data when data.HasTopLevelMediaType("audio"):
                    json.WriteStartObject();
                    json.WriteString("type", "input_audio");
                    json.WriteStartObject("input_audio");
                    json.WriteString("data", data.Base64Data.Span);
                    json.WriteString("format", data.MediaType.EndsWith("wav", StringComparison.Ordinal) ? "wav"
                        : "mp3");
                    json.WriteEndObject();
                    json.WriteEndObject();
                    break;
                case DataContent data:
                    json.WriteStartObject();
                    json.WriteString("type", "file");
                    json.WriteStartObject("file");
                    json.WriteString("filename", data.Name ?? "attachment");
                    json.WriteString("file_data", data.Uri);
                    json.WriteEndObject();
                    json.WriteEndObject();
                    break;
            }
        }
        json.WriteEndArray();
    }

    private static void WriteImage(Utf8JsonWriter json, string address)
    {
        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", address);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteCalls(Utf8JsonWriter json, FunctionCallContent[] calls)
    {
        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", call.CallId);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WriteString("arguments", ToolText.Arguments(call));
            json.WriteEndObject();
            // Gemini's thought signatures travel here and must come back as they were.
            if (call.AdditionalProperties is { } more
                && more.TryGetValue(OpenAIAnswer.ExtraContent, out JsonElement extra))
            {
                json.WritePropertyName(OpenAIAnswer.ExtraContent);
                extra.WriteTo(json);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
