namespace Hydra.Model;

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
