using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>Messages in Anthropic's wire format.</summary>
internal static class AnthropicDoor
{
    public static string Whole(FakeReply reply)
    {
        var content = new JsonArray();
        if (Thinking(reply) is { } thinking) content.Add(thinking);
        if (reply.Text.Length > 0)
        {
            content.Add(AnswerAsTool(reply) is { } answer
                ? ToolUse($"toolu_{reply.Call.Number}", "give_answer", answer)
                : new JsonObject { ["type"] = "text", ["text"] = reply.Text });
        }
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            content.Add(ToolUse(reply.Id(reply.ToolCalls[i], i), reply.ToolCalls[i].Name,
                Node(reply.ToolCalls[i].Arguments)));
        }
        var message = Message(reply);
        (message["content"], message["stop_reason"], message["usage"]) = (content, Stop(reply),
            Usage(reply.Usage, reply.Usage.Output + reply.Usage.Reasoning));
        return message.ToJsonString();
    }

    public static IEnumerable<string> Events(FakeReply reply)
    {
        var start = Message(reply);
        (start["content"], start["stop_reason"], start["usage"]) = (new JsonArray(), null, Usage(reply.Usage, 1));
        yield return Event("message_start", new JsonObject { ["message"] = start });
        yield return Event("ping", []);
        var index = 0;
        if (Thinking(reply) is { } thinking)
        {
            var isShown = reply.Thought is not null;
            yield return BlockStart(index, isShown ? new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" } : thinking);
            if (isShown)
            {
                yield return Delta(index, new JsonObject { ["type"] = "thinking_delta", ["thinking"] = reply.Thought });
                yield return Delta(index, new JsonObject { ["type"] = "signature_delta", ["signature"] = reply.ThoughtState });
            }
            yield return Event("content_block_stop", new JsonObject { ["index"] = index++ });
        }
        if (reply.Text.Length > 0)
        {
            var isTool = AnswerAsTool(reply) is not null;
            yield return BlockStart(index, isTool
                ? ToolUse($"toolu_{reply.Call.Number}", "give_answer", new JsonObject())
                : new JsonObject { ["type"] = "text", ["text"] = "" });
            foreach (var piece in reply.Pieces())
            {
                yield return Delta(index, isTool
                    ? new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = piece }
                    : new JsonObject { ["type"] = "text_delta", ["text"] = piece });
            }
            yield return Event("content_block_stop", new JsonObject { ["index"] = index++ });
        }
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            var tool = reply.ToolCalls[i];
            var arguments = tool.Arguments.GetRawText();
            yield return BlockStart(index, ToolUse(reply.Id(tool, i), tool.Name, new JsonObject()));
            yield return Delta(index,
                new JsonObject { ["type"] = "input_json_delta",
                ["partial_json"] = arguments[..(arguments.Length / 2)] });
            yield return Delta(index,
                new JsonObject { ["type"] = "input_json_delta",
                ["partial_json"] = arguments[(arguments.Length / 2)..] });
            yield return Event("content_block_stop", new JsonObject { ["index"] = index++ });
        }
        yield return Event("message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = Stop(reply), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = reply.Usage.Output + reply.Usage.Reasoning,
                ["output_tokens_details"] = new JsonObject { ["thinking_tokens"] = reply.Usage.Reasoning } },
        });
        yield return Event("message_stop", []);
    }

    public static string Error(FakeRule rule) => new JsonObject
    {
        ["type"] = "error",
        ["error"] = new JsonObject { ["type"] = rule.ErrorType ?? TypeOf(rule.Status),
            ["message"] = rule.ErrorMessage ?? $"Fake error {rule.Status}." },
        ["request_id"] = "req_fake",
    }.ToJsonString();

    private static JsonObject Message(FakeReply reply) => new()
    {
        ["id"] = $"msg_{reply.Call.Number}", ["type"] = "message", ["role"] = "assistant",
            ["model"] = reply.Call.Model, ["stop_sequence"] = null,
    };

    /// <summary>Shown reasoning with its signature, or a redacted block when there is only the state.</summary>
    private static JsonObject? Thinking(FakeReply reply) => reply switch
    {
        { Thought: { } thought } => new() { ["type"] = "thinking", ["thinking"] = thought, ["signature"] = reply.ThoughtState ?? "" },
        { ThoughtState: { } state } => new() { ["type"] = "redacted_thinking", ["data"] = state },
        _ => null,
    };

    /// <summary>A caller that forces its answer into a tool gets a JSON answer as that tool's input.</summary>
    private static JsonNode? AnswerAsTool(FakeReply reply)
    {
        if (!reply.Call.HasAnswerTool || reply.ToolCalls.Count > 0) return null;
        try
        {
            return JsonNode.Parse(reply.Text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Stop(FakeReply reply) => reply.Finish switch
    {
        "stop" => AnswerAsTool(reply) is null ? "end_turn" : "tool_use",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        var other => other,
    };

    private static JsonObject ToolUse(string id, string name, JsonNode? input) =>
        new() { ["type"] = "tool_use", ["id"] = id, ["name"] = name, ["input"] = input };
    private static string BlockStart(int index, JsonObject block) =>
        Event("content_block_start", new JsonObject { ["index"] = index, ["content_block"] = block });
    private static string Delta(int index, JsonObject delta) =>
        Event("content_block_delta", new JsonObject { ["index"] = index, ["delta"] = delta });

    /// <summary>The parts of the prompt stand apart and add up.</summary>
    private static JsonObject Usage(FakeUsage usage, long output) => new()
    {
        ["input_tokens"] = usage.Input,
        ["cache_creation_input_tokens"] = usage.CacheWrite + usage.CacheWriteHour,
        ["cache_creation"] = new JsonObject { ["ephemeral_5m_input_tokens"] = usage.CacheWrite,
            ["ephemeral_1h_input_tokens"] = usage.CacheWriteHour },
        ["cache_read_input_tokens"] = usage.CacheRead,
        ["output_tokens"] = output,
        ["output_tokens_details"] = new JsonObject { ["thinking_tokens"] = output > 1 ? usage.Reasoning : 0 },
    };

    private static string TypeOf(int status) => status switch
    {
        400 => "invalid_request_error", 401 => "authentication_error", 403 => "permission_error",
            404 => "not_found_error",
        413 => "request_too_large", 429 => "rate_limit_error", 529 => "overloaded_error", _ => "api_error",
    };

    private static string Event(string name, JsonObject json)
    {
        json["type"] = name;
        return $"event: {name}\ndata: {json.ToJsonString()}\n\n";
    }

    private static JsonNode? Node(JsonElement json) => JsonNode.Parse(json.GetRawText());
}
