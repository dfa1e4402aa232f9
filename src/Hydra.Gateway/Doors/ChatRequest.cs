using System.Collections.ObjectModel;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the body of <c>POST /v1/chat/completions</c>. Pure.</summary>
/// <remarks>
/// Fields that the format knows and Hydra gives no meaning to, and fields it does not know, pass on to providers that speak this
/// format; the others leave them out and say so.
/// </remarks>
internal static class ChatRequest
{
    private const int MessagesMax = 100_000;

    private static readonly HashSet<string> Understood = new(StringComparer.Ordinal)
    {
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "frequency_penalty",
        "presence_penalty", "seed", "stop", "reasoning_effort", "response_format", "tools", "tool_choice", "parallel_tool_calls", "n", "user", "metadata",
        "functions", "function_call",
    };

    public static DoorRequest Read(JsonElement json)
    {
        var model = json.RequiredText("model", "");
        var messages = Messages(json);
        if (json.WholeMember("n", "", 1, 1) is null && json.Member("n") is not null) throw DoorJson.Bad("'n' must be 1.", "n");
        foreach (var old in (ReadOnlySpan<string>)["functions", "function_call"])
        {
            if (json.Member(old) is not null) throw DoorJson.Bad($"'{old}' was replaced by 'tools' and 'tool_choice' in 2023; use those.", old);
        }
        var options = new ChatOptions
        {
            MaxOutputTokens = (int?)(json.WholeMember("max_completion_tokens", "", 1, int.MaxValue) ?? json.WholeMember("max_tokens", "", 1, int.MaxValue)),
            Temperature = (float?)json.NumberMember("temperature", "", 0, 2),
            TopP = (float?)json.NumberMember("top_p", "", 0, 1),
            FrequencyPenalty = (float?)json.NumberMember("frequency_penalty", "", -2, 2),
            PresencePenalty = (float?)json.NumberMember("presence_penalty", "", -2, 2),
            Seed = json.WholeMember("seed", "", long.MinValue, long.MaxValue),
            StopSequences = Stops(json),
            Reasoning = Effort(json.TextMember("reasoning_effort", ""), "reasoning_effort"),
            ResponseFormat = Format(json),
            AllowMultipleToolCalls = json.FlagMember("parallel_tool_calls", ""),
        };
        ChatTools.Read(json, options);
        foreach (var member in json.EnumerateObject())
        {
            if (Understood.Contains(member.Name)) continue;
            (options.AdditionalProperties ??= [])[member.Name] = member.Value.Clone();
        }
        return new DoorRequest
        {
            Model = model,
            Messages = messages,
            Options = options,
            IsStreamed = json.FlagMember("stream", "") ?? false,
            WantsUsage = json.ObjectMember("stream_options", "")?.FlagMember("include_usage", "stream_options") ?? false,
            User = json.TextMember("user", ""),
            Metadata = MetadataOf(json),
        };
    }

    /// <summary>How hard the model should think, in the words of the OpenAI formats.</summary>
    public static ReasoningOptions? Effort(string? word, string at) => word switch
    {
        null => null,
        "none" => new() { Effort = ReasoningEffort.None },
        "minimal" or "low" => new() { Effort = ReasoningEffort.Low },
        "medium" => new() { Effort = ReasoningEffort.Medium },
        "high" => new() { Effort = ReasoningEffort.High },
        "xhigh" => new() { Effort = ReasoningEffort.ExtraHigh },
        _ => throw DoorJson.Bad($"'{at}' is '{Excerpt.Of(word)}'; it must be none, minimal, low, medium, high or xhigh.", at),
    };

