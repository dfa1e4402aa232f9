using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Writes tool calls in the chat-completions format. Pure.</summary>
internal static class ChatCalls
{
    /// <param name="index">Number of the call in a stream; null in a whole answer.</param>
    public static void Write(Utf8JsonWriter json, FunctionCallContent call, int? index)
    {
        json.WriteStartObject();
        if (index is { } number) json.WriteNumber("index", number);
        json.WriteString("id", call.CallId);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", call.Name);
        json.WriteString("arguments", ToolText.Arguments(call));
        json.WriteEndObject();
        // A provider's opaque state comes back to it only if callers can hand it on.
        if (call.AdditionalProperties is { } more && more.TryGetValue(OpenAI.OpenAIAnswer.ExtraContent, out JsonElement extra))
        {
            json.WritePropertyName(OpenAI.OpenAIAnswer.ExtraContent);
            extra.WriteTo(json);
        }
        json.WriteEndObject();
    }
}
