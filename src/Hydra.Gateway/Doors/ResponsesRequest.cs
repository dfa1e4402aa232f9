using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the body of <c>POST /v1/responses</c>. Pure.</summary>
internal static class ResponsesRequest
{
    private const string SealedReasoning = "reasoning.encrypted_content";

    private static readonly HashSet<string> Understood = new(StringComparer.Ordinal)
    {
        "model", "input", "instructions", "stream", "stream_options", "max_output_tokens", "temperature", "top_p", "reasoning", "text", "tools", "tool_choice",
        "parallel_tool_calls", "metadata", "user", "store", "include", "previous_response_id", "conversation", "background", "prompt",
    };

    /// <summary>Members that the answer repeats as they were asked.</summary>
    private static readonly string[] Echoed =
    [
        "instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning", "safety_identifier",
        "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
    ];

    public static DoorRequest Read(JsonElement json)
    {
        var model = json.RequiredText("model", "");
        RefuseState(json);
        CheckInclude(json);
        var options = new ChatOptions
        {
            Instructions = json.TextMember("instructions", ""),
            MaxOutputTokens = (int?)json.WholeMember("max_output_tokens", "", 1, int.MaxValue),
            Temperature = (float?)json.NumberMember("temperature", "", 0, 2),
            TopP = (float?)json.NumberMember("top_p", "", 0, 1),
            Reasoning = Reasoning(json),
            ResponseFormat = Format(json),
            AllowMultipleToolCalls = json.FlagMember("parallel_tool_calls", ""),
        };
        Tools(json, options);
        foreach (var member in json.ObjectMember("text", "")?.EnumerateObject() ?? default)
        {
            if (member.Name != "format" && member.Value.ValueKind != JsonValueKind.Null) (options.AdditionalProperties ??= [])[member.Name == Pipeline.NativeFields.Verbosity ? member.Name : $"text.{member.Name}"] = member.Value.Clone();
        }
        foreach (var member in json.EnumerateObject())
        {
            if (Understood.Contains(member.Name) || member.Value.ValueKind == JsonValueKind.Null) continue;
            (options.AdditionalProperties ??= [])[member.Name] = member.Value.Clone();
        }
        return new DoorRequest
        {
            Model = model,
            Messages = ResponsesInput.Read(json),
            Options = options,
            IsStreamed = json.FlagMember("stream", "") ?? false,
            User = json.TextMember("user", ""),
            Metadata = ChatRequest.MetadataOf(json),
            Echo = Echoed.Where(name => json.Member(name) is not null).ToDictionary(name => name, name => json.GetProperty(name).Clone(), StringComparer.Ordinal),
        };
    }

    /// <summary>Whatever would need the gateway to keep a conversation.</summary>
    private static void RefuseState(JsonElement json)
    {
        if (json.FlagMember("store", "") == true) throw DoorJson.Bad("'store' is true, and this gateway keeps no responses. Send `store: false`, and the whole conversation in 'input'.", "store");
        if (json.FlagMember("background", "") == true) throw DoorJson.Bad("'background' is true, and this gateway answers while you wait. Leave it out; `stream: true` shows the answer as it comes.", "background");
        foreach (var name in (ReadOnlySpan<string>)["previous_response_id", "conversation"])
        {
            if (json.Member(name) is not null) throw DoorJson.Bad($"'{name}' is set, and this gateway keeps no conversations. Leave it out, and send the whole conversation in 'input', with the reasoning items as they came.", name);
        }
        if (json.Member("prompt") is not null) throw DoorJson.Bad("'prompt' names a template that is kept at a provider, which is not reached from here. Send its text in 'instructions'.", "prompt");
    }

    private static void CheckInclude(JsonElement json)
    {
        if (json.ListMember("include", "") is not { } include) return;
        foreach (var item in include.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(item, "include", "an array of strings");
            if (DoorJson.TextOf(item, "include") is var name && name != SealedReasoning) throw DoorJson.Bad($"'include' holds '{Excerpt.Of(name)}'; this gateway can include {SealedReasoning} only.", "include");
        }
    }

    private static ReasoningOptions? Reasoning(JsonElement json)
    {
        if (json.ObjectMember("reasoning", "") is not { } given) return null;
        var reasoning = ChatRequest.Effort(given.TextMember("effort", "reasoning"), "reasoning.effort");
        ReasoningOutput? output = (given.TextMember("summary", "reasoning") ?? given.TextMember("generate_summary", "reasoning")) switch
        {
            null => null,
            "auto" or "concise" => ReasoningOutput.Summary,
            "detailed" => ReasoningOutput.Full,
            var other => throw DoorJson.Bad($"'reasoning.summary' is '{Excerpt.Of(other)}'; it must be auto, concise or detailed.", "reasoning.summary"),
        };
        if (output is not null) (reasoning ??= new()).Output = output;
        return reasoning;
    }

    private static ChatResponseFormat? Format(JsonElement json)
    {
        const string at = "text.format";
        if (json.ObjectMember("text", "")?.ObjectMember("format", "text") is not { } format) return null;
        switch (format.RequiredText("type", at))
        {
            case "text": return ChatResponseFormat.Text;
            case "json_object": return ChatResponseFormat.Json;
            case "json_schema":
                if (format.ObjectMember("schema", at) is null) throw DoorJson.Bad($"'{at}.schema' is missing.", $"{at}.schema");
                return ChatRequest.SchemaFormat(format, at);
            case var other: throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(other)}'; it must be text, json_object or json_schema.", $"{at}.type");
        }
    }

    private static void Tools(JsonElement json, ChatOptions options)
    {
        if (json.ListMember("tools", "") is { } tools)
        {
            if (tools.GetArrayLength() > ChatTools.ToolsMax) throw DoorJson.Bad($"'tools' holds more than {ChatTools.ToolsMax} tools.", "tools");
            options.Tools = new List<AITool>(tools.GetArrayLength());
            foreach (var tool in tools.EnumerateArray())
            {
                var at = $"tools[{options.Tools.Count}]";
                DoorJson.MustBeObject(tool, at);
                var type = tool.RequiredText("type", at);
                if (type != "function") throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}', a tool that the provider runs itself. Hydra passes on tools of type function only.", $"{at}.type");
                options.Tools.Add(ChatTools.Declare(tool, at, "parameters"));
            }
        }
        if (json.Member("tool_choice") is not { } choice) return;
        if (choice.ValueKind == JsonValueKind.Object)
        {
            var type = choice.RequiredText("type", "tool_choice");
            if (type != "function") throw DoorJson.Bad($"'tool_choice.type' is '{Excerpt.Of(type)}'; it must be function.", "tool_choice.type");
            options.ToolMode = ChatToolMode.RequireSpecific(choice.RequiredText("name", "tool_choice"));
            return;
        }
        options.ToolMode = ChatTools.ModeOf(choice);
    }
}
