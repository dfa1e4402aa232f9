using System.Text.Json;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the content blocks of a Messages conversation. One reader a request: states of tool calls stand in blocks before them.</summary>
internal sealed class MessagesBlocks
{
    private const string CacheControl = "cache_control";
    private readonly Dictionary<string, AdditionalPropertiesDictionary> _callStates = new(StringComparer.Ordinal);

    public ChatMessage ReadMessage(JsonElement item, string at)
    {
        DoorJson.MustBeObject(item, at);
        var role = item.RequiredText("role", at);
        if (role is not ("user" or "assistant")) throw DoorJson.Bad($"'{at}.role' is '{Excerpt.Of(role)}'; it must be user or assistant. Instructions go into 'system'.", $"{at}.role");
        var isUser = role == "user";
        var message = new ChatMessage { Role = isUser ? ChatRole.User : ChatRole.Assistant };
        List<AIContent> shown = [];
        Each(item.Member("content") ?? throw DoorJson.Bad($"'{at}.content' is missing. It must be a string or an array of blocks.", $"{at}.content"), $"{at}.content",
            (block, here) => ReadBlock(block, here, isUser, message.Contents, shown), text => message.Contents.Add(new TextContent(text)));
        // Pictures of results follow all results, which must stand together.
        foreach (var content in shown) message.Contents.Add(content);
        if (isUser && message.Contents.Count > 0 && message.Contents.All(content => content is FunctionResultContent)) message.Role = ChatRole.Tool;
        return message;
    }

    /// <summary>The instructions, which are one text or blocks of text.</summary>
    public static ChatMessage? ReadSystem(JsonElement json)
    {
        if (json.Member("system") is not { } system) return null;
        var message = new ChatMessage { Role = ChatRole.System };
        Each(system, "system", (block, at) =>
        {
            if (block.RequiredText("type", at) is var type && type != "text") throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}'; it must be text.", $"{at}.type");
            message.Contents.Add(Text(block, at));
        }, text => message.Contents.Add(new TextContent(text)));
        return message.Contents.Count == 0 ? null : message;
    }

    /// <summary>A mark up to which the prompt is cached, kept as it was sent.</summary>
    public static AdditionalPropertiesDictionary? MarkOf(JsonElement block, string at) =>
        block.ObjectMember(CacheControl, at) is { } mark ? new() { [CacheControl] = mark.Clone() } : null;

    private void ReadBlock(JsonElement block, string at, bool isUser, IList<AIContent> contents, List<AIContent> shown)
    {
        var type = block.RequiredText("type", at);
        switch (type)
        {
            case "text": contents.Add(Text(block, at)); break;
            case "image" or "document" when isUser: contents.Add(Marked(Source(block, type, at), block, at)); break;
            case "tool_result" when isUser: contents.Add(Marked(Result(block, at, shown), block, at)); break;
            case "tool_use" when !isUser: contents.Add(Marked(Call(block, at), block, at)); break;
            case "thinking" when !isUser:
                contents.Add(new TextReasoningContent(block.TextMember("thinking", at) ?? "") { ProtectedData = CarriedState.Keep(OpaqueState.Anthropic, block.TextMember("signature", at)) });
                break;
            case "redacted_thinking" when !isUser:
                var data = block.RequiredText("data", at);
                if (!CarriedState.TryTakeOfCall(data, _callStates)) contents.Add(AnthropicState.Redacted(data));
                break;
            default:
                throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}'; a block of the {(isUser ? "user must be text, image, document or tool_result" : "assistant must be text, thinking, redacted_thinking or tool_use")}.", $"{at}.type");
        }
    }

    private static TextContent Text(JsonElement block, string at) => Marked(new TextContent(block.TextMember("text", at) ?? throw DoorJson.Bad($"'{at}.text' is missing.", $"{at}.text")), block, at);

    private FunctionCallContent Call(JsonElement block, string at)
    {
        var id = block.RequiredText("id", at);
        var input = block.ObjectMember("input", at) ?? throw DoorJson.Bad($"'{at}.input' is missing. It must be an object.", $"{at}.input");
        var call = ToolText.Call(id, block.RequiredText("name", at), input.GetRawText());
        call.AdditionalProperties = _callStates.GetValueOrDefault(id);
        return call;
    }

    private static FunctionResultContent Result(JsonElement block, string at, List<AIContent> shown)
    {
        var texts = new List<string>();
        if (block.Member("content") is { } content)
        {
            Each(content, $"{at}.content", (part, here) =>
            {
                switch (part.RequiredText("type", here))
                {
                    case "text": texts.Add(Text(part, here).Text); break;
                    case "image" or "document": shown.Add(Source(part, part.RequiredText("type", here), here)); break;
                    case var other: throw DoorJson.Bad($"'{here}.type' is '{Excerpt.Of(other)}'; a result holds text, image or document.", $"{here}.type");
                }
            }, texts.Add);
        }
        var text = string.Join('\n', texts);
        var result = new FunctionResultContent(block.RequiredText("tool_use_id", at), text);
        if (block.FlagMember("is_error", at) == true) result.Exception = new InvalidOperationException(text);
        return result;
    }

    private static AIContent Source(JsonElement block, string type, string at)
    {
        var source = block.ObjectMember("source", at) ?? throw DoorJson.Bad($"'{at}.source' is missing.", $"{at}.source");
        var here = $"{at}.source";
        var isImage = type == "image";
        AIContent content = source.RequiredText("type", here) switch
        {
            "base64" => ChatParts.Bytes(source.RequiredText("data", here), source.RequiredText("media_type", here), $"{here}.data"),
            "url" => ChatParts.Address(source.RequiredText("url", here), isImage ? "image/*" : "application/pdf", $"{here}.url"),
            "text" when !isImage => new TextContent(source.RequiredText("data", here)),
            var other => throw DoorJson.Bad($"'{here}.type' is '{Excerpt.Of(other)}'; it must be base64{(isImage ? " or url" : ", url or text")}. Files kept at a provider are not reached from here: send their bytes.", $"{here}.type"),
        };
        if (isImage && content is DataContent image && !image.HasTopLevelMediaType("image")) throw DoorJson.Bad($"'{here}.media_type' is '{Excerpt.Of(image.MediaType)}', which is no picture.", $"{here}.media_type");
        if (content is DataContent data) data.Name = block.TextMember("title", at);
        return content;
    }

    private static T Marked<T>(T content, JsonElement block, string at) where T : AIContent
    {
        if (MarkOf(block, at) is not { } mark) return content;
        if (content.AdditionalProperties is { } more) more[CacheControl] = mark[CacheControl];
        else content.AdditionalProperties = mark;
        return content;
    }

    private static void Each(JsonElement content, string at, Action<JsonElement, string> block, Action<string> text)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            text(DoorJson.TextOf(content, at));
            return;
        }
        if (content.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(content, at, "a string or an array of blocks");
        var count = 0;
        foreach (var item in content.EnumerateArray())
        {
            var here = $"{at}[{count++}]";
            DoorJson.MustBeObject(item, here);
            block(item, here);
        }
    }
}
