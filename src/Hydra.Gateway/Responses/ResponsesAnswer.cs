using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Responses;

/// <summary>Reads a response that came whole, and the pieces that whole and streamed answers share. Pure.</summary>
internal static class ResponsesAnswer
{
    public static ChatResponse Read(Endpoint endpoint, JsonElement json)
    {
        var usage = Usage(json);
        if (json.Get("output") is not { ValueKind: JsonValueKind.Array } && json.Get("error") is null)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent a response without output: {Excerpt.Of(json.GetRawText(), endpoint.Key)}") { Usage = usage };
        }
        var contents = new List<AIContent>();
        foreach (var item in json.Items("output"))
        {
            switch (item.Text("type"))
            {
                case "message":
                    foreach (var part in item.Items("content"))
                    {
                        if (part.Text("text") is { Length: > 0 } text) contents.Add(new TextContent(text));
                    }
                    break;
                case "reasoning" when Thought(item) is { } thought: contents.Add(thought); break;
                case "function_call": contents.Add(Call(item)); break;
            }
        }
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, contents))
        {
            ResponseId = json.Text("id"),
            ModelId = json.Text("model"),
            CreatedAt = json.Number("created_at") is > 0 and < 253_402_300_800 and var seconds
                ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
            FinishReason = Finish(endpoint, json, usage),
            Usage = json.Get("usage") is null ? null : UsageReader.ToDetails(usage),
        }.In(ServiceTier.Read(json));
    }

    public static TokenUsage Usage(JsonElement response) => ProviderUsage.OfResponses(response.Get("usage"),
        response.Items("output").Count(item => item.Text("type") is "web_search_call" or "file_search_call" or "code_interpreter_call"));

    /// <summary>Why the model stopped. What failed, was filtered or refused is a failure: it must not pass for an answer.</summary>
    public static ChatFinishReason Finish(Endpoint endpoint, JsonElement response, TokenUsage usage)
    {
        if (response.Get("error") is { ValueKind: JsonValueKind.Object }) throw HttpErrors.InStream(endpoint, response, usage);
        var status = response.Text("status");
        if (Refusal(response) is { } refusal)
        {
            throw new CallFailedException(ErrorCode.ContentFiltered,
                $"{endpoint}: the model refused: {Excerpt.Of(refusal, endpoint.Key)}.") { Usage = usage };
        }
        if (status == "incomplete")
        {
            return response.Get("incomplete_details").Text("reason") switch
            {
                "max_output_tokens" => ChatFinishReason.Length,
                "content_filter" => throw new CallFailedException(ErrorCode.ContentFiltered,
                    $"{endpoint}: the model stopped because its content filter matched.") { Usage = usage },
                var other => new ChatFinishReason(other ?? "incomplete"),
            };
        }
        if (status is "failed" or "cancelled" or "queued" or "in_progress")
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent a response that is '{status}', not completed.") { Usage = usage };
        }
        return response.Items("output").Any(item => item.Text("type") == "function_call")
            ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop;
    }

    /// <summary>What a reasoning item shows, with its sealed state; null when it has neither.</summary>
    public static TextReasoningContent? Thought(JsonElement item)
    {
        var shown = string.Join("\n\n", item.Items("summary").Concat(item.Items("content"))
            .Select(part => part.Text("text")).Where(text => !string.IsNullOrEmpty(text)));
        var state = OpaqueState.Keep(OpaqueState.OpenAI, item.Text("encrypted_content"));
        return shown.Length == 0 && state is null ? null : new TextReasoningContent(shown) { ProtectedData = state };
    }

    public static FunctionCallContent Call(JsonElement item)
    {
        var name = item.Text("name") ?? "";
        return ToolText.Call(item.Text("call_id") ?? item.Text("id") ?? "", name, item.Text("arguments") ?? "");
    }

    private static string? Refusal(JsonElement response)
    {
        var refusals = response.Items("output").SelectMany(item => item.Items("content"))
            .Where(part => part.Text("type") == "refusal").Select(part => part.Text("refusal") ?? "").ToArray();
        return refusals.Length == 0 ? null : string.Concat(refusals);
    }
}
