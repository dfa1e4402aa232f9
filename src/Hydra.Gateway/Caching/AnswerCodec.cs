using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>An answer as compact JSON and back. Pure.</summary>
/// <remarks>
/// What has no place in this form makes the whole answer unfit to be kept: a replay that lacks something would be another answer.
/// </remarks>
internal static class AnswerCodec
{
    private const int Version = 1;
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 256 };

    /// <summary>Null: it holds a content that has no form here.</summary>
    public static byte[]? Write(CachedAnswer answer)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteNumber("v", Version);
            json.WriteString("m", answer.Model);
            json.WriteNumber("at", answer.At.ToUnixTimeMilliseconds());
            json.WriteNumber("x", answer.ExpiresAt.ToUnixTimeMilliseconds());
            json.WriteNumber("usd", answer.CostUsd);
            json.WriteNumber("tok", answer.Tokens);
            json.WriteStartArray("tags");
            foreach (var tag in answer.Tags) json.WriteStringValue(tag);
            json.WriteEndArray();
            json.WriteStartArray("u");
            foreach (var update in answer.Updates)
            {
                if (!WriteUpdate(json, update)) return null;
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Null: these bytes are no answer of this form.</summary>
    public static CachedAnswer? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Reading);
            var json = document.RootElement;
            if (json.Number("v") != Version) return null;
            return new CachedAnswer
            {
                Model = json.GetProperty("m").GetString()!,
                At = DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("at").GetInt64()),
                ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("x").GetInt64()),
                CostUsd = json.GetProperty("usd").GetDecimal(),
                Tokens = json.GetProperty("tok").GetInt64(),
                Tags = [.. json.Items("tags").Select(tag => tag.GetString()!)],
                Updates = [.. json.Items("u").Select(ReadUpdate)],
            };
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static bool WriteUpdate(Utf8JsonWriter json, ChatResponseUpdate update)
    {
        json.WriteStartObject();
        Text("r", update.Role?.Value);
        Text("n", update.AuthorName);
        Text("id", update.ResponseId);
        Text("mid", update.MessageId);
        Text("model", update.ModelId);
        Text("f", update.FinishReason?.Value);
        if (update.CreatedAt is { } at) json.WriteNumber("at", at.ToUnixTimeMilliseconds());
        if (!WriteExtras(json, update.AdditionalProperties)) return false;
        if (update.Contents.Count > 0)
        {
            json.WriteStartArray("c");
            foreach (var content in update.Contents)
            {
                if (!WriteContent(json, content)) return false;
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        return true;

        void Text(string name, string? value)
        {
            if (value is not null) json.WriteString(name, value);
        }
    }

    private static bool WriteContent(Utf8JsonWriter json, AIContent content)
    {
        if (content.Annotations is { Count: > 0 }) return false;
        json.WriteStartObject();
        switch (content)
        {
            case TextContent text: json.WriteString("t", text.Text); break;
            case TextReasoningContent thought:
                json.WriteString("th", thought.Text);
                if (thought.ProtectedData is { } state) json.WriteString("ps", state);
                break;
            case FunctionCallContent { Exception: null } call:
                json.WriteString("call", call.CallId);
                json.WriteString("fn", call.Name);
                json.WritePropertyName("args");
                json.WriteRawValue(ToolText.Arguments(call), skipInputValidation: true);
                break;
            case UsageContent usage: WriteUsage(json, usage.Details); break;
            case DataContent data:
                json.WriteString("data", data.Uri);
                json.WriteString("mt", data.MediaType);
                break;
            default: return false;
        }
        var isKnown = WriteExtras(json, content.AdditionalProperties);
        json.WriteEndObject();
        return isKnown;
    }

    private static void WriteUsage(Utf8JsonWriter json, UsageDetails usage)
    {
        json.WriteStartObject("use");
        Count("in", usage.InputTokenCount);
        Count("out", usage.OutputTokenCount);
        Count("all", usage.TotalTokenCount);
        Count("read", usage.CachedInputTokenCount);
        Count("think", usage.ReasoningTokenCount);
        if (usage.AdditionalCounts is { Count: > 0 } more)
        {
            json.WriteStartObject("more");
            foreach (var (name, count) in more) json.WriteNumber(name, count);
            json.WriteEndObject();
        }
        json.WriteEndObject();

        void Count(string name, long? count)
        {
            if (count is { } known) json.WriteNumber(name, known);
        }
    }

    /// <summary>False: one of them has no JSON form of its own.</summary>
    private static bool WriteExtras(Utf8JsonWriter json, AdditionalPropertiesDictionary? extras)
    {
        if (extras is not { Count: > 0 }) return true;
        json.WriteStartObject("p");
        foreach (var (name, value) in extras)
        {
            json.WritePropertyName(name);
            switch (value)
            {
                case JsonElement element: element.WriteTo(json); break;
                case string text: json.WriteStringValue(text); break;
                case bool flag: json.WriteBooleanValue(flag); break;
                case null: json.WriteNullValue(); break;
                default: return false;
            }
        }
        json.WriteEndObject();
        return true;
    }

    private static ChatResponseUpdate ReadUpdate(JsonElement json) => new()
    {
        Role = json.Text("r") is { } role ? new ChatRole(role) : null,
        AuthorName = json.Text("n"),
        ResponseId = json.Text("id"),
        MessageId = json.Text("mid"),
        ModelId = json.Text("model"),
        FinishReason = json.Text("f") is { } finish ? new ChatFinishReason(finish) : null,
        CreatedAt = json.Number("at") is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        AdditionalProperties = ReadExtras(json),
        Contents = [.. json.Items("c").Select(ReadContent)],
    };

    private static AIContent ReadContent(JsonElement json)
    {
        AIContent content =
            json.Get("t") is { } text ? new TextContent(text.ToText())
            : json.Get("th") is { } thought ? new TextReasoningContent(thought.ToText()) { ProtectedData = json.Text("ps") }
            : json.Text("call") is { } call ? new FunctionCallContent(call, json.Text("fn")!, ToolText.ParseArguments(json.Text("fn")!, json.GetProperty("args").GetRawText(), default))
            : json.Get("use") is { } usage ? new UsageContent(ReadUsage(usage))
            : new DataContent(json.Text("data") ?? throw new FormatException("a content of no known form"), json.Text("mt"));
        content.AdditionalProperties = ReadExtras(json);
        return content;
    }

    private static UsageDetails ReadUsage(JsonElement json)
    {
        var usage = new UsageDetails
        {
            InputTokenCount = json.Number("in"), OutputTokenCount = json.Number("out"), TotalTokenCount = json.Number("all"),
            CachedInputTokenCount = json.Number("read"), ReasoningTokenCount = json.Number("think"),
        };
        if (json.Get("more") is not { } more) return usage;
        usage.AdditionalCounts = [];
        foreach (var count in more.EnumerateObject()) usage.AdditionalCounts[count.Name] = count.Value.GetInt64();
        return usage;
    }

    private static AdditionalPropertiesDictionary? ReadExtras(JsonElement json)
    {
        if (json.Get("p") is not { } given) return null;
        var extras = new AdditionalPropertiesDictionary();
        foreach (var extra in given.EnumerateObject())
        {
            extras[extra.Name] = extra.Value.ValueKind switch
            {
                JsonValueKind.String => extra.Value.GetString(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Null => null,
                _ => extra.Value.Clone(),
            };
        }
        return extras;
    }
}
