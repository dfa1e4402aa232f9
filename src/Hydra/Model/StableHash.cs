namespace Hydra.Model;

/// <summary>A hash that is the same in every process and on every machine (FNV-1a with a final mix); no protection against a foe.</summary>
public static class StableHash
{
    /// <param name="seed">Separates independent uses of the same text.</param>
    public static ulong Of(ReadOnlySpan<char> text, ulong seed = 0)
    {
        var hash = 14695981039346656037UL ^ seed;
        foreach (var c in text) hash = (hash ^ c) * 1099511628211UL;
        return Mixed(hash);
    }

    /// <summary>A number in [0, 1) that is the same for the same text and seed.</summary>
    public static double Fraction(ReadOnlySpan<char> text, ulong seed = 0) => Fraction(Of(text, seed));

    public static double Fraction(ulong hash) => (hash >> 11) / (double)(1UL << 53);

    private static ulong Mixed(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        return hash ^ (hash >> 33);
    }
}
