using System.Text.RegularExpressions;

namespace Hydra.Gateway.Offline;

/// <summary>Words, sentences and the few lists of English words that the offline model knows. It understands nothing else.</summary>
internal static partial class Words
{
    private static readonly HashSet<string> Stop = Set("""
        a about above across after again all also an and any are as at be because been before being below between both but by can
        could did do does doing down during each either few for from further had has have having he her here hers him his how i if
        in into is it its itself just less like may me might more most much must my no nor not of off on once one only or other our
        out over own per same she should so some such than that the their theirs them then there these they this those through to
        too two under until up upon us very was we were what when where which while who whom why will with within without would you
        your yours three four five six seven eight nine ten first second third use uses used using make makes made get gets
        matter matters
        """);

    private static readonly HashSet<string> Imperative = Set("""
        research write return cover summarize summarise synthesize synthesise list explain describe give provide answer respond
        reply use include avoid do don't be keep make ensure focus consider analyze analyse compare classify choose pick decide
        evaluate judge score review rate identify extract translate rewrite improve revise draft generate create produce output
        format follow think read select plan break find note state name show tell propose suggest recommend outline define discuss
        highlight check verify assess rank sort group combine merge connect condense shorten expand clean normalize normalise
        convert turn fetch gather collect report present polish critique grade mark label categorize categorise route assign please
        act assume imagine pretend prepare design build develop invent brainstorm estimate calculate count start end begin stop
        remember limit never always only say mention cite quote return let's let no prioritize prioritise
        split divide decompose enumerate solve compute transform parse detect flag look search browse inspect investigate explore
        examine study determine figure pull run execute test implement fix debug refactor optimize optimise add remove replace insert
        update change adapt adjust simplify clarify elaborate justify argue debate challenge organize organise structure hello hi
        """);

    /// <summary>Nouns that announce text to work on, as in <c>Source text:</c> or <c>Here are the notes:</c>.</summary>
    private static readonly HashSet<string> Announcing = Set("""
        source sources text texts context document documents article articles note notes input inputs data finding findings draft
        drafts candidate report reports transcript email message review ticket content passage excerpt abstract summary summaries
        result results output outputs material evidence facts background answer answers story request complaint comment comments
        paragraph log logs code brief description conversation feedback response responses quote document previous observation
        observations item items proposal essay issue statement claim customer user
        """);

    [GeneratedRegex("""[\p{L}\p{N}][\p{L}\p{N}'’\-]*""", RegexOptions.None, 2_000)]
    private static partial Regex Word { get; }

    /// <summary>A sentence ends at its mark when a blank and the start of another follow; abbreviations of a letter or two do not end one.</summary>
    [GeneratedRegex("""(?<=[.!?…]["'”’)\]]?)(?<!\b(?:[A-Za-z]|e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|No|cf)\.)\s+(?=["'“‘(\[]?[\p{Lu}\p{N}])""", RegexOptions.None, 2_000)]
    private static partial Regex SentenceEnd { get; }

    [GeneratedRegex("""^\s*(?:[-*•–]|\(?\d{1,2}[.)]|[a-z]\))\s+""", RegexOptions.None, 2_000)]
    public static partial Regex Bullet { get; }

    public static IEnumerable<string> Of(string text) => Word.Matches(text)
        .Select(match => match.Value.ToLowerInvariant());

    /// <summary>The words that carry meaning, cut to a rough stem so that plurals meet.</summary>
    public static IEnumerable<string> Content(string text) => Of(text)
        .Where(word => word.Length > 2 && !Stop.Contains(word)).Select(Stem);

    public static int Count(string text) => Word.Count(text);

    public static bool IsStop(string word) => Stop.Contains(word);

    public static bool Announces(string text) => Of(text).Any(Announcing.Contains);

    public static IEnumerable<string> Sentences(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var bare = Bullet.Replace(line, "").Replace("**", "", StringComparison.Ordinal).Trim();
            foreach (var sentence in SentenceEnd.Split(bare))
            {
                if (sentence.Trim() is { Length: > 0 } said) yield return said;
            }
        }
    }

    /// <summary>Whether a sentence tells the model what to do, rather than telling it something.</summary>
    public static bool IsInstruction(string sentence)
    {
        var words = Of(sentence).Take(40).ToArray();
        if (words.Length == 0) return false;
        if (Imperative.Contains(words[0]) || sentence.TrimEnd().EndsWith('?') || sentence.TrimEnd().EndsWith(':'))
        {
            return true;
        }
        if (words[0] is "you" or "you're" or "your" or "below" or "here" || words.Contains("you")
            || words.Contains("your"))
        {
            return true;
        }
        // "Then write …", "Finally, list …", "In 50 words, say …"
        return words.Length > 1
            && words[0] is "then" or "and" or "first" or "finally" or "next" or "now" or "in" or "based" or "using" or "given"
            && words.Any(Imperative.Contains);
    }

    public static string Capitalized(string text) => text.Length == 0 ? text
        : char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>a, b and c.</summary>
    public static string Listed(IReadOnlyList<string> items) => items.Count switch
    {
        0 => "",
        1 => items[0],
        _ => $"{string.Join(", ", items.Take(items.Count - 1))} and {items[^1]}",
    };

    public static string Stem(string word)
    {
        if (word.EndsWith("'s", StringComparison.Ordinal) || word.EndsWith("’s", StringComparison.Ordinal))
        {
            word = word[..^2];
        }
        if (word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal)) return word[..^3] + "y";
        return word.Length > 3 && word[^1] == 's' && word[^2] is not ('s' or 'u' or 'i') ? word[..^1] : word;
    }

    private static HashSet<string> Set(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
}
