using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>Chat completions in OpenAI's wire format.</summary>
internal static class OpenAIDoor
{
    public static string Whole(FakeReply reply) => new JsonObject
    {
        ["id"] = Id(reply), ["object"] = "chat.completion", ["created"] = 1, ["model"] = reply.Call.Model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = Message(reply),
            ["finish_reason"] = reply.Finish,
        }),
        ["usage"] = Usage(reply.Usage),
    }.ToJsonString();

    public static IEnumerable<string> Events(FakeReply reply)
    {
        yield return Chunk(reply, new JsonObject { ["role"] = "assistant", ["content"] = "" });
        if (reply.Thought is { } thought) yield return Chunk(reply, new JsonObject { ["reasoning_content"] = thought });
        foreach (var piece in reply.Pieces()) yield return Chunk(reply, new JsonObject { ["content"] = piece });
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            var tool = reply.ToolCalls[i];
            var arguments = tool.Arguments.GetRawText();
            var half = arguments.Length / 2;
            yield return Chunk(reply, Call(i, reply.Id(tool, i), tool.Name, arguments[..half]));
            yield return Chunk(reply, Call(i, null, null, arguments[half..]));
        }
        yield return Chunk(reply, [], reply.Finish);
        yield return Event(new JsonObject { ["id"] = Id(reply), ["object"] = "chat.completion.chunk",
            ["model"] = reply.Call.Model, ["choices"] = new JsonArray(), ["usage"] = Usage(reply.Usage) });
        yield return "data: [DONE]\n\n";
    }

    public static string Error(FakeRule rule) => new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = rule.ErrorMessage ?? $"Fake error {rule.Status}.",
            ["type"] = rule.ErrorType ?? "fake_error", ["param"] = null, ["code"] = rule.ErrorCode },
    }.ToJsonString();

    private static JsonObject Message(FakeReply reply)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text.Length == 0
            && reply.ToolCalls.Count > 0 ? null : reply.Text };
        if (reply.Thought is { } thought) message["reasoning_content"] = thought;
        if (reply.ToolCalls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. reply.ToolCalls.Select((tool, at) => (JsonNode)new JsonObject
            {
                ["id"] = reply.Id(tool, at), ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = tool.Arguments.GetRawText() },
            })]);
        }
        return message;
    }

    private static JsonObject Call(int index, string? id, string? name, string arguments)
    {
        var function = new JsonObject { ["arguments"] = arguments };
        var call = new JsonObject { ["index"] = index, ["function"] = function };
        if (id is not null) (call["id"], call["type"], function["name"]) = (id, "function", name);
        return new JsonObject { ["tool_calls"] = new JsonArray(call) };
    }

    private static string Chunk(FakeReply reply, JsonObject delta, string? finish = null) => Event(new JsonObject
    {
        ["id"] = Id(reply), ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = reply.Call.Model,
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
        ["usage"] = null,
    });

    /// <summary>Totals that contain their parts.</summary>
    private static JsonObject Usage(FakeUsage usage) => new()
    {
        ["prompt_tokens"] = usage.Input + usage.CacheRead + usage.CacheWrite,
        ["completion_tokens"] = usage.Output + usage.Reasoning,
        ["total_tokens"] = usage.Input + usage.CacheRead + usage.CacheWrite + usage.Output + usage.Reasoning,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CacheRead,
            ["cache_write_tokens"] = usage.CacheWrite },
        ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
    };

    private static string Id(FakeReply reply) => $"chatcmpl-{reply.Call.Number}";
    private static string Event(JsonObject json) => $"data: {json.ToJsonString()}\n\n";
}
