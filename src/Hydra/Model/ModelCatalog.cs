namespace Hydra.Model;

/// <summary>Tokens of one call in disjoint classes: no token is counted in two of them.</summary>
/// <param name="Input">Prompt tokens billed at the input rate: neither read from nor written to the provider's cache.</param>
/// <param name="Output">Generated tokens without reasoning.</param>
/// <param name="CacheRead">Prompt tokens read from the provider's prompt cache.</param>
/// <param name="CacheWrite">Prompt tokens written to the provider's prompt cache.</param>
/// <param name="Reasoning">Generated tokens that the answer does not show.</param>
public readonly record struct TokenUsage(long Input, long Output, long CacheRead = 0, long CacheWrite = 0, long Reasoning = 0)
{
    public long Total => Input + Output + CacheRead + CacheWrite + Reasoning;

    public static TokenUsage operator +(TokenUsage left, TokenUsage right) => new(
        left.Input + right.Input, left.Output + right.Output, left.CacheRead + right.CacheRead,
        left.CacheWrite + right.CacheWrite, left.Reasoning + right.Reasoning);
}

/// <summary>Prices of one model, in US dollars per 1,000,000 tokens.</summary>
/// <param name="Source">Where the figures come from and of which day, for the ledger.</param>
public sealed record ModelPrice(decimal Input, decimal Output, string Source)
{
    /// <summary>Rate of prompt tokens read from the cache; null: the input rate.</summary>
    public decimal? CacheRead { get; init; }
    /// <summary>Rate of prompt tokens written to the cache; null: the input rate.</summary>
    public decimal? CacheWrite { get; init; }
    /// <summary>Rate of reasoning tokens; null: the output rate.</summary>
    public decimal? Reasoning { get; init; }
    /// <summary>Rates for the whole request once its prompt is longer than the key, in tokens; ascending.</summary>
    public IReadOnlyList<(long PromptTokensOver, ModelPrice Price)> Tiers { get; init; } = [];

    /// <summary>What a call with this usage costs.</summary>
    public MicroUsd CostOf(TokenUsage usage)
    {
        var prompt = usage.Input + usage.CacheRead + usage.CacheWrite;
        var rates = this;
        foreach (var (over, tier) in Tiers)
        {
            if (prompt > over) rates = tier;
        }
        // US dollars per million tokens is micro-dollars per token.
        return MicroUsd.Ceiling((usage.Input * rates.Input) + (usage.Output * rates.Output)
            + (usage.CacheRead * (rates.CacheRead ?? rates.Input)) + (usage.CacheWrite * (rates.CacheWrite ?? rates.Input))
            + (usage.Reasoning * (rates.Reasoning ?? rates.Output)));
    }

    /// <summary>The most a call can cost: every prompt token at the dearest prompt rate of any tier it may reach, every allowed token generated.</summary>
    public MicroUsd BoundOf(long promptTokensMax, long outputTokensMax)
    {
        var dearest = WorstOf(this, promptTokensMax, outputTokensMax);
        foreach (var (over, tier) in Tiers)
        {
            if (promptTokensMax > over) dearest = Math.Max(dearest, WorstOf(tier, promptTokensMax, outputTokensMax));
        }
        return MicroUsd.Ceiling(dearest);

        static decimal WorstOf(ModelPrice rates, long prompt, long output) =>
            (prompt * Math.Max(rates.Input, Math.Max(rates.CacheRead ?? 0, rates.CacheWrite ?? 0)))
            + (output * Math.Max(rates.Output, rates.Reasoning ?? 0));
    }
}

/// <summary>Money in millionths of a US dollar: whole numbers, so that sums are exact.</summary>
public readonly record struct MicroUsd(long Amount) : IComparable<MicroUsd>
{
    public static MicroUsd Zero => default;
    public decimal Usd => Amount / 1_000_000m;
    public static MicroUsd Ceiling(decimal microUsd) => new((long)Math.Ceiling(microUsd));
    public static MicroUsd FromUsd(decimal usd) => new((long)Math.Ceiling(usd * 1_000_000m));
    public int CompareTo(MicroUsd other) => Amount.CompareTo(other.Amount);
    public static MicroUsd operator +(MicroUsd left, MicroUsd right) => new(left.Amount + right.Amount);
    public static MicroUsd operator -(MicroUsd left, MicroUsd right) => new(left.Amount - right.Amount);
    public static bool operator >(MicroUsd left, MicroUsd right) => left.Amount > right.Amount;
    public static bool operator <(MicroUsd left, MicroUsd right) => left.Amount < right.Amount;
    public static bool operator >=(MicroUsd left, MicroUsd right) => left.Amount >= right.Amount;
    public static bool operator <=(MicroUsd left, MicroUsd right) => left.Amount <= right.Amount;
    public override string ToString() => Usd.ToString("0.######");
}

/// <summary>What is known of a model before it is called.</summary>
public sealed record ModelFacts
{
    /// <summary>The id as the workflow named it.</summary>
    public required string Name { get; init; }
    /// <summary>The provider that will answer, in OpenTelemetry's spelling (<c>openai</c>, <c>anthropic</c>, …).</summary>
    public required string Provider { get; init; }
    /// <summary>The id that goes over the wire: <see cref="Name"/> without the provider prefix.</summary>
    public required string Id { get; init; }
    /// <summary>Null when unknown; never taken for free.</summary>
    public ModelPrice? Price { get; init; }
    /// <summary>Longest prompt in tokens; null when unknown.</summary>
    public long? ContextTokensMax { get; init; }
    /// <summary>Longest answer in tokens; null when unknown.</summary>
    public long? OutputTokensMax { get; init; }
}

/// <summary>Why a model cannot be used, with the mend in words.</summary>
public sealed class ModelUnavailableException(string message) : Exception(message);

/// <summary>Knows models by the names that workflows use. Pure data: resolving calls nobody.</summary>
public interface IModelCatalog
{
    /// <summary>Says who will answer for a name. Throws <see cref="ModelUnavailableException"/> where nobody is configured to.</summary>
    ModelFacts Resolve(string model);
}
