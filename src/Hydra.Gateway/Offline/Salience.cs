namespace Hydra.Gateway.Offline;

/// <summary>Picks the sentences of a text that say most: words that come often weigh more, words of the request double, repetitions drop out.</summary>
internal static class Salience
{
    private const int SentenceCountMax = 2_000;
    private const double SameShare = 0.9;

    /// <summary>At most <paramref name="count"/> sentences, in the order in which they stood.</summary>
    public static IReadOnlyList<string> Top(IEnumerable<string> texts, int count, string request)
    {
        var sentences = texts.SelectMany(Words.Sentences).Where(sentence => Words.Count(sentence) >= 3)
            .Take(SentenceCountMax).ToArray();
        // What the offline model says of itself is no finding; but if there is nothing else, it is what there is.
        var findings = sentences.Where(sentence => !IsOwn(sentence)).ToArray();
        if (findings.Length > 0) sentences = findings;

        var frequency = Frequency(sentences);
        var wanted = Words.Content(request).ToHashSet(StringComparer.Ordinal);
        var ranked = sentences
            .Select((sentence, at) =>
            (Sentence: sentence, At: at, Words: Words.Content(sentence).ToHashSet(StringComparer.Ordinal)))
            .OrderByDescending(item => Score(item.Words, frequency, wanted) + (item.At == 0 ? 0.5 : 0))
                .ThenBy(item => item.At);
        var chosen = new List<(string Sentence, int At, HashSet<string> Words)>();
        foreach (var item in ranked)
        {
            if (chosen.Count == count) break;
            if (!chosen.Exists(other => IsSame(item.Words, other.Words))) chosen.Add(item);
        }
        return [.. chosen.OrderBy(item => item.At).Select(item => item.Sentence)];
    }

    /// <summary>Whether a sentence is what the offline model says of itself.</summary>
    public static bool IsOwn(string sentence) =>
        sentence.Contains("offline model", StringComparison.OrdinalIgnoreCase)
            || sentence.EndsWith("outlined from the request alone.", StringComparison.Ordinal);

    /// <summary>The words that mark a text, most frequent first, as they are written in it.</summary>
    public static IReadOnlyList<string> Keywords(string text, int count)
    {
        var written = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in Words.Of(text)) written.TryAdd(Words.Stem(word), word);
        return [.. Words.Content(text).CountBy(word => word).OrderByDescending(pair => pair.Value).Take(count)
            .Select(pair => written.GetValueOrDefault(pair.Key, pair.Key))];
    }

    private static Dictionary<string, int> Frequency(IEnumerable<string> sentences) =>
        sentences.SelectMany(Words.Content).CountBy(word => word).ToDictionary(StringComparer.Ordinal);

    private static double Score(HashSet<string> words, Dictionary<string, int> frequency, HashSet<string> wanted)
    {
        if (words.Count == 0) return 0;
        var sum = words.Sum(word => Math.Min(frequency[word], 8) * (wanted.Contains(word) ? 2.0 : 1.0));
        return sum / Math.Sqrt(words.Count + 4.0);
    }

    private static bool IsSame(HashSet<string> left, HashSet<string> right)
    {
        var smaller = Math.Min(left.Count, right.Count);
        return smaller > 0 && left.Count(right.Contains) >= Math.Max(1, smaller * SameShare)
            && Math.Abs(left.Count - right.Count) <= smaller;
    }
}
