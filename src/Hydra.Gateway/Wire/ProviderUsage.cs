using System.Text.Json;
using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>Reads what a provider says was used into disjoint classes: one method for each way of counting. Pure.</summary>
internal static class ProviderUsage
{
    /// <summary>
    /// Chat completions and their many dialects. Prompt tokens contain the cached ones everywhere; completion tokens contain the
    /// reasoning of OpenAI, but not that of xAI and of Google's compatible endpoint, where only the total shows it.
    /// </summary>
    /// <param name="usage">The <c>usage</c> object, or null.</param>
    public static TokenUsage OfChat(JsonElement? usage)
    {
        if (usage is null) return default;
        var prompt = Positive(usage.Number("prompt_tokens"));
        var completion = Positive(usage.Number("completion_tokens"));
        var sent = usage.Get("prompt_tokens_details");
        var made = usage.Get("completion_tokens_details");
        var read = Within(prompt, sent.Number("cached_tokens")
            ?? usage.Number("prompt_cache_hit_tokens")                  // DeepSeek
            ?? usage.Number("cached_tokens")                            // Moonshot
            ?? usage.Number("cache_read_input_tokens"));                // proxies before Anthropic
        var write = Within(prompt - read, sent.Number("cache_write_tokens")
            ?? usage.Number("cache_creation_input_tokens"));
        var audioIn = Within(prompt - read - write, sent.Number("audio_tokens"));
        var beyond = Math.Max(0, Positive(usage.Number("total_tokens")) - prompt - completion);
        var told = Positive(made.Number("reasoning_tokens") ?? usage.Number("reasoning_tokens"));
        var audioOut = Within(completion, made.Number("audio_tokens"));
        var inside = beyond > 0 ? 0 : Math.Min(completion - audioOut, told);
        return new(prompt - read - write - audioIn, completion - audioOut - inside, read, write, beyond > 0 ? beyond : inside)
        {
            InputAudio = audioIn,
            OutputAudio = audioOut,
            ServerToolUnits = Positive(usage.Number("num_search_queries")                                      // Perplexity
                ?? usage.Number("num_sources_used")                                                            // xAI
                ?? usage.Get("server_tool_use").Number("web_search_requests")),
        };
    }

    /// <summary>OpenAI's Responses: totals that contain their parts; searches stand among the output items.</summary>
    public static TokenUsage OfResponses(JsonElement? usage, long serverToolCalls)
    {
        if (usage is null) return new TokenUsage { ServerToolUnits = serverToolCalls };
        var input = Positive(usage.Number("input_tokens"));
        var output = Positive(usage.Number("output_tokens"));
        var sent = usage.Get("input_tokens_details");
        var read = Within(input, sent.Number("cached_tokens"));
        var write = Within(input - read, sent.Number("cache_write_tokens"));
        var audioIn = Within(input - read - write, sent.Number("audio_tokens"));
        var reasoning = Within(output, usage.Get("output_tokens_details").Number("reasoning_tokens"));
        var audioOut = Within(output - reasoning, usage.Get("output_tokens_details").Number("audio_tokens"));
        return new(input - read - write - audioIn, output - reasoning - audioOut, read, write, reasoning)
        {
            InputAudio = audioIn,
            OutputAudio = audioOut,
            ServerToolUnits = serverToolCalls,
        };
    }

    /// <summary>
    /// Anthropic: the parts of the prompt stand apart and add up; what a later event says replaces what an earlier one said.
    /// <c>cache_creation</c> splits the written tokens by their life; the rest of the total counts as 5 minutes.
    /// </summary>
    public static TokenUsage OfMessages(JsonElement? usage, TokenUsage before)
    {
        if (usage is null) return before;
        var written = usage.Number("cache_creation_input_tokens") ?? (before.CacheWrite + before.CacheWriteHour);
        var split = usage.Get("cache_creation");
        var hour = split.Number("ephemeral_1h_input_tokens") ?? before.CacheWriteHour;
        if (usage.Number("cache_creation_input_tokens") is null && split is not null)
        {
            written = Positive(hour) + Positive(split.Number("ephemeral_5m_input_tokens"));
        }
        hour = Within(Positive(written), hour);
        var output = Positive(usage.Number("output_tokens") ?? (before.Output + before.Reasoning));
        var thinking = Within(output, usage.Get("output_tokens_details").Number("thinking_tokens") ?? before.Reasoning);
        var tools = usage.Get("server_tool_use");
        return new(Positive(usage.Number("input_tokens") ?? before.Input), output - thinking,
            Positive(usage.Number("cache_read_input_tokens") ?? before.CacheRead), Positive(written) - hour, thinking)
        {
            CacheWriteHour = hour,
            ServerToolUnits = tools is null ? before.ServerToolUnits : Positive(tools.Number("web_search_requests")),
        };
    }

    /// <summary>Embeddings: everything is prompt.</summary>
    public static TokenUsage OfEmbeddings(JsonElement? usage) =>
        new(Positive(usage.Number("prompt_tokens") ?? usage.Number("total_tokens")), 0);

    private static long Positive(long? count) => Math.Max(0, count ?? 0);
    private static long Within(long whole, long? part) => Math.Clamp(part ?? 0, 0, Math.Max(0, whole));
}
