namespace Hydra.Gateway.Ledger;

/// <summary>
/// Money in millionths of a millionth of a US dollar: whole numbers, so that sums are exact. One token at $0.000001 per 1,000,000
/// is 1. Sums stay at the ends of the range (9.2 million US dollars) instead of going round.
/// </summary>
public readonly record struct PicoUsd(long Amount) : IComparable<PicoUsd>
{
    private const decimal PerUsd = 1_000_000_000_000m;

    public static PicoUsd Zero => default;
    public decimal Usd => Amount / PerUsd;

    /// <summary>The amount, rounded up where it is finer than the unit: never below the bill.</summary>
    public static PicoUsd FromUsd(decimal usd)
    {
        if (usd >= long.MaxValue / PerUsd) return new(long.MaxValue);
        return usd <= long.MinValue / PerUsd ? new(long.MinValue) : new((long)Math.Ceiling(usd * PerUsd));
    }

    public int CompareTo(PicoUsd other) => Amount.CompareTo(other.Amount);
    public static PicoUsd operator +(PicoUsd left, PicoUsd right) => new(Add(left.Amount, right.Amount));
    public static PicoUsd operator -(PicoUsd left, PicoUsd right) => new(Add(left.Amount, right.Amount == long.MinValue ? long.MaxValue : -right.Amount));
    public static bool operator >(PicoUsd left, PicoUsd right) => left.Amount > right.Amount;
    public static bool operator <(PicoUsd left, PicoUsd right) => left.Amount < right.Amount;
    public static bool operator >=(PicoUsd left, PicoUsd right) => left.Amount >= right.Amount;
    public static bool operator <=(PicoUsd left, PicoUsd right) => left.Amount <= right.Amount;
    public override string ToString() => Usd.ToString("0.############");

    /// <summary>The sum, kept within the range of its type.</summary>
    internal static long Add(long left, long right)
    {
        var sum = unchecked(left + right);
        if (((left ^ sum) & (right ^ sum)) >= 0) return sum;
        return left < 0 ? long.MinValue : long.MaxValue;
    }
}
