using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads tools, the choice among them and past calls of a chat-completions request. Pure.</summary>
internal static class ChatTools
{
    public const int ToolsMax = 1_000;
    private static readonly JsonElement AnyObject = JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement.Clone();

    public static void Read(JsonElement json, ChatOptions options)
    {
        if (json.ListMember("tools", "") is { } tools)
        {
            if (tools.GetArrayLength() > ToolsMax) throw DoorJson.Bad($"'tools' holds more than {ToolsMax} tools.", "tools");
            options.Tools = new List<AITool>(tools.GetArrayLength());
            foreach (var tool in tools.EnumerateArray()) options.Tools.Add(Tool(tool, $"tools[{options.Tools.Count}]"));
        }
        options.ToolMode = Choice(json);
    }

    /// <summary>A function that a caller can run, as a declaration.</summary>
    public static AIFunctionDeclaration Declare(JsonElement function, string at, string schemaName)
    {
        var schema = function.ObjectMember(schemaName, at)?.Clone() ?? AnyObject;
        return AIFunctionFactory.CreateDeclaration(function.RequiredText("name", at), function.TextMember("description", at), schema, null);
    }

    public static void ReadCalls(JsonElement message, string at, IList<AIContent> contents)
    {
        if (message.ListMember("tool_calls", at) is not { } calls) return;
        var count = 0;
        foreach (var call in calls.EnumerateArray())
        {
            var here = $"{at}.tool_calls[{count++}]";
            DoorJson.MustBeObject(call, here);
            var function = call.ObjectMember("function", here) ?? throw DoorJson.Bad($"'{here}.function' is missing.", $"{here}.function");
            // A model may have written anything: its own text goes back to it, as it does at the makers of this format.
            var content = ToolText.Call(call.RequiredText("id", here), function.RequiredText("name", $"{here}.function"), function.TextMember("arguments", $"{here}.function") ?? "");
            if (call.ObjectMember(OpenAI.OpenAIAnswer.ExtraContent, here) is { } extra) Keep(extra, content.AdditionalProperties ??= []);
            contents.Add(content);
        }
    }

    /// <summary>A call's sealed state, for Google's compatible endpoint as it came and for Google's own format by its name there.</summary>
    private static void Keep(JsonElement extra, AdditionalPropertiesDictionary more)
    {
        more[OpenAI.OpenAIAnswer.ExtraContent] = extra.Clone();
        if (extra.Get("google").Text("thought_signature") is { } signature) more[Gemini.GeminiRequest.Signature] = signature;
    }

    private static AITool Tool(JsonElement tool, string at)
    {
        DoorJson.MustBeObject(tool, at);
        var type = tool.RequiredText("type", at);
        if (type != "function") throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}'; Hydra passes on tools of type function only.", $"{at}.type");
        return Declare(tool.ObjectMember("function", at) ?? throw DoorJson.Bad($"'{at}.function' is missing.", $"{at}.function"), $"{at}.function", "parameters");
    }

    private static ChatToolMode? Choice(JsonElement json)
    {
        if (json.Member("tool_choice") is not { } choice) return null;
        if (choice.ValueKind == JsonValueKind.Object)
        {
            var type = choice.RequiredText("type", "tool_choice");
            if (type != "function") throw DoorJson.Bad($"'tool_choice.type' is '{Excerpt.Of(type)}'; it must be function.", "tool_choice.type");
            var function = choice.ObjectMember("function", "tool_choice") ?? throw DoorJson.Bad("'tool_choice.function' is missing.", "tool_choice.function");
            return ChatToolMode.RequireSpecific(function.RequiredText("name", "tool_choice.function"));
        }
        return ModeOf(choice);
    }

    /// <summary>A choice in one word, as both OpenAI formats have it.</summary>
    public static ChatToolMode ModeOf(JsonElement choice)
    {
        if (choice.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(choice, "tool_choice", "none, auto, required or a named function");
        return DoorJson.TextOf(choice, "tool_choice") switch
        {
            "none" => ChatToolMode.None,
            "auto" => ChatToolMode.Auto,
            "required" => ChatToolMode.RequireAny,
            var other => throw DoorJson.Bad($"'tool_choice' is '{Excerpt.Of(other)}'; it must be none, auto, required or a named function.", "tool_choice"),
        };
    }
}
