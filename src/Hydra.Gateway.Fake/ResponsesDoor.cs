using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>Responses in OpenAI's wire format, with the whole life of every item in the stream.</summary>
internal static class ResponsesDoor
{
    public static string Whole(FakeReply reply) => Response(reply, Status(reply), Items(reply)).ToJsonString();

    public static IEnumerable<string> Events(FakeReply reply)
    {
        var number = 0;
        yield return Event("response.created", new JsonObject { ["response"] = Response(reply, "in_progress", []) });
        yield return Event("response.in_progress", new JsonObject { ["response"] = Response(reply, "in_progress", []) });
        var items = Items(reply);
        for (var at = 0; at < items.Count; at++)
        {
            var item = items[at]!.AsObject();
            var id = item["id"]!.ToString();
            yield return Event("response.output_item.added", new JsonObject { ["output_index"] = at, ["item"] = Opened(item) });
            foreach (var (name, body) in Inside(reply, item))
            {
                (body["item_id"], body["output_index"]) = (id, at);
                yield return Event(name, body);
            }
            yield return Event("response.output_item.done", new JsonObject { ["output_index"] = at, ["item"] = item.DeepClone() });
        }
        var status = Status(reply);
        yield return Event($"response.{status}", new JsonObject { ["response"] = Response(reply, status, items) });

        string Event(string name, JsonObject json)
        {
            (json["type"], json["sequence_number"]) = (name, number++);
            return $"event: {name}\ndata: {json.ToJsonString()}\n\n";
        }
    }

    /// <summary>What happens between an item's beginning and its end.</summary>
    private static IEnumerable<(string Name, JsonObject Body)> Inside(FakeReply reply, JsonObject item)
    {
        switch (item["type"]!.ToString())
        {
            case "reasoning" when item["summary"]!.AsArray().Count > 0:
                var thought = reply.Thought!;
                yield return ("response.reasoning_summary_part.added", new JsonObject { ["summary_index"] = 0,
                    ["part"] = Part("summary_text", "") });
                yield return ("response.reasoning_summary_text.delta", new JsonObject { ["summary_index"] = 0, ["delta"] = thought[..(thought.Length / 2)] });
                yield return ("response.reasoning_summary_text.delta", new JsonObject { ["summary_index"] = 0, ["delta"] = thought[(thought.Length / 2)..] });
                yield return ("response.reasoning_summary_text.done", new JsonObject { ["summary_index"] = 0, ["text"] = thought });
                yield return ("response.reasoning_summary_part.done", new JsonObject { ["summary_index"] = 0,
                    ["part"] = Part("summary_text", thought) });
                break;
            case "message":
                var part = item["content"]![0]!.AsObject();
                var isRefusal = part["type"]!.ToString() == "refusal";
                var kind = isRefusal ? "refusal" : "output_text";
                var opened = part.DeepClone().AsObject();
                opened[isRefusal ? "refusal" : "text"] = "";
                yield return ("response.content_part.added", new JsonObject { ["content_index"] = 0, ["part"] = opened });
                foreach (var piece in reply.Pieces())
                {
                    yield return ($"response.{kind}.delta", new JsonObject { ["content_index"] = 0, ["delta"] = piece });
                }
                yield return ($"response.{kind}.done", new JsonObject { ["content_index"] = 0,
                    [isRefusal ? "refusal" : "text"] = reply.Text });
                yield return ("response.content_part.done", new JsonObject { ["content_index"] = 0, ["part"] = part.DeepClone() });
                break;
            case "function_call":
                var arguments = item["arguments"]!.ToString();
                yield return ("response.function_call_arguments.delta", new JsonObject { ["delta"] = arguments[..(arguments.Length / 2)] });
                yield return ("response.function_call_arguments.delta", new JsonObject { ["delta"] = arguments[(arguments.Length / 2)..] });
                yield return ("response.function_call_arguments.done", new JsonObject { ["arguments"] = arguments });
                break;
        }
    }

    private static JsonArray Items(FakeReply reply)
    {
        var items = new JsonArray();
        if (reply.Thought is not null || reply.ThoughtState is not null)
        {
            items.Add(new JsonObject
            {
                ["id"] = $"rs_{reply.Call.Number}", ["type"] = "reasoning",
                ["summary"] = reply.Thought is { } thought ? new JsonArray(Part("summary_text", thought)) : new JsonArray(),
                ["encrypted_content"] = reply.ThoughtState,
            });
        }
        if (reply.Text.Length > 0)
        {
            var part = reply.Finish == "refusal" ? new JsonObject { ["type"] = "refusal", ["refusal"] = reply.Text }
                : Part("output_text", reply.Text);
            items.Add(new JsonObject
            {
                ["id"] = $"msg_{reply.Call.Number}", ["type"] = "message", ["status"] = "completed", ["role"] = "assistant",
                ["content"] = new JsonArray(part),
            });
        }
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            items.Add(new JsonObject
            {
                ["id"] = $"fc_{reply.Call.Number}_{i}", ["type"] = "function_call", ["status"] = "completed",
                ["call_id"] = reply.Id(reply.ToolCalls[i], i), ["name"] = reply.ToolCalls[i].Name,
                ["arguments"] = reply.ToolCalls[i].Arguments.GetRawText(),
            });
        }
        return items;
    }

    private static JsonObject Opened(JsonObject item)
    {
        var opened = item.DeepClone().AsObject();
        if (opened.ContainsKey("content")) opened["content"] = new JsonArray();
        if (opened.ContainsKey("summary")) opened["summary"] = new JsonArray();
        if (opened.ContainsKey("arguments")) opened["arguments"] = "";
        if (opened.ContainsKey("status")) opened["status"] = "in_progress";
        return opened;
    }

    private static string Status(FakeReply reply) => reply.Finish switch
    {
        "length" or "content_filter" => "incomplete",
        "failed" => "failed",
        _ => "completed",
    };

    private static JsonObject Response(FakeReply reply, string status, JsonArray items)
    {
        var response = new JsonObject
        {
            ["id"] = $"resp_{reply.Call.Number}", ["object"] = "response", ["created_at"] = 1, ["status"] = status,
            ["model"] = reply.Call.Model, ["output"] = items.DeepClone(), ["error"] = null, ["incomplete_details"] = null,
            ["usage"] = null,
        };
        if (status == "in_progress") return response;
        response["usage"] = Usage(reply.Usage);
        if (status == "incomplete")
        {
            response["incomplete_details"] = new JsonObject { ["reason"] = reply.Finish == "length" ? "max_output_tokens" : "content_filter" };
        }
        if (status == "failed")
        {
            response["error"] = new JsonObject { ["code"] = "server_error", ["message"] = "The model failed to generate a response." };
        }
        return response;
    }

    private static JsonObject Part(string type, string text) => type == "output_text"
        ? new() { ["type"] = type, ["text"] = text, ["annotations"] = new JsonArray() }
        : new() { ["type"] = type, ["text"] = text };

    private static JsonObject Usage(FakeUsage usage) => new()
    {
        ["input_tokens"] = usage.Input + usage.CacheRead + usage.CacheWrite,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CacheRead, ["cache_write_tokens"] = usage.CacheWrite },
        ["output_tokens"] = usage.Output + usage.Reasoning,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
        ["total_tokens"] = usage.Input + usage.CacheRead + usage.CacheWrite + usage.Output + usage.Reasoning,
    };
}
