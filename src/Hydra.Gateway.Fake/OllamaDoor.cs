using System.Text;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary><c>/api/chat</c> and <c>/api/embed</c> in Ollama's format: lines of JSON.</summary>
internal static class OllamaDoor
{
    public static FakeDoor Door { get; } = new()
    {
        Whole = Whole, Events = reply => Events(reply).Select(Line), Error = Error, ErrorEvent = rule => Encoding.UTF8.GetBytes(Error(rule) + "\n"),
        StreamType = "application/x-ndjson",
    };

    private static string Whole(FakeReply reply)
    {
        if (reply.Call.Path == "/api/embed") return Vectors(reply.Call);
        var message = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text };
        if (reply.Thought is { } thought) message["thinking"] = thought;
        if (reply.ToolCalls.Count > 0) message["tool_calls"] = new JsonArray([.. reply.ToolCalls.Select(Call)]);
        return Last(reply, message).ToJsonString();
    }

    private static IEnumerable<JsonObject> Events(FakeReply reply)
    {
        if (reply.Thought is { } thought) yield return Chunk(reply, new JsonObject { ["content"] = "", ["thinking"] = thought });
        foreach (var piece in reply.Pieces()) yield return Chunk(reply, new JsonObject { ["content"] = piece });
        foreach (var tool in reply.ToolCalls)
        {
            yield return Chunk(reply, new JsonObject { ["content"] = "", ["tool_calls"] = new JsonArray(Call(tool)) });
        }
        yield return Last(reply, new JsonObject { ["role"] = "assistant", ["content"] = "" });
    }

    private static string Error(FakeRule rule) =>
        new JsonObject { ["error"] = rule.ErrorMessage ?? $"fake error {rule.Status}" }.ToJsonString();

    private static string Vectors(FakeCall call)
    {
        var body = JsonNode.Parse(call.Body)!;
        var texts = body["input"] is JsonArray list ? list.Select(text => (string)text!).ToArray() : [(string)body["input"]!];
        return new JsonObject
        {
            ["model"] = call.Model,
            ["embeddings"] = new JsonArray([.. texts.Select(text => (JsonNode)FakeVectors.Of(text, (int?)body["dimensions"] ?? 8))]),
            ["prompt_eval_count"] = texts.Sum(text => (text.Length / 4) + 1),
        }.ToJsonString();
    }

    /// <summary>A call has no id and its arguments are an object.</summary>
    private static JsonNode Call(FakeToolCall tool) => new JsonObject
    {
        ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = JsonNode.Parse(tool.Arguments.GetRawText()) },
    };

    private static JsonObject Chunk(FakeReply reply, JsonObject message)
    {
        message["role"] = "assistant";
        return new JsonObject
        {
            ["model"] = reply.Call.Model, ["created_at"] = "2026-01-01T00:00:00Z", ["message"] = message, ["done"] = false,
        };
    }

    /// <summary>The prompt's tokens are left out when all of them were cached.</summary>
    private static JsonObject Last(FakeReply reply, JsonObject message)
    {
        var last = Chunk(reply, message);
        (last["done"], last["done_reason"]) = (true, reply.Finish is "tool_calls" ? "stop" : reply.Finish);
        (last["total_duration"], last["eval_count"]) = (1_000_000, reply.Usage.Output);
        if (reply.Usage.CacheRead == 0) last["prompt_eval_count"] = reply.Usage.Input;
        return last;
    }

    private static byte[] Line(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString() + "\n");
}
