using System.Text.RegularExpressions;

namespace Hydra.Gateway.Offline;

/// <summary>The form of answer that a prompt asks for, as far as its words say it.</summary>
internal sealed partial record Wish
{
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
        "nine", "ten"];

    /// <summary>What it is about, in the prompt's own words; empty when nothing says so.</summary>
    public required string Topic { get; init; }
    /// <summary>"a technical perspective", or empty.</summary>
    public required string Perspective { get; init; }
    /// <summary>Points to cover.</summary>
    public required IReadOnlyList<string> Aspects { get; init; }
    /// <summary>Names to choose one of; empty when there is nothing to choose.</summary>
    public required IReadOnlyList<string> Labels { get; init; }
    /// <summary>Whether the answer is to be a list.</summary>
    public required bool IsList { get; init; }
    public required bool IsNumbered { get; init; }
    /// <summary>How many items or sentences; null when the prompt does not say.</summary>
    public required int? Count { get; init; }
    public required int? CountMax { get; init; }
    /// <summary>How many words; null when the prompt does not say.</summary>
    public required int? WordCount { get; init; }
    /// <summary>The question, when the prompt asks one.</summary>
    public required string Question { get; init; }

    [GeneratedRegex("""["“«](?<topic>[^"”»\n]{2,160})["”»]|(?<![\p{L}\p{N}])['‘](?<topic>[^'’\n]{2,160})['’](?![\p{L}\p{N}])""", RegexOptions.None, 2_000)]
    private static partial Regex Quoted { get; }

    [GeneratedRegex("""\b(?:about|topic:?|regarding|concerning|subject:?|on|for|of|is|are)\s+(?<topic>[^.?!:;,\n]{3,100}?)(?=\s+(?:from|in|with|using|for|as|within|under|and|that|to)\b|[.?!:;,\n]|$)""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex About { get; }

    [GeneratedRegex("""\bfrom\s+(?<view>(?:an?|the)\s+[^.\n]{2,60}?\s+(?:perspective|angle|viewpoint|point of view|lens|standpoint))""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex View { get; }

    [GeneratedRegex("""(?:^|[.\n]\s*)(?:cover|focus on|include|consider|discuss|address|highlight|aspects|topics)\b:?\s+(?<list>[^.\n]{3,300})""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex Cover { get; }

    [GeneratedRegex("""(?<a>\d{1,3}|\b(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten)\b)(?:\s*(?:[-–—]|to|or)\s*(?<b>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten))?\s+(?:[\w\-]+\s+){0,3}?(?<unit>bullets?|points?|items?|steps?|takeaways?|ideas?|questions?|reasons?|examples?|facts?|topics?|subtopics?|tasks?|subtasks?|strings?|elements?|entries|names?|titles?|options?|risks?|tips?|sentences?|lines?|words?|paragraphs?)\b""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex Amount { get; }

    [GeneratedRegex("""(?:one of(?: the following| these)?(?: \w+){0,2}|either|exactly|only|classify\b[^.:\n]*?\b(?:as|into)|label\b[^.:\n]*?\bas|answer|reply|respond|return|say|labels?|categor(?:y|ies)|options?|routes?)\s*(?:with|are|is)?\s*(?:only|exactly|either|one of|the word)?\s*:?\s*[\[(]?(?<list>["'`]?[\p{L}][\w\-]*["'`]?(?: [\w\-]+["'`]?)?(?:\s*(?:,|/|\|)\s*["'`]?[\p{L}][\w\-]*["'`]?(?: [\w\-]+["'`]?)?)*\s*(?:,?\s*\bor\b|,?\s*\band\b|,|/|\|)\s*["'`]?[\p{L}][\w\-]*["'`]?)[\])]?\s*(?:[.:;\n(,]|$)""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex Choice { get; }

    [GeneratedRegex("""\b(?:classify|choose|pick|select|label|categori[sz]e|route|decide|one of|either|answer|reply|respond|say|return)\b""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex Chooses { get; }

    [GeneratedRegex("""^\s*[-*•]\s+["'`*]*(?<label>[\w][\w \-]{0,40}?)["'`*]*\s*(?::|–|—|-\s)""", RegexOptions.Multiline, 2_000)]
    private static partial Regex LabelLine { get; }

    /// <summary>Requests stand at the beginning or the end; what lies between is not searched, so that no prompt takes long.</summary>
    private const int SearchedCharsMax = 8_000;

    public static Wish Of(PromptReading prompt)
    {
        var text = prompt.Instructions;
        if (text.Length > SearchedCharsMax)
        {
            text = string.Concat(text.AsSpan(0, SearchedCharsMax / 2), "\n",
                text.AsSpan(text.Length - (SearchedCharsMax / 2)));
        }
        prompt = prompt with { Instructions = text };
        var amounts = Amount.Matches(text)
            .Select(match => (From: Number(match.Groups["a"].Value), To: Number(match.Groups["b"].Value),
            Unit: match.Groups["unit"].Value.ToLowerInvariant())).ToArray();
        var words = amounts.FirstOrDefault(amount => amount.Unit.StartsWith("word", StringComparison.Ordinal));
        var listed = amounts.FirstOrDefault(amount => amount.From is not null && !IsProse(amount.Unit));
        var prose = amounts.FirstOrDefault(amount => amount.Unit.StartsWith("sentence", StringComparison.Ordinal)
            || amount.Unit.StartsWith("line", StringComparison.Ordinal));
        var saysBullets = Has(text, "bullet") || Has(text, "numbered list")
            || (Words.Of(text).FirstOrDefault() == "list");
        var count = saysBullets || listed.Unit is not null ? listed : prose;
        return new Wish
        {
            Topic = FindTopic(prompt),
            Perspective = View.Match(text) is { Success: true } view ? view.Groups["view"].Value.ToLowerInvariant() : "",
            Aspects = FindAspects(text),
            Labels = FindLabels(text),
            IsList = saysBullets || listed.Unit is not null,
            IsNumbered = Has(text, "numbered") || listed.Unit?.StartsWith("step", StringComparison.Ordinal) == true,
            Count = count.From,
            CountMax = count.To ?? count.From,
            WordCount = words.To ?? words.From,
            Question = Words.Sentences(text).FirstOrDefault(sentence => sentence.EndsWith('?')) ?? "",
        };
    }

    private static bool IsProse(string unit) =>
        unit.StartsWith("sentence", StringComparison.Ordinal) || unit.StartsWith("word", StringComparison.Ordinal)
        || unit.StartsWith("paragraph", StringComparison.Ordinal) || unit.StartsWith("line", StringComparison.Ordinal);

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static int? Number(string text)
    {
        if (text.Length == 0) return null;
        if (int.TryParse(text, out var number)) return Math.Min(number, 1_000);
        var at = Array.IndexOf(Numbers, text.ToLowerInvariant());
        return at >= 0 ? at : 1;
    }

    private static string FindTopic(PromptReading prompt)
    {
        var text = Regexes.Sketch.Replace(prompt.Instructions, " ");
        if (Quoted.Match(text) is { Success: true } quoted) return quoted.Groups["topic"].Value.Trim();
        foreach (var sentence in Words.Sentences(text))
        {
            if (Regexes.ListOf.Match(sentence) is { Success: true } listed) return listed.Groups["topic"].Value.Trim();
            if (About.Match(sentence) is { Success: true } about)
            {
                return WithoutArticle(about.Groups["topic"].Value.Trim());
            }
            var words = sentence.TrimEnd('.', '!', '?', ':').Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length is > 1 and <= 14 && Words.IsInstruction(sentence) && !sentence.EndsWith('?'))
            {
                return WithoutArticle(string.Join(' ', words.Skip(1)));
            }
        }
        return "";
    }

    private static string WithoutArticle(string text)
    {
        foreach (var article in (ReadOnlySpan<string>)["the ", "a ", "an ", "The ", "A ", "An "])
        {
            if (text.StartsWith(article, StringComparison.Ordinal)) return text[article.Length..];
        }
        return text;
    }

    private static IReadOnlyList<string> FindAspects(string text)
    {
        if (Cover.Match(text) is not { Success: true } cover) return [];
        return [.. Split(cover.Groups["list"].Value).Where(item => Words.Count(item) <= 8).Take(12)];
    }

    private static IReadOnlyList<string> FindLabels(string text)
    {
        if (!Chooses.IsMatch(text)) return [];
        foreach (Match choice in Choice.Matches(text))
        {
            var labels = Split(choice.Groups["list"].Value)
                .Select(label => label.Trim('"', '\'', '`', '*', '[', ']', '(', ')')).ToArray();
            if (labels.Length >= 2 && Array.TrueForAll(labels, IsLabel)) return labels;
        }
        var lines = LabelLine.Matches(text).Select(match => match.Groups["label"].Value.Trim()).ToArray();
        return lines.Length >= 2 && Regexes.PicksOne.IsMatch(text) ? lines : [];
    }

    private static bool IsLabel(string label) => label.Length > 0 && Words.Count(label) <= 2
        && !char.IsAsciiDigit(label[0]) && !Words.IsStop(label.ToLowerInvariant()) | label is "no" or "No" or "NO";

    private static IEnumerable<string> Split(string list) =>
        Regexes.Separator.Split(list).Select(item => item.Trim().TrimEnd('.')).Where(item => item.Length > 0);

    private static partial class Regexes
    {
        [GeneratedRegex("""^(?:please\s+)?(?:list|give|name|suggest|propose|find)\s+(?:me\s+)?(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten)\s+(?<topic>(?!(?:\w+\s+)?(?:bullets?|points?|items?|sentences?)\b)[^.?!:;,\n]{3,100})""", RegexOptions.IgnoreCase, 2_000)]
        public static partial Regex ListOf { get; }

        /// <summary>A JSON sketch: its field names are no topic.</summary>
        [GeneratedRegex("""\{.*\}""", RegexOptions.Singleline, 2_000)]
        public static partial Regex Sketch { get; }

        [GeneratedRegex("""\s*(?:,\s*(?:and|or)\b|[,;/|]|\band\b|\bor\b)\s*""", RegexOptions.IgnoreCase, 2_000)]
        public static partial Regex Separator { get; }

        [GeneratedRegex("""\b(?:classify|choose|pick|select|categori[sz]e|route|which)\b""", RegexOptions.IgnoreCase, 2_000)]
        public static partial Regex PicksOne { get; }
    }
}
