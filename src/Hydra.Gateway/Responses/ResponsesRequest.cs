using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Responses;

/// <summary>Writes the body of a Responses call. Pure.</summary>
internal static class ResponsesRequest
{
    private const string Verbosity = "verbosity", TextPrefix = "text.";
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(string model, IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStream)
    {
        using var buffer = new PooledBytes(8 * 1024);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            if (options?.Instructions is { Length: > 0 } instructions) json.WriteString("instructions", instructions);
            json.WriteStartArray("input");
            foreach (var message in messages) ResponsesItems.Write(json, message);
            json.WriteEndArray();
            if (isStream) json.WriteBoolean("stream", true);
            if (options is not null) WriteOptions(json, options);
            WriteState(json, options);
            foreach (var (name, value) in options?.AdditionalProperties ?? [])
            {
                if (name is "store" or "include" || IsOfText(name)) continue;   // said already
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, value);
            }
            json.WriteEndObject();
        }
        return buffer.Written.ToArray();
    }

    /// <summary>Nothing is kept at the provider, so the sealed reasoning must come along to be sent back.</summary>
    private static void WriteState(Utf8JsonWriter json, ChatOptions? options)
    {
        var own = options?.AdditionalProperties;
        json.WritePropertyName("store");
        JsonSerializer.Serialize(json, own is not null && own.TryGetValue("store", out var store) ? store : false);
        json.WritePropertyName("include");
        JsonSerializer.Serialize(json, own is not null && own.TryGetValue("include", out var include) ? include
            : (string[])["reasoning.encrypted_content"]);
    }

    private static void WriteOptions(Utf8JsonWriter json, ChatOptions options)
    {
        if (options.MaxOutputTokens is { } max) json.WriteNumber("max_output_tokens", max);
        if (options.Temperature is { } temperature) json.WriteNumber("temperature", temperature);
        if (options.TopP is { } topP) json.WriteNumber("top_p", topP);
        if (options.Reasoning is { } reasoning && (reasoning.Effort ?? (object?)reasoning.Output) is not null)
        {
            json.WriteStartObject("reasoning");
            if (reasoning.Effort is { } effort) json.WriteString("effort", ReasoningWords.Of(effort));
            switch (reasoning.Output)
            {
                case ReasoningOutput.Summary: json.WriteString("summary", "auto"); break;
                case ReasoningOutput.Full: json.WriteString("summary", "detailed"); break;
            }
            json.WriteEndObject();
        }
        WriteText(json, options);
        WriteTools(json, options);
    }

    /// <summary>Whether a field stands within <c>text</c>: how wordy the answer is, and what is yet to come there.</summary>
    private static bool IsOfText(string name) => name == Verbosity || name.StartsWith(TextPrefix, StringComparison.Ordinal);

    private static void WriteText(Utf8JsonWriter json, ChatOptions options)
    {
        var more = (options.AdditionalProperties ?? []).Where(field => IsOfText(field.Key)).ToArray();
        var shape = options.ResponseFormat as ChatResponseFormatJson;
        if (shape is null && more.Length == 0) return;
        json.WriteStartObject("text");
        if (shape is not null) WriteFormat(json, shape);
        foreach (var (name, value) in more)
        {
            json.WritePropertyName(name == Verbosity ? name : name[TextPrefix.Length..]);
            JsonSerializer.Serialize(json, value);
        }
        json.WriteEndObject();
    }

    private static void WriteFormat(Utf8JsonWriter json, ChatResponseFormatJson shape)
    {
        json.WriteStartObject("format");
        json.WriteString("type", shape.Schema is null ? "json_object" : "json_schema");
        if (shape.Schema is { } schema)
        {
            json.WriteString("name", shape.SchemaName ?? "answer");
            if (shape.SchemaDescription is { } description) json.WriteString("description", description);
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteBoolean("strict", StrictSchema.Fits(schema));
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
            json.WriteString("name", tool.Name);
            if (tool.Description is { Length: > 0 } description) json.WriteString("description", description);
            json.WritePropertyName("parameters");
            tool.JsonSchema.WriteTo(json);
            json.WriteBoolean("strict", false);   // the default here is true, which refuses most schemas
            json.WriteEndObject();
        }
        json.WriteEndArray();
        OpenAIToolChoice.Write(json, options, isNested: false);
    }
}
