using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>
/// Chat completions as Azure OpenAI sends them: a stream begins with the prompt's filter results and no choices, and every
/// choice carries its own.
/// </summary>
internal static class AzureDoor
{
    public static string Whole(FakeReply reply)
    {
        var body = JsonNode.Parse(OpenAIDoor.Whole(reply))!.AsObject();
        body["prompt_filter_results"] = PromptFilter();
        body["choices"]![0]!["content_filter_results"] = Filter(reply.Finish == "content_filter");
        return body.ToJsonString();
    }

    public static IEnumerable<string> Events(FakeReply reply)
    {
        yield return Event(new JsonObject { ["id"] = "", ["object"] = "", ["created"] = 0, ["model"] = "",
            ["choices"] = new JsonArray(), ["prompt_filter_results"] = PromptFilter() });
        foreach (var sent in OpenAIDoor.Events(reply))
        {
            if (sent.StartsWith("data: {", StringComparison.Ordinal)
                && JsonNode.Parse(sent["data: ".Length..])!.AsObject() is { } chunk && chunk["choices"]!.AsArray().Count > 0)
            {
                var isLast = chunk["choices"]![0]!["finish_reason"]?.ToString() == "content_filter";
                chunk["choices"]![0]!["content_filter_results"] = Filter(isLast);
                yield return Event(chunk);
            }
            else
            {
                yield return sent;
            }
        }
    }

    public static string Error(FakeRule rule)
    {
        var error = new JsonObject { ["message"] = rule.ErrorMessage ?? $"Fake error {rule.Status}.",
            ["code"] = rule.ErrorCode ?? rule.Status.ToString() };
        if (rule.ErrorCode == "content_filter")
        {
            error["param"] = "prompt";
            error["innererror"] = new JsonObject { ["code"] = "ResponsibleAIPolicyViolation",
                ["content_filter_result"] = Filter(true) };
        }
        return new JsonObject { ["error"] = error }.ToJsonString();
    }

    private static JsonArray PromptFilter() =>
        new(new JsonObject { ["prompt_index"] = 0, ["content_filter_results"] = Filter(false) });

    private static JsonObject Filter(bool isViolent) => new()
    {
        ["hate"] = new JsonObject { ["filtered"] = false, ["severity"] = "safe" },
        ["violence"] = new JsonObject { ["filtered"] = isViolent, ["severity"] = isViolent ? "high" : "safe" },
    };

    private static string Event(JsonObject json) => $"data: {json.ToJsonString()}\n\n";
}
