namespace Hydra.Gateway.Routing;

/// <summary>How hard a call looks, 0 to 1, by plain rules; and which rules gave it.</summary>
public sealed record ComplexityScore(double Score, IReadOnlyList<string> Reasons)
{
    /// <summary>Only so much of the text is read.</summary>
    public const int TextMax = 16_384;

    private static readonly string[] ReasoningWords =
    [
        "step by step", "prove", "derive", "analy", "compare", "trade-off", "optimi", "debug", "refactor", "architect",
        "root cause", "evaluate", "plan", "design", "explain why", "reason", "calculate", "strategy",
    ];
    private static readonly string[] CodeMarks = ["```", "def ", "class ", "function ", "=> ", "#include", "SELECT ", "import ", "();", "stack trace", "Exception"];

    /// <param name="text">What the caller asks: the last user turn.</param>
    /// <param name="promptTokens">Of the whole prompt.</param>
    /// <remarks>Words are English; what is asked in another language is scored by its size, code, tools and shape alone.</remarks>
    public static ComplexityScore Of(ReadOnlySpan<char> text, long promptTokens, int tools, int turns, bool needsSchema)
    {
        if (text.Length > TextMax) text = text[..TextMax];
        var reasons = new List<string>();
        var score = 0.0;
        Add(Math.Min(0.3, 0.3 * promptTokens / 8_000), $"{promptTokens} tokens");
        var words = Count(text, ReasoningWords, StringComparison.OrdinalIgnoreCase);
        if (words > 0) Add(Math.Min(0.3, 0.1 * words), $"{words} reasoning words");
        var marks = Count(text, CodeMarks, StringComparison.Ordinal);
        if (marks > 0) Add(marks > 1 ? 0.2 : 0.1, "code");
        if (tools > 0) Add(tools > 5 ? 0.1 : 0.05, $"{tools} tools");
        if (turns > 6) Add(0.05, $"{turns} turns");
        if (needsSchema) Add(0.05, "schema");
        return new ComplexityScore(Math.Min(1, score), reasons);

        void Add(double part, string reason)
        {
            score += part;
            if (part >= 0.005) reasons.Add($"{reason} +{part:0.##}");
        }
    }

    public override string ToString() => $"{Score:0.##} ({string.Join(", ", Reasons)})";

    /// <summary>How many of the marks occur.</summary>
    private static int Count(ReadOnlySpan<char> text, string[] marks, StringComparison comparison)
    {
        var count = 0;
        foreach (var mark in marks)
        {
            if (text.Contains(mark, comparison)) count++;
        }
        return count;
    }
}
