using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads tools and the choice among them of a Messages request. Pure.</summary>
internal static class MessagesTools
{
    public static void Read(JsonElement json, ChatOptions options)
    {
        if (json.ListMember("tools", "") is { } tools)
        {
            if (tools.GetArrayLength() > ChatTools.ToolsMax) throw DoorJson.Bad($"'tools' holds more than {ChatTools.ToolsMax} tools.", "tools");
            options.Tools = new List<AITool>(tools.GetArrayLength());
            foreach (var tool in tools.EnumerateArray()) options.Tools.Add(Tool(tool, $"tools[{options.Tools.Count}]"));
        }
        if (json.ObjectMember("tool_choice", "") is not { } choice) return;
        options.ToolMode = choice.RequiredText("type", "tool_choice") switch
        {
            "auto" => ChatToolMode.Auto,
            "any" => ChatToolMode.RequireAny,
            "none" => ChatToolMode.None,
            "tool" => ChatToolMode.RequireSpecific(choice.RequiredText("name", "tool_choice")),
            var other => throw DoorJson.Bad($"'tool_choice.type' is '{Excerpt.Of(other)}'; it must be auto, any, tool or none.", "tool_choice.type"),
        };
        if (choice.FlagMember("disable_parallel_tool_use", "tool_choice") is { } isDisabled) options.AllowMultipleToolCalls = !isDisabled;
    }

    private static AITool Tool(JsonElement tool, string at)
    {
        DoorJson.MustBeObject(tool, at);
        if (tool.TextMember("type", at) is { } type && type != "custom")
        {
            throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(type)}', a tool that the provider runs itself. Hydra passes on tools of type custom only.", $"{at}.type");
        }
        if (tool.ObjectMember("input_schema", at) is null) throw DoorJson.Bad($"'{at}.input_schema' is missing. It must be a JSON Schema.", $"{at}.input_schema");
        var declared = ChatTools.Declare(tool, at, "input_schema");
        return MessagesBlocks.MarkOf(tool, at) is { } mark ? new MarkedTool(declared, mark) : declared;
    }

    /// <summary>A tool up to which the prompt is cached.</summary>
    private sealed class MarkedTool(AIFunctionDeclaration tool, AdditionalPropertiesDictionary mark) : AIFunctionDeclaration
    {
        public override string Name => tool.Name;
        public override string Description => tool.Description;
        public override JsonElement JsonSchema => tool.JsonSchema;
        public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } = mark;
    }
}
