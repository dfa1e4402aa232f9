using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>The response object: every member that strict clients look for, null where there is nothing to say.</summary>
internal sealed record ResponsesObject(DoorRequest Request, Operation Operation)
{
    public required string Status { get; init; }
    public required IReadOnlyList<ResponsesItem> Output { get; init; }
    public string? Model { get; init; }
    public UsageDetails? Usage { get; init; }
    /// <summary>Why it is incomplete; null: it is not.</summary>
    public string? IncompleteReason { get; init; }
    public DoorError? Error { get; init; }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", $"resp_{Operation.Id}");
        json.WriteString("object", "response");
        json.WriteNumber("created_at", Operation.CreatedAt.ToUnixTimeSeconds());
        json.WriteString("status", Status);
        json.WriteBoolean("background", false);
        WriteError(json);
        if (IncompleteReason is { } reason)
        {
            json.WriteStartObject("incomplete_details");
            json.WriteString("reason", reason);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details");
        }
        json.WriteString("model", Model ?? Request.Model);
        json.WriteStartArray("output");
        foreach (var item in Output) item.Write(json);
        json.WriteEndArray();
        json.WriteNull("previous_response_id");
        json.WriteNull("conversation");
        json.WriteBoolean("store", false);
        json.WriteString("service_tier", "default");
        WriteEcho(json);
        WriteUsage(json);
        json.WriteEndObject();
    }

    private void WriteError(Utf8JsonWriter json)
    {
        if (Error is null)
        {
            json.WriteNull("error");
            return;
        }
        json.WriteStartObject("error");
        json.WriteString("code", Error.Kind == DoorErrorKind.RateLimit ? "rate_limit_exceeded" : Error.Kind == DoorErrorKind.InvalidRequest ? "invalid_prompt" : "server_error");
        json.WriteString("message", Error.Message);
        json.WriteEndObject();
    }

    /// <summary>What was asked, or what OpenAI says where nothing was.</summary>
    private void WriteEcho(Utf8JsonWriter json)
    {
        foreach (var name in (ReadOnlySpan<string>)["instructions", "max_output_tokens", "max_tool_calls", "prompt_cache_key", "safety_identifier", "user"]) Echo(name, "null");
        Echo("metadata", "{}");
        Echo("parallel_tool_calls", "true");
        Echo("reasoning", """{"effort":null,"summary":null}""");
        Echo("temperature", "1.0");
        Echo("text", """{"format":{"type":"text"}}""");
        Echo("tool_choice", "\"auto\"");
        Echo("tools", "[]");
        Echo("top_logprobs", "0");
        Echo("top_p", "1.0");
        Echo("truncation", "\"disabled\"");

        void Echo(string name, string otherwise)
        {
            json.WritePropertyName(name);
            if (Request.Echo.TryGetValue(name, out var asked)) asked.WriteTo(json);
            else json.WriteRawValue(otherwise);
        }
    }

    /// <summary>Totals that contain their parts, as this format counts.</summary>
    private void WriteUsage(Utf8JsonWriter json)
    {
        if (Usage is null)
        {
            json.WriteNull("usage");
            return;
        }
        var tokens = UsageReader.Read(Usage);
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", tokens.Prompt);
        json.WriteStartObject("input_tokens_details");
        json.WriteNumber("cached_tokens", tokens.CacheRead);
        json.WriteNumber("cache_write_tokens", tokens.CacheWrite + tokens.CacheWriteHour);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", tokens.Generated);
        json.WriteStartObject("output_tokens_details");
        json.WriteNumber("reasoning_tokens", tokens.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens", tokens.Total);
        json.WriteEndObject();
    }
}
