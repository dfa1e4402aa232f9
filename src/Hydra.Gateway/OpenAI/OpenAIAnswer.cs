using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.OpenAI;

/// <summary>Reads a chat completion that came whole, and the pieces that whole and streamed answers share. Pure.</summary>
internal static class OpenAIAnswer
{
    /// <summary>Field of a tool call in which Google's endpoint keeps its thought signature.</summary>
    public const string ExtraContent = "extra_content";

    public static ChatResponse Read(Endpoint endpoint, JsonElement json)
    {
        var usage = ProviderUsage.OfChat(json.Get("usage"));
        if (json.Get("error") is not null) throw HttpErrors.InStream(endpoint, json, usage);
        var choices = json.Items("choices").ToArray();
        if (choices.Length == 0)
        {
            throw new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} sent an answer without choices: {Excerpt.Of(json.GetRawText(), endpoint.Key)}") { Usage = usage };
        }
        var choice = choices[0];
        var message = choice.Get("message");
        var finish = Finish(endpoint, choice.Text("finish_reason"), message.Text("refusal"), usage, Filters(choice));
        var contents = new List<AIContent>();
        if (Reasoning(message) is { Length: > 0 } thought) contents.Add(new TextReasoningContent(thought));
        if (message.Text("content") is { Length: > 0 } text) contents.Add(new TextContent(text));
        var calls = new ToolCallParts(endpoint);
        foreach (var call in message?.Items("tool_calls") ?? []) calls.Add(call, isWhole: true);
        contents.AddRange(calls.Build());
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, contents))
        {
            ResponseId = json.Text("id"),
            ModelId = json.Text("model"),
            FinishReason = finish,
            CreatedAt = Created(json),
            Usage = json.Get("usage") is null ? null : UsageReader.ToDetails(usage),   // unknown is not zero
        }.In(ServiceTier.Read(json));
    }

    /// <summary>The reason as given, except that a filtered or refused answer is a failure: it must not pass for an answer.</summary>
    public static ChatFinishReason? Finish(Endpoint endpoint, string? reason, string? refusal, TokenUsage usage,
        string? filters = null)
    {
        if (refusal is { Length: > 0 }) throw Filtered($"refused: {Excerpt.Of(refusal, endpoint.Key)}");
        if (reason == "content_filter") throw Filtered($"stopped because its content filter matched{(filters is null ? "" : $" ({filters})")}");
        return reason is null ? null : new ChatFinishReason(reason == "function_call" ? "tool_calls" : reason);

        CallFailedException Filtered(string what) =>
            new(ErrorCode.ContentFiltered, $"{endpoint}: the model {what}.") { Usage = usage };
    }

    /// <summary>The filters of Azure that matched, by name; null when none did.</summary>
    public static string? Filters(JsonElement choice)
    {
        if (choice.Get("content_filter_results") is not { ValueKind: JsonValueKind.Object } results) return null;
        var names = results.EnumerateObject()
            .Where(filter => filter.Value.Get("filtered") is { ValueKind: JsonValueKind.True }).Select(filter => filter.Name).ToArray();
        return names.Length == 0 ? null : string.Join(", ", names);
    }

    /// <summary>Thoughts in the spellings of the servers that show them.</summary>
    public static string? Reasoning(JsonElement? message) =>
        message.Text("reasoning_content") ?? message.Text("reasoning");

    public static DateTimeOffset? Created(JsonElement json) =>
        json.Number("created") is > 0 and < 253_402_300_800 and var seconds
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
