using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hydra.Gateway.Offline;

/// <summary>A stretch of text to work on, with the heading it stood under (empty when it had none).</summary>
internal sealed record Section(string Title, string Text);

/// <summary>A prompt told apart: what is asked for, and the text to do it with. Built from layout and first words alone.</summary>
/// <param name="Instructions">The lines that ask for something.</param>
/// <param name="Parts">Numbered points that the answer is to have, in order.</param>
/// <param name="Sections">Text to work on.</param>
internal sealed partial record PromptReading(string Instructions, IReadOnlyList<string> Parts, IReadOnlyList<Section> Sections)
{
    [GeneratedRegex("""^\s*(?:={2,}|#{1,6}|-{3,}|\*\*|\[)\s*(?<title>[^=\]]*?[\p{L}\p{N}][^=\]]*?)\s*(?:={2,}|-{3,}|\*\*:?|#*|\])\s*:?\s*$""", RegexOptions.None, 2_000)]
    private static partial Regex Heading { get; }

    [GeneratedRegex("""^\s*<(?<close>/)?(?<title>[A-Za-z][\w\-]*)(?:\s[^>]*)?>\s*$""", RegexOptions.None, 2_000)]
    private static partial Regex Tag { get; }

    [GeneratedRegex("""^\s*(?<lead>[^:\n]{2,80}?):\s+(?<rest>\S.*)$""", RegexOptions.None, 2_000)]
    private static partial Regex Labelled { get; }

    [GeneratedRegex("""^\s*\(?\d{1,2}[.)]\s+(?<part>.+)$""", RegexOptions.None, 2_000)]
    private static partial Regex Numbered { get; }

    private const int HeadingCharsMax = 200;

    private static readonly HashSet<string> ListLeads = new(StringComparer.OrdinalIgnoreCase)
    {
        "cover", "include", "focus on", "consider", "return", "topic", "topics", "rules", "format", "output format", "requirements", "aspects", "options",
        "labels", "categories", "routes", "tone", "style", "language", "audience", "length", "goal", "task", "respond with", "reply with", "answer with", "one of",
    };

    public static PromptReading Of(string prompt)
    {
        var instructions = new StringBuilder();
        var parts = new List<string>();
        var sections = new List<Section>();
        StringBuilder? material = null;
        string title = "", fence = "";
        bool afterBlank = true, expectsParts = false;
        foreach (var line in prompt.ReplaceLineEndings("\n").Split('\n'))
        {
            var trimmed = line.Trim();
            if (fence.Length > 0)                                             // inside ``` or <tag>: all of it is material
            {
                if (trimmed.StartsWith(fence, StringComparison.Ordinal)) { Close(); fence = ""; }
                else material!.AppendLine(line);
                continue;
            }
            if (trimmed.Length == 0)
            {
                afterBlank = true;
                material?.AppendLine();
                continue;
            }
            if (trimmed.StartsWith("```", StringComparison.Ordinal)) { Open(title); fence = "```"; continue; }
            if (Tag.Match(line) is { Success: true } tag && !tag.Groups["close"].Success) { Open(tag.Groups["title"].Value); fence = $"</{tag.Groups["title"].Value}"; continue; }
            if (line.Length <= HeadingCharsMax && Heading.Match(line) is { Success: true } heading && !LooksLikeJson(trimmed)) { Open(heading.Groups["title"].Value.Trim('*', ' ', ':', '#', '-')); continue; }

            if (material is not null)
            {
                var isBack = afterBlank && !Words.Bullet.IsMatch(line) && !LooksLikeJson(trimmed) && Words.IsInstruction(Words.Sentences(trimmed).FirstOrDefault() ?? "") && Words.Count(material.ToString()) > 0;
                if (!isBack) { material.AppendLine(line); afterBlank = false; continue; }
                Close();
            }
            afterBlank = false;
            if (expectsParts && Numbered.Match(line) is { Success: true } part) { parts.Add(part.Groups["part"].Value.TrimEnd('.', ' ')); continue; }
            if (Labelled.Match(line) is { Success: true } labelled && IsLead(labelled.Groups["lead"].Value, labelled.Groups["rest"].Value))
            {
                var lead = labelled.Groups["lead"].Value.Trim();
                if (Words.Count(lead) > 3 || Words.IsInstruction(lead + " x")) instructions.AppendLine(lead + ".");
                Open(Words.Count(lead) <= 3 && !Words.IsInstruction(lead + " x") ? lead : "");
                material!.AppendLine(labelled.Groups["rest"].Value);
                continue;
            }
            if (LooksLikeJson(trimmed) && IsWholeJson(trimmed)) { Open(""); material!.AppendLine(line); continue; }
            instructions.AppendLine(trimmed);
            var opens = trimmed.EndsWith(':');
            expectsParts = opens || (expectsParts && Words.Bullet.IsMatch(line));
            if (opens && !ListLeads.Contains(trimmed.TrimEnd(':')) && Announces(trimmed)) Open(Words.Count(trimmed) <= 4 ? trimmed.TrimEnd(':') : "");
        }
        Close();
        return new PromptReading(instructions.ToString().Trim(), parts, sections);

        void Open(string name)
        {
            Close();
            (title, material) = (name, new StringBuilder());
        }

        void Close()
        {
            if (material?.ToString().Trim() is { Length: > 0 } text) sections.Add(new Section(title, Readable(text)));
            (title, material) = ("", null);
        }
    }

    private static bool IsLead(string lead, string rest)
    {
        if (ListLeads.Contains(lead.Trim()) || ListLeads.Contains(Words.Of(lead).FirstOrDefault() ?? "")) return false;
        if (Words.Count(lead) <= 3) return Words.Announces(lead) || (Words.IsInstruction(lead + " x") && Words.Count(rest) >= 4);
        return Announces(lead) && Words.Count(rest) >= 4;
    }

    /// <summary>Whether what follows a colon is text to work on, not a list of wishes.</summary>
    private static bool Announces(string lead)
    {
        var words = Words.Of(lead).ToArray();
        if (words.Length == 0) return false;
        if (words[0] is "here" or "below" or "given" || words.Contains("following") || words.Contains("from")) return true;
        return words.Contains("that") is false && words.Length <= 8 && Words.Announces(words[^1]);
    }

    private static bool LooksLikeJson(string line) => line[0] is '[' or '{';

    private static bool IsWholeJson(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Array;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A JSON list of texts reads as its lines; an object as <c>name: value</c> lines.</summary>
    private static string Readable(string text)
    {
        if (text[0] is not ('[' or '{')) return text;
        try
        {
            using var document = JsonDocument.Parse(text);
            var lines = new List<string>();
            Flatten(document.RootElement, "", lines);
            return string.Join('\n', lines);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static void Flatten(JsonElement json, string name, List<string> lines)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object: foreach (var property in json.EnumerateObject()) Flatten(property.Value, property.Name, lines); break;
            case JsonValueKind.Array: foreach (var item in json.EnumerateArray()) Flatten(item, name.Length > 0 && item.ValueKind != JsonValueKind.Object ? name : "", lines); break;
            case JsonValueKind.String: lines.Add(name.Length > 0 ? $"{name}: {json.GetString()}" : json.GetString()!); break;
            case JsonValueKind.Null: break;
            default: if (name.Length > 0) lines.Add($"{name}: {json.GetRawText()}"); break;
        }
    }
}
