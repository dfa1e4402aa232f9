namespace Hydra.Model;

/// <summary>Finds the name that an author most likely meant.</summary>
public static class DidYouMean
{
    private const int NameLengthMax = 64;
    /// <summary>Candidates looked at: a typo in a graph of 100,000 nodes must not cost a second each.</summary>
    private const int CandidatesMax = 20_000;

    /// <summary><c> Did you mean 'x'?</c> with a leading blank, or nothing.</summary>
    public static string Hint(string name, IEnumerable<string> candidates) =>
        Nearest(name, candidates) is { } near ? $" Did you mean '{near}'?" : "";

    /// <summary>The candidate at the smallest edit distance, if that is at most a third of the name; else null.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > NameLengthMax) return null;
        string? best = null;
        var limit = Math.Max(1, name.Length / 3);
        Span<int> row = stackalloc int[NameLengthMax + 1], before = stackalloc int[NameLengthMax + 1], earlier = stackalloc int[NameLengthMax + 1];
        var seen = 0;
        foreach (var candidate in candidates)
        {
            if (++seen > CandidatesMax) break;
            if (candidate.Length > NameLengthMax || Math.Abs(candidate.Length - name.Length) > limit) continue;
            var distance = Distance(name, candidate, row, before, earlier);
            if (distance > limit || (best is not null && distance == limit)) continue;
            best = candidate;
            limit = distance;
            if (limit == 0) break;
        }
        return best;
    }

    /// <summary>Edits without regard to case: insert, delete, replace, or swap two neighbours.</summary>
    private static int Distance(string a, string b, Span<int> row, Span<int> before, Span<int> earlier)
    {
        for (var j = 0; j <= b.Length; j++) before[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(before[j], row[j - 1]) + 1, before[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], earlier[j - 2] + 1);
            }
            var spare = earlier;
            earlier = before;
            before = row;
            row = spare;
        }
        return before[b.Length];
    }
}
