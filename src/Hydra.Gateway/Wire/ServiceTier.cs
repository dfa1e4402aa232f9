using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>The class of service that an answer was given in: it has rates of its own. Pure.</summary>
internal static class ServiceTier
{
    /// <summary>Key in the <c>AdditionalProperties</c> of an answer: the class as the price table names it, where it is not the usual one.</summary>
    public const string Key = "hydra.service_tier";

    /// <summary>What the answer of OpenAI (beside the usage), Anthropic (in it), Gemini (its traffic) or Bedrock says; null: the usual class, or nothing is said.</summary>
    /// <param name="json">The object that holds the word: the answer, or its usage.</param>
    public static string? Read(JsonElement? json) =>
        json is not { } answer ? null
        : (answer.Text("service_tier") ?? answer.Get("serviceTier").Text("type") ?? answer.Text("trafficType"))?.ToLowerInvariant() switch
        {
            null or "" or "default" or "standard" or "standard_only" or "auto" or "on_demand" or "provisioned_throughput" or "traffic_type_unspecified" => null,
            "on_demand_priority" => "priority",
            "on_demand_flex" => "flex",
            var named => named,
        };

    /// <summary>Tells the class with an answer that came whole.</summary>
    public static ChatResponse In(this ChatResponse response, string? tier)
    {
        if (tier is not null) (response.AdditionalProperties ??= [])[Key] = tier;
        return response;
    }

    /// <summary>Tells the class with the last piece of a stream.</summary>
    public static ChatResponseUpdate In(this ChatResponseUpdate last, string? tier)
    {
        if (tier is not null) (last.AdditionalProperties ??= [])[Key] = tier;
        return last;
    }

    /// <summary>The class that a request asks for in its dialect's own words; null: the usual one.</summary>
    public static string? Asked(ChatOptions? options) =>
        options?.AdditionalProperties is { } fields && (fields.GetValueOrDefault("service_tier") ?? fields.GetValueOrDefault("serviceTier")) is { } asked
            ? Read(JsonSerializer.SerializeToElement(new Dictionary<string, object> { [asked is string or JsonElement { ValueKind: JsonValueKind.String } ? "service_tier" : "serviceTier"] = asked }))
            : null;
}
