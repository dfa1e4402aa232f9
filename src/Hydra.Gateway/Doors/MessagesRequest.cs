using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the body of <c>POST /v1/messages</c> and of <c>POST /v1/messages/count_tokens</c>. Pure.</summary>
internal static class MessagesRequest
{
    private const int MessagesMax = 100_000;

    private static readonly HashSet<string> Understood = new(StringComparer.Ordinal)
    {
        "model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice", "output_config",
        "output_format",
    };

    /// <param name="isCount">Whether only the prompt is to be measured, so that no length of the answer is needed.</param>
    public static DoorRequest Read(JsonElement json, bool isCount)
    {
        var model = json.RequiredText("model", "");
        var max = json.WholeMember("max_tokens", "", 1, int.MaxValue);
        if (max is null && !isCount) throw DoorJson.Bad("'max_tokens' is missing. It must be a whole number of at least 1.", "max_tokens");
        var messages = Messages(json);
        var thinking = json.ObjectMember("thinking", "");
        var options = new ChatOptions
        {
            MaxOutputTokens = (int?)max,
            Temperature = (float?)json.NumberMember("temperature", "", 0, 1),
            TopP = (float?)json.NumberMember("top_p", "", 0, 1),
            TopK = (int?)json.WholeMember("top_k", "", 0, int.MaxValue),
            StopSequences = Stops(json),
            ResponseFormat = Format(json),
        };
        MessagesTools.Read(json, options);
        options.Reasoning = thinking is { } given ? Thinking(given) : Effort(json);
        foreach (var member in json.EnumerateObject())
        {
            if (Understood.Contains(member.Name) || member.Value.ValueKind == JsonValueKind.Null) continue;
            // Nothing to think with is said by its absence.
            if (member.Name == "thinking" && options.Reasoning?.Effort == ReasoningEffort.None) continue;
            (options.AdditionalProperties ??= [])[member.Name] = member.Value.Clone();
        }
        return new DoorRequest
        {
            Model = model,
            Messages = messages,
            Options = options,
            IsStreamed = !isCount && (json.FlagMember("stream", "") ?? false),
            IsCount = isCount,
            User = json.ObjectMember("metadata", "")?.TextMember("user_id", "metadata"),
        };
    }

    private static List<ChatMessage> Messages(JsonElement json)
    {
        var given = json.ListMember("messages", "") ?? throw DoorJson.Bad("'messages' is missing. It must be an array of messages.", "messages");
        if (given.GetArrayLength() is 0 or > MessagesMax) throw DoorJson.Bad($"'messages' holds {given.GetArrayLength()} messages; it must hold 1 to {MessagesMax}.", "messages");
        var messages = new List<ChatMessage>(given.GetArrayLength() + 1);
        if (MessagesBlocks.ReadSystem(json) is { } system) messages.Add(system);
        var blocks = new MessagesBlocks();
        var count = 0;
        foreach (var item in given.EnumerateArray()) messages.Add(blocks.ReadMessage(item, $"messages[{count++}]"));
        return messages;
    }

    private static List<string>? Stops(JsonElement json)
    {
        if (json.ListMember("stop_sequences", "") is not { } given) return null;
        var stops = new List<string>();
        foreach (var item in given.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(item, $"stop_sequences[{stops.Count}]", "a string");
            stops.Add(DoorJson.TextOf(item, $"stop_sequences[{stops.Count}]"));
        }
        return stops;
    }

    /// <summary>A budget of tokens as one of four efforts; providers that know budgets are sent the caller's own.</summary>
    private static ReasoningOptions? Thinking(JsonElement thinking) => thinking.RequiredText("type", "thinking") switch
    {
        "disabled" => new() { Effort = ReasoningEffort.None },
        "adaptive" => new() { Effort = ReasoningEffort.Medium },
        "enabled" => (thinking.WholeMember("budget_tokens", "thinking", 1, int.MaxValue) ?? throw DoorJson.Bad("'thinking.budget_tokens' is missing.", "thinking.budget_tokens")) switch
        {
            < 4_096 => new() { Effort = ReasoningEffort.Low },
            < 16_384 => new() { Effort = ReasoningEffort.Medium },
            < 32_768 => new() { Effort = ReasoningEffort.High },
            _ => new() { Effort = ReasoningEffort.ExtraHigh },
        },
        var other => throw DoorJson.Bad($"'thinking.type' is '{Excerpt.Of(other)}'; it must be enabled, disabled or adaptive.", "thinking.type"),
    };

    private static ReasoningOptions? Effort(JsonElement json) =>
        json.ObjectMember("output_config", "")?.TextMember("effort", "output_config") switch
        {
            null => null,
            "low" => new() { Effort = ReasoningEffort.Low },
            "medium" => new() { Effort = ReasoningEffort.Medium },
            "high" => new() { Effort = ReasoningEffort.High },
            "xhigh" or "max" => new() { Effort = ReasoningEffort.ExtraHigh },
            var other => throw DoorJson.Bad($"'output_config.effort' is '{Excerpt.Of(other)}'; it must be low, medium, high, xhigh or max.", "output_config.effort"),
        };

    /// <summary>The shape of the answer, under today's name or that of the first version.</summary>
    private static ChatResponseFormat? Format(JsonElement json)
    {
        var at = "output_config.format";
        var format = json.ObjectMember("output_config", "")?.ObjectMember("format", "output_config");
        if (format is null) (at, format) = ("output_format", json.ObjectMember("output_format", ""));
        if (format is not { } shape) return null;
        var type = shape.RequiredText("type", at);
        if (type != "json_schema") throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}'; it must be json_schema.", $"{at}.type");
        if (shape.ObjectMember("schema", at) is null) throw DoorJson.Bad($"'{at}.schema' is missing.", $"{at}.schema");
        return ChatRequest.SchemaFormat(shape, at);
    }
}
