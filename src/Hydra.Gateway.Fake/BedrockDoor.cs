using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary><c>Converse</c> and <c>ConverseStream</c> in Amazon's format; the stream is binary frames.</summary>
internal static class BedrockDoor
{
    private const string AnswerTool = "give_answer";

    public static FakeDoor Door { get; } = new()
    {
        Whole = Whole, Events = Events, Error = rule => new JsonObject { ["message"] = Words(rule) }.ToJsonString(),
        ErrorEvent = rule => Frame("exception", ":exception-type", Lower(ErrorName(rule)), new JsonObject { ["message"] = Words(rule) }),
        StreamType = "application/vnd.amazon.eventstream", ErrorHeader = "x-amzn-ErrorType", ErrorName = ErrorName,
        Refuse = (request, call) => FakeSignature.Fault(request, call.Body) is { } fault
            ? new FakeRule { Status = 403, ErrorType = fault, ErrorMessage = $"The request was refused: {fault}." } : null,
    };

    private static string Whole(FakeReply reply)
    {
        JsonArray content = [.. Thoughts(reply)];
        if (reply.Text.Length > 0)
        {
            content.Add(AnswerAsTool(reply) is { } answer ? ToolUse($"tooluse_{reply.Call.Number}", AnswerTool, answer)
                : new JsonObject { ["text"] = reply.Text });
        }
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            var tool = reply.ToolCalls[i];
            content.Add(ToolUse(reply.Id(tool, i), tool.Name, JsonNode.Parse(tool.Arguments.GetRawText())));
        }
        return new JsonObject
        {
            ["output"] = new JsonObject { ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = content } },
            ["stopReason"] = Stop(reply), ["usage"] = Usage(reply.Usage), ["metrics"] = new JsonObject { ["latencyMs"] = 1 },
        }.ToJsonString();
    }

    private static IEnumerable<byte[]> Events(FakeReply reply)
    {
        yield return Event("messageStart", new JsonObject { ["role"] = "assistant" });
        var index = 0;
        if (reply.Thought is { } thought)
        {
            yield return Delta(index, new JsonObject { ["reasoningContent"] = new JsonObject { ["text"] = thought } });
            if (reply.ThoughtState is { } signature)
            {
                yield return Delta(index, new JsonObject { ["reasoningContent"] = new JsonObject { ["signature"] = signature } });
            }
            yield return End(index++);
        }
        if (reply.Text.Length > 0)
        {
            var isTool = AnswerAsTool(reply) is not null;
            if (isTool) yield return Start(index, $"tooluse_{reply.Call.Number}", AnswerTool);
            foreach (var piece in reply.Pieces())
            {
                yield return Delta(index, isTool ? Input(piece) : new JsonObject { ["text"] = piece });
            }
            yield return End(index++);
        }
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            var arguments = reply.ToolCalls[i].Arguments.GetRawText();
            yield return Start(index, reply.Id(reply.ToolCalls[i], i), reply.ToolCalls[i].Name);
            yield return Delta(index, Input(arguments[..(arguments.Length / 2)]));
            yield return Delta(index, Input(arguments[(arguments.Length / 2)..]));
            yield return End(index++);
        }
        yield return Event("messageStop", new JsonObject { ["stopReason"] = Stop(reply) });
        yield return Event("metadata", new JsonObject { ["usage"] = Usage(reply.Usage), ["metrics"] = new JsonObject { ["latencyMs"] = 1 } });
    }

    /// <summary>A caller that forces its answer into a tool gets a JSON answer as that tool's input.</summary>
    private static JsonObject? AnswerAsTool(FakeReply reply) =>
        reply.Call.HasAnswerTool && reply.ToolCalls.Count == 0 && reply.Text.StartsWith('{') ? JsonNode.Parse(reply.Text) as JsonObject : null;

    private static IEnumerable<JsonObject> Thoughts(FakeReply reply)
    {
        if (reply.Thought is not { } thought) yield break;
        var text = new JsonObject { ["text"] = thought };
        if (reply.ThoughtState is { } signature) text["signature"] = signature;
        yield return new JsonObject { ["reasoningContent"] = new JsonObject { ["reasoningText"] = text } };
    }

    private static JsonObject ToolUse(string id, string name, JsonNode? input) =>
        new() { ["toolUse"] = new JsonObject { ["toolUseId"] = id, ["name"] = name, ["input"] = input } };
    private static JsonObject Input(string piece) => new() { ["toolUse"] = new JsonObject { ["input"] = piece } };

    private static byte[] Start(int index, string id, string name) => Event("contentBlockStart", new JsonObject
    {
        ["contentBlockIndex"] = index,
        ["start"] = new JsonObject { ["toolUse"] = new JsonObject { ["toolUseId"] = id, ["name"] = name } },
    });
    private static byte[] Delta(int index, JsonObject delta) =>
        Event("contentBlockDelta", new JsonObject { ["contentBlockIndex"] = index, ["delta"] = delta });
    private static byte[] End(int index) => Event("contentBlockStop", new JsonObject { ["contentBlockIndex"] = index });
    private static byte[] Event(string name, JsonObject json) => Frame("event", ":event-type", name, json);

    /// <summary>One frame: lengths, their checksum, headers, payload, checksum of it all.</summary>
    private static byte[] Frame(string kind, string nameHeader, string name, JsonObject json)
    {
        using var headers = new MemoryStream();
        foreach (var (key, value) in ((string, string)[])[(":message-type", kind), (nameHeader, name), (":content-type", "application/json")])
        {
            headers.WriteByte((byte)key.Length);
            headers.Write(Encoding.UTF8.GetBytes(key));
            headers.Write([7, 0, (byte)value.Length]);   // 7: text, its length in two bytes
            headers.Write(Encoding.UTF8.GetBytes(value));
        }
        var payload = Encoding.UTF8.GetBytes(json.ToJsonString());
        var frame = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), (int)headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Checksum(frame.AsSpan(0, 8)));
        headers.ToArray().CopyTo(frame, 12);
        payload.CopyTo(frame, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Checksum(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var one in bytes)
        {
            sum ^= one;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) == 0 ? sum >> 1 : (sum >> 1) ^ 0xEDB88320;
        }
        return ~sum;
    }

    /// <summary>The parts of the prompt stand apart and add up; thoughts are part of the output.</summary>
    private static JsonObject Usage(FakeUsage usage) => new()
    {
        ["inputTokens"] = usage.Input, ["outputTokens"] = usage.Output + usage.Reasoning,
        ["cacheReadInputTokens"] = usage.CacheRead, ["cacheWriteInputTokens"] = usage.CacheWrite + usage.CacheWriteHour,
        ["cacheDetails"] = new JsonArray(
            new JsonObject { ["ttl"] = "5m", ["inputTokens"] = usage.CacheWrite }, new JsonObject { ["ttl"] = "1h", ["inputTokens"] = usage.CacheWriteHour }),
        ["totalTokens"] = usage.Input + usage.CacheRead + usage.CacheWrite + usage.CacheWriteHour + usage.Output + usage.Reasoning,
    };

    private static string Stop(FakeReply reply) => reply.Finish switch
    {
        "stop" => AnswerAsTool(reply) is null ? "end_turn" : "tool_use",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "guardrail_intervened",
        var other => other,
    };

    private static string Words(FakeRule rule) => rule.ErrorMessage ?? $"Fake error {rule.Status}.";
    private static string Lower(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static string ErrorName(FakeRule rule) => rule.ErrorType ?? rule.Status switch
    {
        400 => "ValidationException", 403 => "AccessDeniedException", 404 => "ResourceNotFoundException", 408 => "ModelTimeoutException",
        424 => "ModelErrorException", 429 => "ThrottlingException", 503 => "ServiceUnavailableException", _ => "InternalServerException",
    };
}
