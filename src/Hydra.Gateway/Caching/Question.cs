using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>A call in one canonical form, of which the hash is its place in a cache. Pure.</summary>
/// <remarks>
/// Everything that changes an answer is in it: tenant, namespace, model group, every content of every message, and the options. What
/// only names the caller or steers the provider's own cache is not.
/// </remarks>
internal static class Question
{
    private static readonly HashSet<string> NoMatter = new(StringComparer.Ordinal) { "user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention", "stream_options" };

    /// <summary>Hash of the whole call in hexadecimal; null: it holds something that cannot be compared, or that asks the world anew.</summary>
    public static string? KeyOf(IReadOnlyList<ChatMessage> messages, CallOptions options) => Hash(messages, messages.Count, options);

    /// <summary>Hash of all but the last message: what must be equal before two last turns may be compared by their meaning.</summary>
    public static string? PartitionOf(IReadOnlyList<ChatMessage> messages, CallOptions options) => Hash(messages, messages.Count - 1, options);

    /// <summary>Whose answers these are: nobody is given another tenant's.</summary>
    public static string TenantOf(Operation operation) =>
        operation.Caller.Team is { } team ? $"team:{team}" : operation.Caller.KeyId is { } key ? $"key:{key}" : "anonymous";

    private static string? Hash(IReadOnlyList<ChatMessage> messages, int count, CallOptions options)
    {
        if (options.ConversationId is not null || options.RawRepresentationFactory is not null) return null;
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartArray();
            json.WriteStringValue(TenantOf(options.Operation));
            Add(json, options.Operation.CacheControl.Namespace);
            json.WriteStringValue(options.Operation.Model);
            if (!AddOptions(json, options)) return null;
            for (var i = 0; i < count; i++)
            {
                if (!AddMessage(json, messages[i])) return null;
            }
            json.WriteEndArray();
        }
        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static bool AddOptions(Utf8JsonWriter json, ChatOptions options)
    {
        json.WriteStartArray();
        Add(json, options.Instructions);
        Add(json, options.MaxOutputTokens);
        Add(json, options.Temperature);
        Add(json, options.TopP);
        Add(json, options.TopK);
        Add(json, options.FrequencyPenalty);
        Add(json, options.PresencePenalty);
        Add(json, options.Seed);
        Add(json, options.AllowMultipleToolCalls is { } many ? many ? 1 : 0 : null);
        Add(json, options.Reasoning?.Effort?.ToString());
        Add(json, options.Reasoning?.Output?.ToString());
        json.WriteStartArray();
        foreach (var stop in options.StopSequences ?? []) json.WriteStringValue(stop);
        json.WriteEndArray();
        AddFormat(json, options.ResponseFormat);
        Add(json, options.ToolMode switch { null => null, RequiredChatToolMode required => $"required:{required.RequiredFunctionName}", var mode => mode.GetType().Name });
        json.WriteStartArray();
        foreach (var tool in options.Tools ?? [])
        {
            if (tool is not AIFunctionDeclaration function) return false;   // the provider's own tools ask the world anew
            json.WriteStringValue(function.Name);
            json.WriteStringValue(function.Description);
            Add(json, function.JsonSchema);
            if (!AddExtras(json, tool.AdditionalProperties)) return false;
        }
        json.WriteEndArray();
        var isKnown = AddExtras(json, options.AdditionalProperties);
        json.WriteEndArray();
        return isKnown;
    }

    private static void AddFormat(Utf8JsonWriter json, ChatResponseFormat? format)
    {
        Add(json, format?.GetType().Name);
        if (format is not ChatResponseFormatJson { Schema: { } schema } shaped) return;
        Add(json, shaped.SchemaName);
        Add(json, shaped.SchemaDescription);
        Add(json, schema);
    }

    private static bool AddMessage(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartArray();
        json.WriteStringValue(message.Role.Value);
        Add(json, message.AuthorName);
        foreach (var content in message.Contents)
        {
            if (!AddContent(json, content)) return false;
        }
        var isKnown = AddExtras(json, message.AdditionalProperties);
        json.WriteEndArray();
        return isKnown;
    }

    private static bool AddContent(Utf8JsonWriter json, AIContent content)
    {
        json.WriteStartArray();
        switch (content)
        {
            case TextContent text: Write("text", text.Text); break;
            case TextReasoningContent thought: Write("thought", thought.Text, thought.ProtectedData); break;
            case FunctionCallContent call: Write("call", call.CallId, call.Name, ToolText.Arguments(call)); break;
            case FunctionResultContent { Result: IEnumerable<AIContent> parts } result:
                Write("result", result.CallId);
                foreach (var part in parts)
                {
                    if (!AddContent(json, part)) return false;
                }
                break;
            case FunctionResultContent result: Write("result", result.CallId, ToolText.Result(result)); break;
            case DataContent data: Write("data", data.MediaType, Convert.ToHexStringLower(SHA256.HashData(data.Data.Span))); break;
            case UriContent uri: Write("uri", uri.MediaType, uri.Uri.OriginalString); break;
            default: return false;
        }
        var isKnown = AddExtras(json, content.AdditionalProperties);
        json.WriteEndArray();
        return isKnown;

        void Write(params ReadOnlySpan<string?> texts)
        {
            foreach (var text in texts) Add(json, text);
        }
    }

    /// <summary>False: one of them has no text form of its own.</summary>
    private static bool AddExtras(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>>? extras)
    {
        if (extras is null) return true;
        json.WriteStartObject();
        foreach (var (name, value) in extras.OrderBy(extra => extra.Key, StringComparer.Ordinal))
        {
            if (NoMatter.Contains(name)) continue;
            json.WritePropertyName(name);
            switch (value)
            {
                case null: json.WriteNullValue(); break;
                case JsonElement element: Add(json, element); break;
                case string text: json.WriteStringValue(text); break;
                case bool flag: json.WriteBooleanValue(flag); break;
                case IFormattable number when number.GetType().IsPrimitive: json.WriteStringValue(number.ToString(null, null)); break;
                case System.Text.Json.Nodes.JsonNode node: node.WriteTo(json); break;
                default: return false;
            }
        }
        json.WriteEndObject();
        return true;
    }

    private static void Add(Utf8JsonWriter json, string? text)
    {
        if (text is null) json.WriteNullValue();
        else json.WriteStringValue(text);
    }

    private static void Add(Utf8JsonWriter json, double? number)
    {
        if (number is { } value) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }

    private static void Add(Utf8JsonWriter json, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Undefined) json.WriteNullValue();
        else json.WriteRawValue(element.GetRawText(), skipInputValidation: true);
    }
}
