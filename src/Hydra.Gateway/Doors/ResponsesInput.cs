using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the input of a Responses request: one text, or items. One reader a request: states of tool calls stand in items before them.</summary>
internal sealed class ResponsesInput
{
    private const int ItemsMax = 100_000;
    private readonly List<ChatMessage> _messages = [];
    private readonly Dictionary<string, AdditionalPropertiesDictionary> _callStates = new(StringComparer.Ordinal);

    public static List<ChatMessage> Read(JsonElement json)
    {
        var input = json.Member("input") ?? throw DoorJson.Bad("'input' is missing. It must be a string or an array of items.", "input");
        if (input.ValueKind == JsonValueKind.String) return [new ChatMessage(ChatRole.User, DoorJson.TextOf(input, "input"))];
        if (input.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(input, "input", "a string or an array of items");
        if (input.GetArrayLength() is 0 or > ItemsMax) throw DoorJson.Bad($"'input' holds {input.GetArrayLength()} items; it must hold 1 to {ItemsMax}.", "input");
        var reader = new ResponsesInput();
        var count = 0;
        foreach (var item in input.EnumerateArray()) reader.ReadItem(item, $"input[{count++}]");
        return reader._messages;
    }

    private void ReadItem(JsonElement item, string at)
    {
        DoorJson.MustBeObject(item, at);
        var type = item.TextMember("type", at) ?? (item.Member("role") is null ? item.RequiredText("type", at) : "message");
        switch (type)
        {
            case "message": ReadMessage(item, at); break;
            case "function_call": ReadCall(item, at); break;
            case "function_call_output": ReadOutput(item, at); break;
            case "reasoning": ReadReasoning(item, at); break;
            case "item_reference":
                throw DoorJson.Bad($"'{at}' refers to an item by its id, and this gateway keeps no items. Send `store: false`, and give the items themselves.", at);
            default:
                throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}'; it must be message, function_call, function_call_output or reasoning.", $"{at}.type");
        }
    }

    private void ReadMessage(JsonElement item, string at)
    {
        var role = item.RequiredText("role", at);
        var contents = role switch
        {
            "assistant" => TurnOf(ChatRole.Assistant).Contents,
            "user" => New(ChatRole.User).Contents,
            "system" or "developer" => New(ChatRole.System).Contents,
            _ => throw DoorJson.Bad($"'{at}.role' is '{Excerpt.Of(role)}'; it must be user, assistant, system or developer.", $"{at}.role"),
        };
        ReadContent(item.Member("content") ?? throw DoorJson.Bad($"'{at}.content' is missing. It must be a string or an array of parts.", $"{at}.content"), $"{at}.content", contents);
    }

    private void ReadCall(JsonElement item, string at)
    {
        var id = item.RequiredText("call_id", at);
        var call = ToolText.Call(id, item.RequiredText("name", at), item.TextMember("arguments", at) ?? "");
        foreach (var (state, value) in _callStates.GetValueOrDefault(id) ?? []) (call.AdditionalProperties ??= [])[state] = value;
        TurnOf(ChatRole.Assistant).Contents.Add(call);
    }

    private void ReadOutput(JsonElement item, string at)
    {
        var id = item.RequiredText("call_id", at);
        List<AIContent> parts = [];
        ReadContent(item.Member("output") ?? throw DoorJson.Bad($"'{at}.output' is missing. It must be a string or an array of parts.", $"{at}.output"), $"{at}.output", parts);
        var text = string.Join('\n', parts.OfType<TextContent>().Select(part => part.Text));
        TurnOf(ChatRole.Tool).Contents.Add(new FunctionResultContent(id, text));
        var shown = parts.Where(part => part is not TextContent).ToList();
        if (shown.Count > 0) _messages.Add(new ChatMessage(ChatRole.User, shown));
    }

    private void ReadReasoning(JsonElement item, string at)
    {
        var sealedState = item.TextMember("encrypted_content", at);
        if (CarriedState.TryTakeOfCall(sealedState, _callStates)) return;
        var texts = new List<string>();
        foreach (var list in (ReadOnlySpan<string>)["summary", "content"])
        {
            if (item.ListMember(list, at) is not { } parts) continue;
            var count = 0;
            foreach (var part in parts.EnumerateArray())
            {
                var here = $"{at}.{list}[{count++}]";
                DoorJson.MustBeObject(part, here);
                texts.Add(part.TextMember("text", here) ?? "");
            }
        }
        var text = string.Join("\n\n", texts);
        if (text.Length == 0 && sealedState is null) return;
        TurnOf(ChatRole.Assistant).Contents.Add(new TextReasoningContent(text) { ProtectedData = CarriedState.Keep(OpaqueState.OpenAI, sealedState) });
    }

    private static void ReadContent(JsonElement content, string at, IList<AIContent> contents)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            contents.Add(new TextContent(DoorJson.TextOf(content, at)));
            return;
        }
        if (content.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(content, at, "a string or an array of parts");
        var count = 0;
        foreach (var part in content.EnumerateArray()) contents.Add(Part(part, $"{at}[{count++}]"));
    }

    private static AIContent Part(JsonElement part, string at)
    {
        DoorJson.MustBeObject(part, at);
        switch (part.RequiredText("type", at))
        {
            case "input_text" or "output_text" or "text": return new TextContent(part.TextMember("text", at) ?? throw DoorJson.Bad($"'{at}.text' is missing.", $"{at}.text"));
            case "refusal": return new TextContent(part.TextMember("refusal", at) ?? "");
            case "input_image":
                return part.TextMember("image_url", at) is { } picture ? ChatParts.Address(picture, "image/*", $"{at}.image_url") : Hosted(part, at);
            case "input_file":
                if (part.TextMember("file_url", at) is { } url) return ChatParts.Address(url, "application/pdf", $"{at}.file_url");
                if (part.TextMember("file_data", at) is not { } bytes) return Hosted(part, at);
                var file = ChatParts.Address(bytes, "application/pdf", $"{at}.file_data");
                if (file is DataContent data) data.Name = part.TextMember("filename", at);
                return file;
            case var other: throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(other)}'; it must be input_text, output_text, refusal, input_image or input_file.", $"{at}.type");
        }
    }

    private static HostedFileContent Hosted(JsonElement part, string at) => new(part.RequiredText("file_id", at));

    /// <summary>The turn that goes on, or a new one: what an assistant thinks, says and calls between two users is one turn.</summary>
    private ChatMessage TurnOf(ChatRole role) => _messages is [.., { } last] && last.Role == role ? last : New(role);

    private ChatMessage New(ChatRole role)
    {
        var message = new ChatMessage { Role = role };
        _messages.Add(message);
        return message;
    }
}