    /// <summary>Labels of a request: text by name, as both OpenAI formats have them.</summary>
    public static IReadOnlyDictionary<string, string> MetadataOf(JsonElement json)
    {
        if (json.ObjectMember("metadata", "") is not { } given) return ReadOnlyDictionary<string, string>.Empty;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in given.EnumerateObject())
        {
            if (metadata.Count == 64) throw DoorJson.Bad("'metadata' holds more than 64 entries.", "metadata");
            metadata[member.Name] = member.Value.ValueKind == JsonValueKind.String ? DoorJson.TextOf(member.Value, $"metadata.{member.Name}") : member.Value.GetRawText();
        }
        return metadata;
    }

    private static List<ChatMessage> Messages(JsonElement json)
    {
        var given = json.ListMember("messages", "") ?? throw DoorJson.Bad("'messages' is missing. It must be an array of messages.", "messages");
        if (given.GetArrayLength() is 0 or > MessagesMax) throw DoorJson.Bad($"'messages' holds {given.GetArrayLength()} messages; it must hold 1 to {MessagesMax}.", "messages");
        var messages = new List<ChatMessage>(given.GetArrayLength());
        foreach (var item in given.EnumerateArray()) messages.Add(Message(item, $"messages[{messages.Count}]"));
        return messages;
    }

    private static ChatMessage Message(JsonElement item, string at)
    {
        DoorJson.MustBeObject(item, at);
        var role = item.RequiredText("role", at);
        var message = new ChatMessage { AuthorName = item.TextMember("name", at) };
        switch (role)
        {
            case "system" or "developer":
                message.Role = ChatRole.System;
                ChatParts.Read(item, at, message.Contents, isRequired: true);
                break;
            case "user":
                message.Role = ChatRole.User;
                ChatParts.Read(item, at, message.Contents, isRequired: true);
                break;
            case "assistant":
                message.Role = ChatRole.Assistant;
                ChatCalls.ReadThoughts(item, at, message.Contents);
                ChatParts.Read(item, at, message.Contents, isRequired: false);
                ChatTools.ReadCalls(item, at, message.Contents);
                break;
            case "tool":
                message.Role = ChatRole.Tool;
                var parts = new List<AIContent>();
                ChatParts.Read(item, at, parts, isRequired: true);
                var result = parts is [TextContent only] ? only.Text : (object)parts;
                message.Contents.Add(new FunctionResultContent(item.RequiredText("tool_call_id", at), result));
                break;
            default:
                throw DoorJson.Bad($"'{at}.role' is '{Excerpt.Of(role)}'; it must be developer, system, user, assistant or tool.", $"{at}.role");
        }
        return message;
    }

    private static List<string>? Stops(JsonElement json)
    {
        if (json.Member("stop") is not { } stop) return null;
        if (stop.ValueKind == JsonValueKind.String) return [DoorJson.TextOf(stop, "stop")];
        if (stop.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(stop, "stop", "a string or an array of strings");
        var stops = new List<string>();
        foreach (var item in stop.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(item, $"stop[{stops.Count}]", "a string");
            stops.Add(DoorJson.TextOf(item, $"stop[{stops.Count}]"));
        }
        return stops;
    }

    private static ChatResponseFormat? Format(JsonElement json)
    {
        if (json.ObjectMember("response_format", "") is not { } format) return null;
        switch (format.RequiredText("type", "response_format"))
        {
            case "text": return ChatResponseFormat.Text;
            case "json_object": return ChatResponseFormat.Json;
            case "json_schema":
                var shape = format.ObjectMember("json_schema", "response_format")
                    ?? throw DoorJson.Bad("'response_format.json_schema' is missing.", "response_format.json_schema");
                return SchemaFormat(shape, "response_format.json_schema");
            case var other: throw DoorJson.Bad($"'response_format.type' is '{Excerpt.Of(other)}'; it must be text, json_object or json_schema.", "response_format.type");
        }
    }

    /// <summary>A named schema, as both OpenAI formats write it.</summary>
    public static ChatResponseFormat SchemaFormat(JsonElement shape, string at)
    {
        if (shape.ObjectMember("schema", at) is not { } schema) return ChatResponseFormat.Json;
        var name = shape.TextMember("name", at);
        return ChatResponseFormat.ForJsonSchema(schema.Clone(), name, shape.TextMember("description", at));
    }
}
