using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Responses;

/// <summary>Messages as the items of a Responses input. Pure.</summary>
internal static class ResponsesItems
{
    /// <summary>One message: its texts and pictures as one item for each speaker, its reasoning, calls and results as items of their own, in order.</summary>
    public static void Write(Utf8JsonWriter json, ChatMessage message)
    {
        var isAssistant = message.Role == ChatRole.Assistant;
        var parts = new List<AIContent>();
        foreach (var content in message.Contents)
        {
            if (content is TextContent or DataContent or UriContent)
            {
                parts.Add(content);
                continue;
            }
            Flush();
            WriteItem(json, content);
        }
        Flush();

        void Flush()
        {
            if (parts.Count == 0) return;
            json.WriteStartObject();
            json.WriteString("type", "message");
            json.WriteString("role", message.Role == ChatRole.Tool ? "user" : message.Role.Value);
            json.WriteStartArray("content");
            foreach (var part in parts) WritePart(json, part, isAssistant);
            json.WriteEndArray();
            json.WriteEndObject();
            parts.Clear();
        }
    }

    private static void WriteItem(Utf8JsonWriter json, AIContent content)
    {
        switch (content)
        {
            case TextReasoningContent thought when OpaqueState.Take(OpaqueState.OpenAI, thought.ProtectedData) is { } sealedState:
                json.WriteStartObject();
                json.WriteString("type", "reasoning");
                json.WriteStartArray("summary");
                if (thought.Text.Length > 0)
                {
                    json.WriteStartObject();
                    json.WriteString("type", "summary_text");
                    json.WriteString("text", thought.Text);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteString("encrypted_content", sealedState);
                json.WriteEndObject();
                break;
            case FunctionCallContent call:
                json.WriteStartObject();
                json.WriteString("type", "function_call");
                json.WriteString("call_id", call.CallId);
                json.WriteString("name", call.Name);
                json.WriteString("arguments", ToolText.Arguments(call));
                json.WriteEndObject();
                break;
            case FunctionResultContent result:
                json.WriteStartObject();
                json.WriteString("type", "function_call_output");
                json.WriteString("call_id", result.CallId);
                json.WriteString("output", ToolText.Result(result));
                json.WriteEndObject();
                break;
        }
    }

    private static void WritePart(Utf8JsonWriter json, AIContent content, bool isAssistant)
    {
        json.WriteStartObject();
        switch (content)
        {
            case TextContent text:
                json.WriteString("type", isAssistant ? "output_text" : "input_text");
                json.WriteString("text", text.Text);
                break;
            case DataContent data when data.HasTopLevelMediaType("image"):
                json.WriteString("type", "input_image");
                json.WriteString("image_url", data.Uri);
                break;
            case UriContent uri when uri.HasTopLevelMediaType("image"):
                json.WriteString("type", "input_image");
                json.WriteString("image_url", uri.Uri.ToString());
                break;
            case DataContent data:
                json.WriteString("type", "input_file");
                json.WriteString("filename", data.Name ?? "attachment");
                json.WriteString("file_data", data.Uri);
                break;
            case UriContent uri:
                json.WriteString("type", "input_file");
                json.WriteString("file_url", uri.Uri.ToString());
                break;
        }
        json.WriteEndObject();
    }
}
