namespace Hydra.Model;

/// <summary>Prices of one model, in US dollars per 1,000,000 tokens.</summary>
/// <param name="Source">Where the figures come from and of which day, for the ledger.</param>
public sealed record ModelPrice(decimal Input, decimal Output, string Source)
{
    /// <summary>The day of the figures; null when the operator gave none.</summary>
    public DateOnly? AsOf { get; init; }
    /// <summary>Rate of prompt tokens read from the cache; null: the input rate.</summary>
    public decimal? CacheRead { get; init; }
    /// <summary>Rate of prompt tokens written to the cache; null: the input rate.</summary>
    public decimal? CacheWrite { get; init; }
    /// <summary>Rate of prompt tokens written to the cache for an hour; null: the rate of 5 minutes.</summary>
    public decimal? CacheWriteHour { get; init; }
    /// <summary>Rate of reasoning tokens; null: the output rate.</summary>
    public decimal? Reasoning { get; init; }
    /// <summary>Rate of prompt tokens of sound; null: the input rate.</summary>
    public decimal? InputAudio { get; init; }
    /// <summary>Rate of generated tokens of sound; null: the output rate.</summary>
    public decimal? OutputAudio { get; init; }
    /// <summary>US dollars for each use of one of the provider's own tools; null: unknown, and counted as nothing.</summary>
    public decimal? ServerTool { get; init; }
    /// <summary>Rates for the whole request once its prompt is longer than the key, in tokens; ascending.</summary>
    public IReadOnlyList<(long PromptTokensOver, ModelPrice Price)> Tiers { get; init; } = [];
    /// <summary>Rates of the provider's service classes (<c>batch</c>, <c>flex</c>, <c>priority</c>), complete in themselves.</summary>
    public IReadOnlyDictionary<string, ModelPrice> Services { get; init; } = NoServices;
    private static readonly IReadOnlyDictionary<string, ModelPrice> NoServices = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);

    /// <summary>The rates of a class of service; null: that class has none that are known.</summary>
    /// <param name="service">As in <see cref="Services"/>; null: the usual class.</param>
    public ModelPrice? For(string? service) => service is null ? this : Services.GetValueOrDefault(service);

    /// <summary>The arithmetic of a bill: each class that was used, at the rate of the tier that the prompt's length gives.</summary>
    public IReadOnlyList<ChargeLine> Bill(TokenUsage usage)
    {
        var rates = RatesFor(usage);
        var lines = new List<ChargeLine>(4);
        for (var at = 0; at < ClassCount; at++)
        {
            if (rates.Line(at, usage) is { Count: > 0 } line) lines.Add(line);
        }
        return lines;
    }

    /// <summary>What a call with this usage costs, rounded up to whole micro-dollars.</summary>
    public MicroUsd CostOf(TokenUsage usage)
    {
        var rates = RatesFor(usage);
        // US dollars per million tokens is micro-dollars per token.
        var micro = 0m;
        for (var at = 0; at < ClassCount; at++)
        {
            if (rates.Line(at, usage) is { Count: > 0 } line) micro += line.Count * line.UsdPerMillion;
        }
        return MicroUsd.Ceiling(micro);
    }

    private ModelPrice RatesFor(TokenUsage usage)
    {
        var rates = this;
        foreach (var (over, tier) in Tiers)
        {
            if (usage.Prompt > over) rates = tier;
        }
        return rates;
    }

    private const int ClassCount = 9;

    private ChargeLine Line(int at, TokenUsage usage) => at switch
    {
        0 => new("input", usage.Input, Input),
        1 => new("output", usage.Output, Output),
        2 => new("cache_read", usage.CacheRead, CacheRead ?? Input),
        3 => new("cache_write", usage.CacheWrite, CacheWrite ?? Input),
        4 => new("cache_write_1h", usage.CacheWriteHour, CacheWriteHour ?? CacheWrite ?? Input),
        5 => new("reasoning", usage.Reasoning, Reasoning ?? Output),
        6 => new("input_audio", usage.InputAudio, InputAudio ?? Input),
        7 => new("output_audio", usage.OutputAudio, OutputAudio ?? Output),
        _ => new("server_tool", usage.ServerToolUnits, (ServerTool ?? 0) * 1_000_000m),
    };

    /// <summary>The classes of this usage that have no rate of their own here, so that the cost is only as good as its neighbour's rate.</summary>
    public IReadOnlyList<string> Unpriced(TokenUsage usage)
    {
        var names = new List<string>();
        Check("cache_read", usage.CacheRead, CacheRead);
        Check("cache_write_5m", usage.CacheWrite, CacheWrite);
        Check("cache_write_1h", usage.CacheWriteHour, CacheWriteHour);
        Check("input_audio", usage.InputAudio, InputAudio);
        Check("output_audio", usage.OutputAudio, OutputAudio);
        Check("server_tool_units", usage.ServerToolUnits, ServerTool);
        return names;

        void Check(string name, long count, decimal? rate)
        {
            if (count > 0 && rate is null) names.Add(name);
        }
    }

    /// <summary>The most a call can cost: every prompt token at the dearest prompt rate of any tier it may reach, every allowed token generated.</summary>
    /// <param name="isWidest">Whether the request may also write to the one-hour cache or hold sound.</param>
    public MicroUsd BoundOf(long promptTokensMax, long outputTokensMax, bool isWidest = false)
    {
        var dearest = WorstOf(this);
        foreach (var (over, tier) in Tiers)
        {
            if (promptTokensMax > over) dearest = Math.Max(dearest, WorstOf(tier));
        }
        return MicroUsd.Ceiling(dearest);

        decimal WorstOf(ModelPrice rates)
        {
            var prompt = Math.Max(rates.Input, Math.Max(rates.CacheRead ?? 0, rates.CacheWrite ?? 0));
            var output = Math.Max(rates.Output, rates.Reasoning ?? 0);
            if (isWidest)
            {
                prompt = Math.Max(prompt, Math.Max(rates.CacheWriteHour ?? 0, rates.InputAudio ?? 0));
                output = Math.Max(output, rates.OutputAudio ?? 0);
            }
            return (promptTokensMax * prompt) + (outputTokensMax * output);
        }
    }
}

/// <summary>One factor of a bill: so many of a class at a price.</summary>
/// <param name="Class">As <c>input</c>, <c>cache_read</c>, <c>output</c>.</param>
/// <param name="UsdPerMillion">Price of 1,000,000 of them in US dollars.</param>
public readonly record struct ChargeLine(string Class, long Count, decimal UsdPerMillion)
{
    /// <summary>Exact.</summary>
    public decimal Usd => Count * UsdPerMillion / 1_000_000m;
}
