using System.Text;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>One item of a response's output while it grows: a message, reasoning or a call.</summary>
internal sealed class ResponsesItem(ResponsesItem.ItemKind kind, string id)
{
    public enum ItemKind
    {
        Message,
        Reasoning,
        Call,
    }

    public ItemKind Kind => kind;
    public string Id => id;
    public StringBuilder Text { get; } = new();
    /// <summary>Sealed reasoning, as callers see it.</summary>
    public string? State { get; set; }
    public FunctionCallContent? Call { get; init; }
    /// <summary><c>in_progress</c>, <c>completed</c> or <c>incomplete</c>.</summary>
    public string Status { get; set; } = "in_progress";

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        switch (kind)
        {
            case ItemKind.Message:
                json.WriteString("type", "message");
                json.WriteString("status", Status);
                json.WriteString("role", "assistant");
                json.WriteStartArray("content");
                if (Text.Length > 0 || Status != "in_progress") WritePart(json, Text.ToString());
                json.WriteEndArray();
                break;
            case ItemKind.Reasoning:
                json.WriteString("type", "reasoning");
                json.WriteStartArray("summary");
                if (Text.Length > 0) WritePart(json, Text.ToString());
                json.WriteEndArray();
                json.WriteString("encrypted_content", State);
                json.WriteString("status", Status);
                break;
            default:
                json.WriteString("type", "function_call");
                json.WriteString("status", Status);
                json.WriteString("arguments", Status == "in_progress" ? "" : ToolText.Arguments(Call!));
                json.WriteString("call_id", Call!.CallId);
                json.WriteString("name", Call.Name);
                break;
        }
        json.WriteEndObject();
    }

    /// <summary>The one part of a message or of reasoning.</summary>
    public void WritePart(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", kind == ItemKind.Message ? "output_text" : "summary_text");
        json.WriteString("text", text);
        if (kind == ItemKind.Message)
        {
            json.WriteStartArray("annotations");
            json.WriteEndArray();
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
