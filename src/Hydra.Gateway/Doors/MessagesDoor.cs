using System.Text.Json;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Anthropic's Messages: <c>POST /v1/messages</c>, and <c>POST /v1/messages/count_tokens</c> where only the prompt is measured.</summary>
internal sealed class MessagesDoor(bool isCount = false) : IDoor
{
    public string Name => "messages";
    public string IdHeader => "request-id";

    public DoorRequest Read(JsonElement json) => MessagesRequest.Read(json, isCount);

    public void WriteAnswer(Utf8JsonWriter json, DoorRequest request, ChatResponse answer, Operation operation)
    {
        var tokens = UsageReader.Read(answer.Usage);
        json.WriteStartObject();
        if (isCount)
        {
            json.WriteNumber("input_tokens", tokens.Prompt);
            json.WriteEndObject();
            return;
        }
        WriteHead(json, answer.ModelId ?? request.Model, operation);
        json.WriteStartArray("content");
        var hasCalls = false;
        foreach (var content in answer.Messages.SelectMany(message => message.Contents))
        {
            hasCalls |= content is FunctionCallContent;
            WriteBlock(json, content);
        }
        json.WriteEndArray();
        json.WriteString("stop_reason", StopOf(answer.FinishReason, hasCalls));
        json.WriteNull("stop_sequence");
        WriteUsage(json, tokens);
        json.WriteEndObject();
    }

    public IDoorStream OpenStream(DoorRequest request, Operation operation, SseWriter events) => new MessagesDoorStream(request, operation, events);

    /// <summary>Anthropic's own numbers where they differ: no money is 402, overload 529.</summary>
    public int StatusOf(DoorError error) => error.Kind switch
    {
        DoorErrorKind.Quota => 402,
        DoorErrorKind.Overloaded => 529,
        _ => error.Status,
    };

    public void WriteError(Utf8JsonWriter json, DoorError error, string callId)
    {
        json.WriteStartObject();
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", error.Kind switch
        {
            DoorErrorKind.InvalidRequest => "invalid_request_error",
            DoorErrorKind.Authentication => "authentication_error",
            DoorErrorKind.Quota => "billing_error",
            DoorErrorKind.Permission => "permission_error",
            DoorErrorKind.NotFound => "not_found_error",
            DoorErrorKind.TooLarge => "request_too_large",
            DoorErrorKind.RateLimit => "rate_limit_error",
            DoorErrorKind.Timeout => "timeout_error",
            DoorErrorKind.Overloaded => "overloaded_error",
            _ => "api_error",
        });
        json.WriteString("message", error.Message);
        json.WriteEndObject();
        json.WriteString("request_id", callId);
        json.WriteEndObject();
    }

    public static void WriteHead(Utf8JsonWriter json, string model, Operation operation)
    {
        json.WriteString("id", $"msg_{operation.Id}");
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", model);
    }

    /// <summary>The parts of the prompt stand apart and add up, as this format counts.</summary>
    public static void WriteUsage(Utf8JsonWriter json, TokenUsage tokens)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", tokens.Input + tokens.InputAudio);
        json.WriteNumber("cache_creation_input_tokens", tokens.CacheWrite + tokens.CacheWriteHour);
        json.WriteNumber("cache_read_input_tokens", tokens.CacheRead);
        json.WriteStartObject("cache_creation");
        json.WriteNumber("ephemeral_5m_input_tokens", tokens.CacheWrite);
        json.WriteNumber("ephemeral_1h_input_tokens", tokens.CacheWriteHour);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", tokens.Generated);
        json.WriteNull("server_tool_use");
        json.WriteNull("service_tier");
        json.WriteEndObject();
    }

    public static string StopOf(ChatFinishReason? reason, bool hasCalls) => reason?.Value switch
    {
        "length" => "max_tokens",
        "content_filter" => "refusal",
        "pause_turn" => "pause_turn",
        _ => hasCalls ? "tool_use" : "end_turn",
    };

    private static void WriteBlock(Utf8JsonWriter json, AIContent content)
    {
        switch (content)
        {
            case TextContent { Text.Length: > 0 } text:
                json.WriteStartObject();
                json.WriteString("type", "text");
                json.WriteString("text", text.Text);
                json.WriteNull("citations");
                json.WriteEndObject();
                break;
            case TextReasoningContent thought when AnthropicState.Redacted(thought) is { } hidden: WriteHidden(json, hidden); break;
            case TextReasoningContent thought:
                json.WriteStartObject();
                json.WriteString("type", "thinking");
                json.WriteString("thinking", thought.Text);
                json.WriteString("signature", CarriedState.Show(OpaqueState.Anthropic, thought.ProtectedData) ?? "");
                json.WriteEndObject();
                break;
            case FunctionCallContent call:
                if (CarriedState.OfCall(call) is { } state) WriteHidden(json, state);
                json.WriteStartObject();
                json.WriteString("type", "tool_use");
                json.WriteString("id", call.CallId);
                json.WriteString("name", call.Name);
                json.WritePropertyName("input");
                json.WriteRawValue(ToolText.ArgumentsObject(call), skipInputValidation: true);
                json.WriteEndObject();
                break;
        }
    }

    /// <summary>A block that callers hand back unread.</summary>
    public static void WriteHidden(Utf8JsonWriter json, string data)
    {
        json.WriteStartObject();
        json.WriteString("type", "redacted_thinking");
        json.WriteString("data", data);
        json.WriteEndObject();
    }
}
