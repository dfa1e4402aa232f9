namespace Hydra.Gateway.Offline;

/// <summary>An evaluator's answer by comparing words: how much of what the request speaks of the candidate speaks of too.</summary>
/// <param name="Score">0 to 1.</param>
internal sealed record Verdict(bool IsApproved, double Score, string Feedback)
{
    private const double ScoreToApprove = 0.6;

    public static Verdict Of(PromptReading prompt, Wish wish)
    {
        var candidate = prompt.Sections.Count == 0 ? ""
            : (prompt.Sections.FirstOrDefault(section =>
            section.Title.Contains("candidate", StringComparison.OrdinalIgnoreCase)
            || section.Title.Contains("draft", StringComparison.OrdinalIgnoreCase)
                || section.Title.Contains("answer", StringComparison.OrdinalIgnoreCase)) ?? prompt.Sections[^1]).Text;
        if (Words.Count(candidate) == 0) return new(false, 0, "There is no text to judge.");
        // Only what the request names outright is missed: a quoted topic and the points to cover.
        var topic = prompt.Instructions.Contains($"\"{wish.Topic}\"", StringComparison.Ordinal) ? wish.Topic : "";
        var wanted = Words.Content($"{topic} {string.Join(' ', wish.Aspects)}").Distinct(StringComparer.Ordinal)
            .ToArray();
        var said = Words.Content(candidate).ToHashSet(StringComparer.Ordinal);
        var missing = wanted.Where(word => !said.Contains(word)).ToArray();
        // Half of the score is for saying anything at all: words are a weak judge.
        var score = wanted.Length == 0 ? 0.8
            : Math.Round(0.5 + (0.5 * (wanted.Length - missing.Length) / wanted.Length), 2);
        var isApproved = score >= ScoreToApprove;
        var length = $"The text has {Words.Count(candidate)} words";
        var feedback = missing.Length == 0 ? wanted.Length == 0
            ? $"{length}; the request names no points to look for in it." : $"{length} and speaks of what was asked."
            : $"{length} but does not speak of {Words.Listed([.. missing.Take(4)])}.";
        return new(isApproved, score, feedback);
    }
}
