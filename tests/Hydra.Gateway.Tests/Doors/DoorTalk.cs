using System.Text.Json;
using System.Text.Json.Nodes;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>What an answer said, whatever its dialect.</summary>
internal sealed record Said(string Text, string Calls, long Prompt, long Generated);

/// <summary>One conversation in the dialect of a door.</summary>
internal sealed class DoorTalk(string door, GatewayUnderTest gateway)
{
    private readonly JsonArray _turns = [];
    private readonly JsonObject _more = [];

    public string Path => door switch { "chat" => "/v1/chat/completions", "responses" => "/v1/responses", _ => "/v1/messages" };

    public DoorTalk User(string text, string? pngBase64 = null)
    {
        var parts = new JsonArray(new JsonObject { ["type"] = door == "responses" ? "input_text" : "text", ["text"] = text });
        var url = $"data:image/png;base64,{pngBase64}";
        if (pngBase64 is not null)
        {
            parts.Add(door switch
            {
                "chat" => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } },
                "responses" => new JsonObject { ["type"] = "input_image", ["image_url"] = url },
                _ => new JsonObject { ["type"] = "image", ["source"] = new JsonObject { ["type"] = "base64", ["media_type"] = "image/png", ["data"] = pngBase64 } },
            });
        }
        _turns.Add(new JsonObject { ["role"] = "user", ["content"] = parts });
        return this;
    }

    public DoorTalk Tool(string name)
    {
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        _more["tools"] = new JsonArray(door switch
        {
            "chat" => new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = name, ["parameters"] = schema } },
            "responses" => new JsonObject { ["type"] = "function", ["name"] = name, ["parameters"] = schema },
            _ => new JsonObject { ["name"] = name, ["input_schema"] = schema },
        });
        return this;
    }

    public DoorTalk Shape(JsonObject schema)
    {
        switch (door)
        {
            case "chat": _more["response_format"] = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "shape", ["schema"] = schema } }; break;
            case "responses": _more["text"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "json_schema", ["name"] = "shape", ["schema"] = schema } }; break;
            default: _more["output_config"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "json_schema", ["schema"] = schema } }; break;
        }
        return this;
    }

    /// <summary>Asks for a whole answer.</summary>
    public async Task<JsonElement> AskAsync()
    {
        using var response = await gateway.PostAsync(Path, Body(isStream: false));
        var json = await JsonAsync(response);
        Assert.True(response.IsSuccessStatusCode, json.GetRawText());
        return json;
    }

    /// <summary>The assistant's turn as it came, and the result of its first tool call.</summary>
    public void GoOn(JsonElement answer, string result)
    {
        var turn = JsonNode.Parse(answer.GetRawText())!;
        switch (door)
        {
            case "chat":
                var message = turn["choices"]![0]!["message"]!.DeepClone();
                _turns.Add(message);
                _turns.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = message["tool_calls"]![0]!["id"]!.DeepClone(), ["content"] = result });
                break;
            case "responses":
                foreach (var item in turn["output"]!.AsArray()) _turns.Add(item!.DeepClone());
                _turns.Add(new JsonObject { ["type"] = "function_call_output", ["call_id"] = turn["output"]!.AsArray().First(item => item!["type"]!.GetValue<string>() == "function_call")!["call_id"]!.DeepClone(), ["output"] = result });
                break;
            default:
                _turns.Add(new JsonObject { ["role"] = "assistant", ["content"] = turn["content"]!.DeepClone() });
                var use = turn["content"]!.AsArray().First(block => block!["type"]!.GetValue<string>() == "tool_use")!;
                _turns.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = use["id"]!.DeepClone(), ["content"] = result }) });
                break;
        }
    }

    public Said Read(JsonElement answer)
    {
        var usage = answer.GetProperty("usage");
        switch (door)
        {
            case "chat":
                var message = answer.GetProperty("choices")[0].GetProperty("message");
                var calls = message.TryGetProperty("tool_calls", out var list) ? list.EnumerateArray().Select(call => call.GetProperty("function")).Select(call => $"{Text(call, "name")}{Text(call, "arguments")}") : [];
                return new(Text(message, "content") ?? "", string.Join(' ', calls), Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"));
            case "responses":
                var output = answer.GetProperty("output").EnumerateArray().ToArray();
                return new(string.Concat(output.Where(item => Text(item, "type") == "message").Select(item => Text(item.GetProperty("content")[0], "text"))),
                    string.Join(' ', output.Where(item => Text(item, "type") == "function_call").Select(item => $"{Text(item, "name")}{Text(item, "arguments")}")),
                    Number(usage, "input_tokens"), Number(usage, "output_tokens"));
            default:
                var blocks = answer.GetProperty("content").EnumerateArray().ToArray();
                return new(string.Concat(blocks.Where(block => Text(block, "type") == "text").Select(block => Text(block, "text"))),
                    string.Join(' ', blocks.Where(block => Text(block, "type") == "tool_use").Select(block => $"{Text(block, "name")}{block.GetProperty("input").GetRawText()}")),
                    Prompt(usage), Number(usage, "output_tokens"));
        }
    }

    public async Task<Said> StreamAsync()
    {
        var events = (await gateway.EventsAsync(Path, Body(isStream: true))).Select(one => one.Json).ToArray();
        if (door == "responses") return Read(events[^1].GetProperty("response"));
        string text = "", calls = "";
        if (door == "chat")
        {
            foreach (var delta in events.SelectMany(one => one.GetProperty("choices").EnumerateArray()).Select(choice => choice.GetProperty("delta")))
            {
                if (delta.TryGetProperty("content", out var piece)) text += piece.GetString();
                if (!delta.TryGetProperty("tool_calls", out var list)) continue;
                foreach (var call in list.EnumerateArray().Select(call => call.GetProperty("function"))) calls += $"{Text(call, "name")}{Text(call, "arguments")}";
            }
            var last = events[^1].GetProperty("usage");
            return new(text, calls, Number(last, "prompt_tokens"), Number(last, "completion_tokens"));
        }
        foreach (var one in events)
        {
            if (one.TryGetProperty("content_block", out var block) && Text(block, "type") == "tool_use") calls += Text(block, "name");
            if (!one.TryGetProperty("delta", out var delta)) continue;
            if (delta.TryGetProperty("text", out var piece)) text += piece.GetString();
            if (delta.TryGetProperty("partial_json", out var json)) calls += json.GetString();
        }
        var usage = events.Last(one => Text(one, "type") == "message_delta").GetProperty("usage");
        return new(text, calls, Prompt(usage), Number(usage, "output_tokens"));
    }

    private static long Prompt(JsonElement usage) => Number(usage, "input_tokens") + Number(usage, "cache_read_input_tokens") + Number(usage, "cache_creation_input_tokens");

    private string Body(bool isStream)
    {
        var body = new JsonObject { ["model"] = "smart", [door == "responses" ? "input" : "messages"] = _turns.DeepClone() };
        foreach (var (name, value) in _more) body[name] = value!.DeepClone();
        if (door == "messages") body["max_tokens"] = 500;
        if (!isStream) return body.ToJsonString();
        body["stream"] = true;
        if (door == "chat") body["stream_options"] = new JsonObject { ["include_usage"] = true };
        return body.ToJsonString();
    }
}
