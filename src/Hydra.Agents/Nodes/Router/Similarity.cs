namespace Hydra.Agents.Nodes;

/// <summary>
/// Likeness of texts by the words they share: cosine of term frequencies weighed by how few of the texts hold a word. Deterministic,
/// free, the same on every machine; meaning is unknown to it.
/// </summary>
internal static class Similarity
{
    private const int WordLettersMin = 3;
    private const int WordsMax = 5_000;
    private static readonly HashSet<string> Fillers = new(["the", "and", "for", "are", "was", "you", "your", "with", "that", "this", "what", "when", "where", "who", "how", "can", "has", "have", "from", "not", "but", "all", "any", "its", "our", "one", "about", "please"], StringComparer.Ordinal);

    /// <summary>The likeness of a text to each of the others, 0 to 1.</summary>
    public static double[] Of(string text, IReadOnlyList<string> others)
    {
        var asked = Terms(text);
        var known = others.Select(Terms).ToArray();
        var spread = known.SelectMany(terms => terms.Keys).GroupBy(word => word, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        double Weight(string word) => Math.Log(1 + ((double)(others.Count + 1) / (1 + spread.GetValueOrDefault(word))));
        var length = Length(asked);
        return [.. known.Select(terms => Length(terms) is var other && other * length == 0 ? 0
            : asked.Where(term => terms.ContainsKey(term.Key)).Sum(term => term.Value * terms[term.Key] * Weight(term.Key) * Weight(term.Key)) / (other * length))];

        double Length(Dictionary<string, double> terms) => Math.Sqrt(terms.Sum(term => Math.Pow(term.Value * Weight(term.Key), 2)));
    }

    /// <summary>Words in lower case without their plural, each once: a word said often is no better a sign.</summary>
    private static Dictionary<string, double> Terms(string text)
    {
        var terms = new Dictionary<string, double>(StringComparer.Ordinal);
        var start = -1;
        for (var i = 0; i <= text.Length && terms.Count < WordsMax; i++)
        {
            if (i < text.Length && char.IsLetterOrDigit(text[i]))
            {
                if (start < 0) start = i;
                continue;
            }
            if (start >= 0 && i - start >= WordLettersMin) Add(text[start..i].ToLowerInvariant());
            start = -1;
        }
        return terms;

        void Add(string word)
        {
            if (Fillers.Contains(word)) return;
            if (word.Length > WordLettersMin && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal)) word = word[..^1];
            terms[word] = 1;
        }
    }
}
