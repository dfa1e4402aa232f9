using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary><c>generateContent</c>, <c>streamGenerateContent</c> and <c>batchEmbedContents</c> in Google's format.</summary>
internal static class GeminiDoor
{
    public static FakeDoor Door { get; } = FakeDoor.Sse(Whole,
        reply => Events(reply).Select(json => $"data: {json.ToJsonString()}\n\n"), Error) with { Refuse = (_, call) => Refuse(call) };

    private static string Whole(FakeReply reply)
    {
        if (reply.Call.Path.EndsWith(":batchEmbedContents", StringComparison.Ordinal)) return Vectors(reply.Call);
        if (IsBlocked(reply)) return Blocked(reply).ToJsonString();
        JsonArray parts = [.. Thoughts(reply)];
        if (reply.Text.Length > 0) parts.Add(Signed(reply, new JsonObject { ["text"] = reply.Text }, isLastText: true));
        foreach (var call in Calls(reply)) parts.Add(call);
        return Chunk(reply, parts, Finish(reply)).ToJsonString();
    }

    private static IEnumerable<JsonObject> Events(FakeReply reply)
    {
        if (IsBlocked(reply))
        {
            yield return Blocked(reply);
            yield break;
        }
        foreach (var thought in Thoughts(reply)) yield return Chunk(reply, [thought], null);
        foreach (var piece in reply.Pieces()) yield return Chunk(reply, [new JsonObject { ["text"] = piece }], null);
        foreach (var call in Calls(reply)) yield return Chunk(reply, [call], null);
        // The signature of a text comes last, on a part of its own that holds no text.
        JsonArray last = reply.Text.Length > 0 && reply.ThoughtState is not null
            ? [Signed(reply, new JsonObject { ["text"] = "" }, isLastText: true)] : [];
        yield return Chunk(reply, last, Finish(reply));
    }

    private static string Error(FakeRule rule) => new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["code"] = rule.Status >= 400 ? rule.Status : 503, ["message"] = rule.ErrorMessage ?? $"Fake error {rule.Status}.",
            ["status"] = rule.ErrorType ?? (rule.Status switch
            {
                400 => "INVALID_ARGUMENT", 401 => "UNAUTHENTICATED", 403 => "PERMISSION_DENIED", 404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED", 500 => "INTERNAL", 504 => "DEADLINE_EXCEEDED", _ => "UNAVAILABLE",
            }),
        },
    }.ToJsonString();

    /// <summary>From generation 3 on, the first call of each step after the last question must bring its signature back.</summary>
    private static FakeRule? Refuse(FakeCall call)
    {
        if (!call.Model.StartsWith("gemini-3", StringComparison.Ordinal)) return null;
        var contents = JsonNode.Parse(call.Body)?["contents"]?.AsArray() ?? [];
        for (var i = contents.Count - 1; i >= 0; i--)
        {
            var parts = contents[i]?["parts"]?.AsArray() ?? [];
            if ((string?)contents[i]?["role"] == "user" && parts.Any(part => part?["functionResponse"] is null)) break;
            if (parts.FirstOrDefault(part => part?["functionCall"] is not null) is { } first && first["thoughtSignature"] is null)
            {
                return new FakeRule { Status = 400, ErrorMessage = $"Function call is missing a thought_signature in functionCall parts, position {i}." };
            }
        }
        return null;
    }

    private static string Vectors(FakeCall call)
    {
        var requests = JsonNode.Parse(call.Body)!["requests"]!.AsArray();
        return new JsonObject
        {
            ["embeddings"] = new JsonArray([.. requests.Select(request => (JsonNode)new JsonObject
            {
                ["values"] = FakeVectors.Of((string)request!["content"]!["parts"]![0]!["text"]!,
                    (int?)request["outputDimensionality"] ?? 8),
            })]),
        }.ToJsonString();
    }

    private static bool IsBlocked(FakeReply reply) => reply.Finish == "prompt_blocked";

    /// <summary>A prompt that is blocked gets no candidate at all.</summary>
    private static JsonObject Blocked(FakeReply reply) => new()
    {
        ["promptFeedback"] = new JsonObject { ["blockReason"] = "SAFETY" }, ["usageMetadata"] = Usage(reply.Usage),
        ["modelVersion"] = reply.Call.Model,
    };

    private static IEnumerable<JsonObject> Thoughts(FakeReply reply) =>
        reply.Thought is { } thought ? [new JsonObject { ["text"] = thought, ["thought"] = true }] : [];

    /// <summary>Only the first of parallel calls is signed; ids come only where the script gives them.</summary>
    private static IEnumerable<JsonObject> Calls(FakeReply reply) => reply.ToolCalls.Select((tool, at) =>
    {
        var call = new JsonObject { ["name"] = tool.Name, ["args"] = JsonNode.Parse(tool.Arguments.GetRawText()) };
        if (tool.Id is { } id) call["id"] = id;
        return Signed(at == 0 ? reply : reply with { ThoughtState = null }, new JsonObject { ["functionCall"] = call }, isLastText: false);
    });

    private static JsonObject Signed(FakeReply reply, JsonObject part, bool isLastText)
    {
        if (reply.ThoughtState is { } signature && (!isLastText || reply.ToolCalls.Count == 0)) part["thoughtSignature"] = signature;
        return part;
    }

    private static JsonObject Chunk(FakeReply reply, JsonArray parts, string? finish)
    {
        var candidate = new JsonObject
        {
            ["content"] = new JsonObject { ["role"] = "model", ["parts"] = parts }, ["index"] = 0,
        };
        if (finish is not null) candidate["finishReason"] = finish;
        return new JsonObject
        {
            ["candidates"] = new JsonArray(candidate), ["usageMetadata"] = Usage(reply.Usage), ["modelVersion"] = reply.Call.Model,
            ["responseId"] = $"gemini-{reply.Call.Number}",
        };
    }

    /// <summary>The prompt contains what was cached; thoughts stand beside the candidates; there is no word for cache writes.</summary>
    private static JsonObject Usage(FakeUsage usage) => new()
    {
        ["promptTokenCount"] = usage.Input + usage.CacheRead,
        ["cachedContentTokenCount"] = usage.CacheRead,
        ["candidatesTokenCount"] = usage.Output,
        ["thoughtsTokenCount"] = usage.Reasoning,
        ["totalTokenCount"] = usage.Input + usage.CacheRead + usage.Output + usage.Reasoning,
    };

    private static string Finish(FakeReply reply) => reply.Finish switch
    {
        "stop" or "tool_calls" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        var other => other,
    };
}
