using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>Which tools may be called, in the words that OpenAI's two formats share. Pure.</summary>
internal static class OpenAIToolChoice
{
    /// <param name="isNested">Whether a named function stands in an object of its own, as in chat completions; in Responses it does not.</param>
    public static void Write(Utf8JsonWriter json, ChatOptions options, bool isNested)
    {
        switch (options.ToolMode)
        {
            case NoneChatToolMode: json.WriteString("tool_choice", "none"); break;
            case AutoChatToolMode: json.WriteString("tool_choice", "auto"); break;
            case RequiredChatToolMode { RequiredFunctionName: { } name }:
                json.WriteStartObject("tool_choice");
                json.WriteString("type", "function");
                if (isNested) json.WriteStartObject("function");
                json.WriteString("name", name);
                if (isNested) json.WriteEndObject();
                json.WriteEndObject();
                break;
            case RequiredChatToolMode: json.WriteString("tool_choice", "required"); break;
        }
        if (options.AllowMultipleToolCalls is { } parallel) json.WriteBoolean("parallel_tool_calls", parallel);
    }
}
