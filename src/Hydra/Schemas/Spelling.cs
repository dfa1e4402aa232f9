namespace Hydra.Schemas;

/// <summary>Which known name was probably meant.</summary>
internal static class Spelling
{
    private const int LengthMax = 60, NameCountMax = 500;

    /// <summary>The nearest name within one slip (two from six letters on), or null.</summary>
    public static string? Nearest(string written, IEnumerable<string> names)
    {
        if (written.Length is < 3 or > LengthMax) return null;
        string? nearest = null;
        var least = written.Length >= 6 ? 3 : 2;
        foreach (var name in names.Take(NameCountMax))
        {
            if (Math.Abs(name.Length - written.Length) >= least || name.Length > LengthMax) continue;
            var distance = string.Equals(name, written, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(written, name);
            if (distance < least) (nearest, least) = (name, distance);
        }
        return nearest;
    }

    /// <summary>Letters to add, drop, change or swap with their neighbour (optimal string alignment).</summary>
    private static int Distance(string left, string right)
    {
        var (before, last, row) = (new int[right.Length + 1], new int[right.Length + 1], new int[right.Length + 1]);
        for (var j = 0; j <= right.Length; j++) last[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = left[i - 1] == right[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + change);
                var isSwap = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                if (isSwap) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, last, row) = (last, row, before);
        }
        return last[right.Length];
    }
}
