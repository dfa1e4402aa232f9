using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>
/// What happens to a parameter that a provider does not know: one table. A parameter whose loss changes what is asked is refused; one
/// that only tunes the sampling is dropped, and the drop is reported.
/// </summary>
public static class Parameters
{
    /// <summary>Key in the <c>AdditionalProperties</c> of an answer: the names of the parameters that were dropped, separated by commas.</summary>
    public const string DroppedKey = "hydra.dropped";

    private enum Rule
    {
        Send,
        Drop,
        Refuse,
    }

    /// <summary>The names that this provider is not sent.</summary>
    /// <exception cref="CallFailedException"><c>bad_request</c>: a parameter that must not be dropped is not known there.</exception>
    internal static IReadOnlyList<string> Dropped(Endpoint endpoint, ChatOptions? options)
    {
        if (options is null) return [];
        List<string>? dropped = null;
        foreach (var name in Given(options))
        {
            switch (Of(endpoint, name, options))
            {
                case Rule.Drop: (dropped ??= []).Add(name); break;
                case Rule.Refuse:
                    throw new CallFailedException(ErrorCode.BadRequest,
                        $"{endpoint} does not know the parameter '{name}', and without it the answer would be another. Leave it out, or use another provider.");
            }
        }
        if (dropped is not null && options is Pipeline.CallOptions { Operation.RefusesUnsupported: true }) throw Unsupported(endpoint.ToString(), dropped);
        return dropped ?? (IReadOnlyList<string>)[];
    }

    /// <summary>The refusal of a gateway that is configured to refuse rather than to drop.</summary>
    internal static CallFailedException Unsupported(string target, IReadOnlyList<string> names) => new(ErrorCode.BadRequest,
        $"{target} does not know {string.Join(", ", names.Select(name => $"'{name}'"))}, and this gateway is configured with on_unsupported: error. Leave it out, or use another model.");

    /// <summary>Writes the drop into an answer.</summary>
    internal static void Report(IReadOnlyList<string> dropped, ChatResponse response)
    {
        if (dropped.Count > 0) (response.AdditionalProperties ??= [])[DroppedKey] = string.Join(',', dropped);
    }

    internal static ChatResponseUpdate Report(IReadOnlyList<string> dropped) =>
        new() { AdditionalProperties = new() { [DroppedKey] = string.Join(',', dropped) } };

    private static Rule Of(Endpoint endpoint, string name, ChatOptions options) => (endpoint.Wire, name) switch
    {
        (_, "conversation_id") => Rule.Refuse,   // the conversation is ours to keep
        (_, var other) when other.StartsWith("tools.", StringComparison.Ordinal) => Rule.Refuse,
        (WireFormat.Chat, "top_k") => endpoint.Quirks.SupportsTopK ? Rule.Send : Rule.Drop,
        (WireFormat.Chat, "seed") => endpoint.Quirks.SupportsSeed ? Rule.Send : Rule.Drop,
        (WireFormat.Responses, "top_k" or "seed" or "frequency_penalty" or "presence_penalty") => Rule.Drop,
        (WireFormat.Responses, "stop") => Rule.Refuse,
        (WireFormat.Messages, "seed" or "frequency_penalty" or "presence_penalty") => Rule.Drop,
        // Anthropic's thinking needs at least 1,024 tokens and as many for the answer.
        (WireFormat.Messages, "reasoning.effort") => options.MaxOutputTokens < 2_048 ? Rule.Drop : Rule.Send,
        // Thinking is asked for there by a field of each model's own.
        (WireFormat.Converse, "seed" or "frequency_penalty" or "presence_penalty" or "reasoning.effort") => Rule.Drop,
        _ => Rule.Send,
    };

    private static IEnumerable<string> Given(ChatOptions options)
    {
        if (options.ConversationId is not null) yield return "conversation_id";
        if (options.TopK is not null) yield return "top_k";
        if (options.Seed is not null) yield return "seed";
        if (options.FrequencyPenalty is not null) yield return "frequency_penalty";
        if (options.PresencePenalty is not null) yield return "presence_penalty";
        if (options.Reasoning?.Effort is not (null or ReasoningEffort.None)) yield return "reasoning.effort";
        if (options.StopSequences is { Count: > 0 }) yield return "stop";
        foreach (var tool in options.Tools ?? [])
        {
            if (tool is not AIFunctionDeclaration) yield return $"tools.{tool.Name}";
        }
    }
}
