using System.Text.Json;
using Hydra.Gateway.Gemini;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Tool calls and thoughts in the chat-completions format. Pure.</summary>
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
        else if (call.AdditionalProperties?.GetValueOrDefault(GeminiRequest.Signature) is { } signature)
        {
            json.WriteStartObject(OpenAI.OpenAIAnswer.ExtraContent);
            json.WriteStartObject("google");
            json.WriteString("thought_signature", signature.ToString());
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Sealed reasoning, in the list in which OpenRouter's clients keep it (openrouter.ai/docs/use-cases/reasoning-tokens).</summary>
    public static void WriteStates(Utf8JsonWriter json, IEnumerable<AIContent> contents)
    {
        var isOpen = false;
        foreach (var thought in contents.OfType<TextReasoningContent>())
        {
            if (thought.ProtectedData is not { } state) continue;
            if (!isOpen) json.WriteStartArray("reasoning_details");
            isOpen = true;
            json.WriteStartObject();
            json.WriteString("type", "reasoning.encrypted");
            if (thought.Text.Length > 0) json.WriteString("text", thought.Text);
            json.WriteString("data", state);
            json.WriteEndObject();
        }
        if (isOpen) json.WriteEndArray();
    }

    /// <summary>Thoughts of an earlier turn: those that are sealed, else what was shown.</summary>
    public static void ReadThoughts(JsonElement message, string at, IList<AIContent> contents)
    {
        var shown = message.TextMember("reasoning_content", at) ?? message.TextMember("reasoning", at);
        var count = 0;
        if (message.ListMember("reasoning_details", at) is { } details)
        {
            foreach (var detail in details.EnumerateArray())
            {
                var here = $"{at}.reasoning_details[{count}]";
                DoorJson.MustBeObject(detail, here);
                if ((detail.TextMember("data", here) ?? detail.TextMember("signature", here)) is not { } state) continue;
                // In a stream the text went ahead of its seal.
                var text = detail.TextMember("text", here) ?? (count == 0 ? shown : null);
                contents.Add(new TextReasoningContent(text) { ProtectedData = state });
                count++;
            }
        }
        if (count == 0 && shown is { Length: > 0 }) contents.Add(new TextReasoningContent(shown));
    }
}
