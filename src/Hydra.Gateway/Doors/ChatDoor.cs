using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>OpenAI's chat completions: <c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatDoor : IDoor
{
    public string Name => "chat";

    public DoorRequest Read(JsonElement json) => ChatRequest.Read(json);

    public void WriteAnswer(Utf8JsonWriter json, DoorRequest request, ChatResponse answer, Operation operation)
    {
        json.WriteStartObject();
        WriteHead(json, "chat.completion", answer.ModelId ?? request.Model, operation);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        var contents = answer.Messages.SelectMany(message => message.Contents).ToList();
        WriteContents(json, contents, isDelta: false, firstCall: 0);
        json.WriteNull("refusal");
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", FinishOf(answer.FinishReason, contents.Exists(content => content is FunctionCallContent)));
        json.WriteEndObject();
        json.WriteEndArray();
        if (answer.Usage is { } usage) WriteUsage(json, usage);
        json.WriteEndObject();
    }

    public IDoorStream OpenStream(DoorRequest request, Operation operation, SseWriter events) => new ChatDoorStream(request, operation, events);

    public void WriteError(Utf8JsonWriter json, DoorError error, string callId) => WriteError(json, error);

    /// <summary>The error shape of both OpenAI formats: all four members always there, null where there is nothing to say.</summary>
    public static void WriteError(Utf8JsonWriter json, DoorError error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", TypeOf(error.Kind));
        json.WriteString("param", error.Parameter);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteHead(Utf8JsonWriter json, string kind, string model, Operation operation)
    {
        json.WriteString("id", $"chatcmpl-{operation.Id}");
        json.WriteString("object", kind);
        json.WriteNumber("created", operation.CreatedAt.ToUnixTimeSeconds());
        json.WriteString("model", model);
    }

    /// <summary>Text, thoughts and tool calls of a message, or of a piece of one.</summary>
    /// <returns>The number of tool calls written so far.</returns>
    public static int WriteContents(Utf8JsonWriter json, IList<AIContent> contents, bool isDelta, int firstCall)
    {
        string text = "", thought = "";
        var hasCalls = false;
        foreach (var content in contents)
        {
            if (content is TextContent said) text = text.Length == 0 ? said.Text : text + said.Text;
            else if (content is TextReasoningContent considered) thought = thought.Length == 0 ? considered.Text : thought + considered.Text;
            else hasCalls |= content is FunctionCallContent;
        }
        if (text.Length > 0 || (!isDelta && !hasCalls)) json.WriteString("content", text);
        else if (!isDelta) json.WriteNull("content");
        if (thought.Length > 0) json.WriteString("reasoning_content", thought);
        ChatCalls.WriteStates(json, contents);
        if (!hasCalls) return firstCall;
        json.WriteStartArray("tool_calls");
        foreach (var content in contents)
        {
            if (content is FunctionCallContent call) ChatCalls.Write(json, call, isDelta ? firstCall++ : null);
        }
        json.WriteEndArray();
        return firstCall;
    }

    /// <summary>Totals that contain their parts, as this format counts.</summary>
    public static void WriteUsage(Utf8JsonWriter json, UsageDetails usage)
    {
        var tokens = UsageReader.Read(usage);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens.Prompt);
        json.WriteNumber("completion_tokens", tokens.Generated);
        json.WriteNumber("total_tokens", tokens.Total);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", tokens.CacheRead);
        json.WriteNumber("audio_tokens", tokens.InputAudio);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", tokens.Reasoning);
        json.WriteNumber("audio_tokens", tokens.OutputAudio);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static string FinishOf(ChatFinishReason? reason, bool hasCalls) =>
        reason is { } given ? given.Value : hasCalls ? "tool_calls" : "stop";

    private static string TypeOf(DoorErrorKind kind) => kind switch
    {
        DoorErrorKind.Authentication => "authentication_error",
        DoorErrorKind.Permission => "permission_error",
        DoorErrorKind.NotFound => "not_found_error",
        DoorErrorKind.RateLimit => "rate_limit_error",
        DoorErrorKind.Quota => "insufficient_quota",
        DoorErrorKind.InvalidRequest or DoorErrorKind.TooLarge => "invalid_request_error",
        DoorErrorKind.Timeout => "timeout_error",
        _ => "api_error",
    };
}
