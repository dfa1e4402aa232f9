namespace Hydra.Gateway.Offline;

/// <summary>Chooses one of several labels by the words that the label, or what the prompt says of it, shares with the text.</summary>
internal static class Choice
{
    private static readonly Dictionary<string, string> Hints = new(StringComparer.OrdinalIgnoreCase)
    {
        ["positive"] = "good great love excellent happy best amazing perfect wonderful thank recommend fast helpful pleased enjoy like well",
        ["negative"] = "bad terrible hate awful worst broken slow poor disappoint refund wrong never useless fail problem angry disappointed broke crash",
        ["bug"] = "crash error broken fail exception bug wrong freeze stop",
        ["billing"] = "invoice charge charged payment refund price card pay bill subscription cost",
        ["technical"] = "error crash install login bug server code api version update password",
        ["urgent"] = "urgent immediately asap now outage down emergency critical",
        ["spam"] = "free winner prize click offer buy cheap",
    };

    private static readonly string[] Neutral = ["neutral", "other", "unknown", "none", "general", "mixed", "unclear", "no"];

    public static string Of(IReadOnlyList<string> labels, PromptReading prompt)
    {
        var material = OfflineAnswer.Material(prompt);
        var words = material.SelectMany(section => Words.Content(section.Text)).CountBy(word => word)
            .ToDictionary(StringComparer.Ordinal);
        var best = labels.Select(label =>
            (Label: label, Score: Score(label, prompt.Instructions, words))).MaxBy(item => item.Score);
        if (best.Score > 0) return best.Label;
        return labels.FirstOrDefault(label => Array.IndexOf(Neutral, label.ToLowerInvariant()) >= 0) ?? labels[0];
    }

    private static double Score(string label, string instructions, Dictionary<string, int> words)
    {
        var own = Words.Content(label.Replace('_', ' ').Replace('-', ' ')).ToArray();
        var score = own.Sum(word => 3.0 * words.GetValueOrDefault(word));
        if (Hints.TryGetValue(label, out var hints))
        {
            score += Words.Content(hints)
                .Distinct(StringComparer.Ordinal).Sum(word => (double)words.GetValueOrDefault(word));
        }
        // "- billing: invoices and refunds" describes the label in the prompt's own words.
        foreach (var line in instructions.Split('\n'))
        {
            var at = line.IndexOf(label, StringComparison.OrdinalIgnoreCase);
            var rest = at < 0 ? "" : line[(at + label.Length)..].TrimStart('"', '\'', '`', '*', ' ');
            if (rest.StartsWith(':') || rest.StartsWith('–') || rest.StartsWith('—')
                || rest.StartsWith("- ", StringComparison.Ordinal))
            {
                score += Words.Content(rest)
                    .Distinct(StringComparer.Ordinal).Sum(word => (double)words.GetValueOrDefault(word));
            }
        }
        return score;
    }
}
