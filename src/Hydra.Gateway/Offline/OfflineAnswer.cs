using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Offline;

/// <summary>
/// The offline model's whole thinking, as a pure function of the prompt: it picks, orders and labels what the prompt holds, and adds
/// no facts. Where the prompt holds no text to work on, the answer says plainly what was asked and what is missing.
/// </summary>
internal static partial class OfflineAnswer
{
    private const int SentencesByDefault = 3;
    private const int ItemsByDefault = 5;

    /// <summary>The answer is to be JSON; that the prompt speaks of JSON is not enough.</summary>
    [GeneratedRegex("""\b(?:return|respond|reply|answer|output|produce|give|emit|extract)\b[^.\n]{0,60}\bjson\b|\b(?:as|in|valid|strict)\s+json\b|\bjson\b[^.\n]{0,20}(?:\bonly\b|\bobject\b|\bshape\b|[:{\[])""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex AsksForJson { get; }

    [GeneratedRegex("""^(?:please\s+)?(?:clean|normali[sz]e|rewrite|polish|format|copy|repeat|proofread|improve|revise)\b""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex KeepsText { get; }

    [GeneratedRegex("""^(?:please\s+)?translate\b""", RegexOptions.IgnoreCase, 2_000)]
    private static partial Regex Translates { get; }

    [GeneratedRegex("""^\s*(?<head>[^:.!?]{2,60}):\s+\S""", RegexOptions.None, 2_000)]
    private static partial Regex Headed { get; }

    /// <param name="system">What the system messages say: it shapes the answer but is no text to work on.</param>
    /// <param name="prompt">The last thing the user said.</param>
    /// <param name="results">Results of tools, by tool name.</param>
    public static string Of(string system, string prompt, IReadOnlyList<Section> results, ChatResponseFormat? format)
    {
        var reading = PromptReading.Of(prompt);
        reading = reading with { Sections = [.. reading.Sections, .. results] };
        var whole = reading with { Instructions = $"{reading.Instructions}\n{system}".Trim() };
        if (format is ChatResponseFormatJson json)
        {
            if (json.Schema is { } divided && WorkSplit.Of(divided, prompt) is { } split) return split;
            return JsonAnswer.Of(json.Schema ?? JsonShape.Find(whole.Instructions) ?? JsonShape.Any, whole);
        }
        if (AsksForJson.IsMatch(whole.Instructions)
            && (JsonShape.Find(whole.Instructions) ?? JsonShape.Named(whole.Instructions)) is { } shape)
        {
            return JsonAnswer.Of(shape, whole);
        }
        return Text(reading, Wish.Of(reading) is { Labels.Count: > 0 } wish ? wish
            : Wish.Of(whole) is { Labels.Count: > 0 } both ? both : Wish.Of(reading));
    }

    /// <summary>Never empty: text too short to pick from is given back as it is.</summary>
    public static string Text(PromptReading prompt, Wish wish)
    {
        var answer = Picked(prompt, wish);
        if (answer.Length == 0) answer = string.Join("\n\n", Material(prompt).Select(section => section.Text));
        return answer;
    }

    private static string Picked(PromptReading prompt, Wish wish)
    {
        if (wish.Labels.Count > 0) return Choice.Of(wish.Labels, prompt);
        var material = Material(prompt);
        if (material.Count == 0) return WithoutMaterial(prompt, wish);
        if (prompt.Parts.Count > 0 && material.Count > 1) return InParts(prompt, material, wish);
        if (!wish.IsList && Asks(prompt, KeepsText))
        {
            return string.Join("\n\n", material.Select(section => section.Text));
        }
        if (!wish.IsList && Asks(prompt, Translates))
        {
            return "(Not translated: the offline model only repeats text.) " + string.Join("\n\n", material
                .Select(section => section.Text));
        }

        var texts = material.Select(section => section.Text);
        if (wish.IsList)
        {
            return List(Salience.Top(texts, wish.CountMax ?? ItemsByDefault, Request(prompt, wish)), wish.IsNumbered);
        }
        if (wish.WordCount is { } words) return Fill(texts, words, prompt, wish);
        return Prose(Salience.Top(texts, wish.CountMax ?? (wish.Question.Length > 0 ? 2 : SentencesByDefault),
            Request(prompt, wish)));
    }

    /// <summary>The sections; without any, the sentences of the prompt that tell something rather than ask for it.</summary>
    public static IReadOnlyList<Section> Material(PromptReading prompt)
    {
        // What is said about a text is no part of it.
        var texts = prompt.Sections
            .Where(section => !section.Title.Contains("feedback", StringComparison.OrdinalIgnoreCase)).ToArray();
        if (texts.Length > 0) return texts;
        if (prompt.Sections.Count > 0) return prompt.Sections;
        var told = Words.Sentences(prompt.Instructions)
            .Where(sentence => Words.Count(sentence) >= 3 && !Words.IsInstruction(sentence)).ToArray();
        return told.Length == 0 ? []
            : [new Section("", string.Join(Array.TrueForAll(told, sentence => sentence[^1] is '.' or '!' or '?') ? ' '
            : '\n', told))];
    }

    /// <summary>What the request is about, for weighing sentences.</summary>
    public static string Request(PromptReading prompt, Wish wish) =>
        $"{wish.Topic} {wish.Question} {string.Join(' ', wish.Aspects)} {string.Join(' ', prompt.Parts)}";

    public static string Prose(IEnumerable<string> sentences) => string.Join(' ', sentences.Select(Ended));

    /// <summary>An honest outline from the words of the request.</summary>
    private static string WithoutMaterial(PromptReading prompt, Wish wish)
    {
        var topic = wish.Topic.Length > 0 ? wish.Topic : "the request";
        var view = wish.Perspective.Length > 0 ? $" from {wish.Perspective}" : "";
        if (wish.IsList)
        {
            var items = new List<string> { $"{Words.Capitalized(topic)}{view}, outlined from the request alone." };
            items.AddRange(wish.Aspects
                .Select(aspect => $"{Words.Capitalized(aspect)}: what matters here for {topic}?"));
            var most = wish.CountMax ?? ItemsByDefault;
            foreach (var more in (ReadOnlySpan<string>)["Facts: which sources say most",
                "Open points: what is not yet known", "Examples: which cases show it best",
                "Limits: where does it not apply", "Next step: what should be found out first"])
            {
                if (items.Count + 1 >= (wish.Count ?? ItemsByDefault)) break;
                items.Add($"{more} about {topic}?".Replace(" it ", $" {topic} ", StringComparison.Ordinal)
                    .Replace($"{topic} best about {topic}", $"{topic} best", StringComparison.Ordinal)
                    .Replace($"does {topic} not apply about {topic}", $"does {topic} not apply",
                    StringComparison.Ordinal));
            }
            if (items.Count >= most) items.RemoveRange(most - 1, items.Count - most + 1);
            items.Add("Answers need source text in the prompt or a connected model; the offline model adds no facts of its own.");
            return List(most == 1 ? items.Take(1) : items, wish.IsNumbered);
        }
        if (wish.Question.Length > 0)
        {
            return $"The prompt asks: {wish.Question} It holds no text that answers this, and the offline model adds no facts of its own.";
        }
        if (prompt.Instructions.Length == 0) return "The prompt is empty, so there is nothing to answer.";
        if (wish.Topic.Length == 0)
        {
            return $"The request was: {Ended(Clip(prompt.Instructions))} The prompt holds no text to work on, and the offline model adds no facts of its own.";
        }
        if (wish.Count == 1)
        {
            return $"{Words.Capitalized(topic)}{view}: the prompt names the topic and gives no text about it.";
        }
        var covered = wish.Aspects.Count == 0 ? "" : $" It asks for {Words.Listed(wish.Aspects)}.";
        return $"The request is about {topic}{view}.{covered} The prompt holds no text to work on, and the offline model adds no facts of its own.";
    }

    /// <summary>Answers each numbered point: what sections share, where they differ, or the sentences that fit it best.</summary>
    private static string InParts(PromptReading prompt, IReadOnlyList<Section> material, Wish wish)
    {
        var answer = new StringBuilder();
        foreach (var part in prompt.Parts)
        {
            if (answer.Length > 0) answer.Append("\n\n");
            answer.Append("**").Append(Words.Capitalized(Quiet(part).TrimEnd('.', ':'))).Append(".** ");
            var said = part.ToLowerInvariant();
            if (Has(said, "agree", "common", "shared", "consensus", "overlap") && !Has(said, "disagree"))
            {
                answer.Append(Shared(material, wish));
            }
            else if (Has(said, "contradict", "tension", "differ", "disagree", "conflict", "diverge"))
            {
                answer.Append(Differing(material));
            }
            else answer.Append(TopOfEach(material, part, wish));
        }
        return answer.ToString();
    }

    private static string Shared(IReadOnlyList<Section> material, Wish wish)
    {
        var common = material.Select(section => Words.Content(Found(section)).ToHashSet(StringComparer.Ordinal))
            .Aggregate((left, right) => { left.IntersectWith(right); return left; });
        var all = string.Join('\n', material.Select(Found));
        var words = Salience.Keywords(all, 200).Where(word => common.Contains(Words.Stem(word))).Take(4).ToArray();
        var onTopic = wish.Topic.Length > 0 && Words.Content(wish.Topic).All(common.Contains);
        if (onTopic)
        {
            words = [wish.Topic, .. words
                .Where(word => !Words.Content(wish.Topic).Contains(Words.Stem(word), StringComparer.Ordinal)).Take(3)];
        }
        return words.Length == 0 ? "The sections share no telling words."
            : $"All {material.Count} sections speak of {Words.Listed(words)}.";
    }

    private static string Differing(IReadOnlyList<Section> material)
    {
        var lines = new List<string>();
        for (var i = 0; i < material.Count; i++)
        {
            var others = material.Where((_, at) => at != i).SelectMany(section => Words.Content(Found(section)))
                .ToHashSet(StringComparer.Ordinal);
            var heads = Words.Sentences(Found(material[i])).Select(sentence => Headed.Match(sentence))
                .Where(match => match.Success).Select(match => match.Groups["head"].Value.ToLowerInvariant())
                .Where(head => !Words.Content(head).Any(others.Contains)).Take(4).ToArray();
            if (heads.Length == 0)
            {
                heads = [.. Salience.Keywords(Found(material[i]), 60).Where(word => !others.Contains(Words.Stem(word)))
                    .Take(4)];
            }
            if (heads.Length > 0) lines.Add($"Only {Name(material[i], i)} speaks of {Words.Listed(heads)}.");
        }
        return lines.Count == 0 ? "The sections use the same words; no tension shows in them."
            : string.Join(' ', lines);
    }

    private static string TopOfEach(IReadOnlyList<Section> material, string part, Wish wish)
    {
        var count = Regex.Match(part, """\d{1,2}""", RegexOptions.None, TimeSpan.FromSeconds(2)) is { Success: true } number ? int.Parse(number.Value) : 2;
        var picked = new List<string>();
        for (var round = 1; picked.Count < count && round <= count; round++)
        {
            foreach (var section in material)
            {
                var top = Salience.Top([section.Text], round, $"{part} {wish.Topic}");
                if (top.Count < round || picked.Count == count) continue;
                if (top.FirstOrDefault(sentence => !picked.Contains(sentence, StringComparer.Ordinal)) is { } sentence)
                {
                    picked.Add(sentence);
                }
            }
        }
        return picked.Count <= 1 ? Prose(picked)
            : string.Join(' ', picked.Select((sentence, at) => $"({at + 1}) {Ended(sentence)}"));
    }

    /// <summary>A section without what the offline model said of itself.</summary>
    private static string Found(Section section) =>
        string.Join('\n', Words.Sentences(section.Text).Where(sentence => !Salience.IsOwn(sentence)));

    private static string Fill(IEnumerable<string> texts, int words, PromptReading prompt, Wish wish)
    {
        var ranked = Salience.Top(texts, 200, Request(prompt, wish));
        var kept = new List<string>();
        var count = 0;
        foreach (var sentence in ranked)
        {
            count += Words.Count(sentence);
            if (count > words && kept.Count > 0) break;
            kept.Add(sentence);
        }
        return Prose(kept);
    }

    private static string List(IEnumerable<string> items, bool isNumbered) =>
        string.Join('\n', items.Select((item, at) => isNumbered ? $"{at + 1}. {item}" : $"- {item}"));

    private static string Name(Section section, int at) => section.Title.Length == 0 ? $"section {at + 1}"
        : $"'{section.Title}'";

    /// <summary>Shouted words in a plain voice; short ones may be names and stay.</summary>
    private static string Quiet(string text) => Regex.Replace(text, """\b\p{Lu}{5,}\b""", match => match.Value.ToLowerInvariant(), RegexOptions.None, TimeSpan.FromSeconds(2));

    private static string Ended(string sentence) => sentence.Length > 0
        && sentence[^1] is '.' or '!' or '?' or '…' or ':' ? sentence : sentence + ".";
    private static bool Asks(PromptReading prompt, Regex verb) => Words.Sentences(prompt.Instructions)
        .Any(verb.IsMatch);
    private static string Clip(string text) => Wire.Excerpt.Of(text);
    private static bool Has(string text, params ReadOnlySpan<string> parts)
    {
        foreach (var part in parts)
        {
            if (text.Contains(part, StringComparison.Ordinal)) return true;
        }
        return false;
    }
}
