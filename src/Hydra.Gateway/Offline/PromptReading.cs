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
internal sealed partial record PromptReading(string Instructions, IReadOnlyList<string> Parts,
    IReadOnlyList<Section> Sections)
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
        "cover", "include", "focus on", "consider", "return", "topic", "topics", "rules", "format", "output format",
            "requirements", "aspects", "options",
        "labels", "categories", "routes", "tone", "style", "language", "audience", "length", "goal", "task",
            "respond with", "reply with", "answer with", "one of",
    };

    /// <summary>Headings and tags under which a prompt asks; under all others it gives text.</summary>
    private static readonly HashSet<string> AskingTitles = new(StringComparer.OrdinalIgnoreCase)
    {
        "task", "tasks", "instruction", "instructions", "goal", "objective", "role", "rules", "requirements",
            "constraints", "guidelines", "steps",
        "format", "output", "output format", "response format", "request", "your task", "what to do", "criteria",
    };

    public static PromptReading Of(string prompt)
    {
        var reader = new Reader();
        foreach (var line in prompt.ReplaceLineEndings("\n").Split('\n')) reader.Add(line);
        return reader.End();
    }

    /// <summary>Goes through a prompt line by line; a line is either asked for or told.</summary>
    private sealed class Reader
    {
        private readonly StringBuilder _instructions = new();
        private readonly List<string> _parts = [];
        private readonly List<Section> _sections = [];
        private StringBuilder? _material;
        private string _title = "", _fence = "";
        private bool _afterBlank = true, _expectsParts, _isByLabel;

        public PromptReading End()
        {
            Close();
            return new PromptReading(_instructions.ToString().Trim(), _parts, _sections);
        }

        public void Add(string line)
        {
            var trimmed = line.Trim();
            if (_fence.Length > 0) AddFenced(line, trimmed);
            else if (trimmed.Length == 0) AddBlank();
            else if (!OpensSection(line, trimmed) && !AddsMaterial(line, trimmed)) AddInstruction(line, trimmed);
            if (trimmed.Length > 0) _afterBlank = false;
        }

        private void AddFenced(string line, string trimmed)
        {
            if (!trimmed.StartsWith(_fence, StringComparison.Ordinal))
            {
                _material!.AppendLine(line);
                return;
            }
            Close();
            _fence = "";
        }

        private void AddBlank()
        {
            _afterBlank = true;
            _material?.AppendLine();
        }

        private bool OpensSection(string line, string trimmed)
        {
            if (trimmed.StartsWith("```", StringComparison.Ordinal))
            {
                Open(_title);
                _fence = "```";
                return true;
            }
            if (line.Length > HeadingCharsMax || LooksLikeJson(trimmed)) return false;
            if (Tag.Match(line) is { Success: true } tag)
            {
                var name = tag.Groups["title"].Value;
                if (AskingTitles.Contains(name)) Close();
                else if (!tag.Groups["close"].Success) (_, _fence) = (Open(name), $"</{name}");
                return true;
            }
            if (Heading.Match(line) is not { Success: true } heading) return false;
            var title = heading.Groups["title"].Value.Trim('*', ' ', ':', '#', '-');
            if (AskingTitles.Contains(title)) Close();
            else Open(title);
            return true;
        }

        /// <summary>Whether the line goes on with the open section; a paragraph that asks for something ends it.</summary>
        private bool AddsMaterial(string line, string trimmed)
        {
            if (_material is null) return false;
            var asks = _afterBlank && !Words.Bullet.IsMatch(line) && !LooksLikeJson(trimmed)
                && Words.Count(_material.ToString()) > 0
                && Words.IsInstruction(Words.Sentences(trimmed).FirstOrDefault() ?? "");
            // Under "Draft: …" a line "Feedback: …" is the next text, not more of the draft.
            asks |= _isByLabel && Labelled.Match(line) is { Success: true } next && IsName(next.Groups["lead"].Value);
            if (asks) Close();
            else _material.AppendLine(line);
            return !asks;
        }

        private void AddInstruction(string line, string trimmed)
        {
            if (_expectsParts && Numbered.Match(line) is { Success: true } part)
            {
                _parts.Add(part.Groups["part"].Value.TrimEnd('.', ' '));
                return;
            }
            if (Labelled.Match(line) is { Success: true } labelled
                && IsLead(labelled.Groups["lead"].Value, labelled.Groups["rest"].Value))
            {
                // "Ticket: I was charged twice" names its text; "Write a report from: Solar power grew" asks for something with it.
                var lead = labelled.Groups["lead"].Value.Trim();
                var isName = IsName(lead);
                if (!isName) _instructions.AppendLine(lead + ".");
                Open(isName ? lead : "").AppendLine(labelled.Groups["rest"].Value);
                _isByLabel = isName;
                return;
            }
            if (LooksLikeJson(trimmed) && IsWholeJson(trimmed))
            {
                Open("").AppendLine(line);
                return;
            }
            _instructions.AppendLine(trimmed);
            var opens = trimmed.EndsWith(':');
            _expectsParts = opens || (_expectsParts && Words.Bullet.IsMatch(line));
            if (opens && !ListLeads.Contains(trimmed.TrimEnd(':')) && Announces(trimmed))
            {
                Open(Words.Count(trimmed) <= 4 ? trimmed.TrimEnd(':') : "");
            }
        }

        private StringBuilder Open(string title)
        {
            Close();
            (_title, _material) = (title, new StringBuilder());
            return _material;
        }

        private void Close()
        {
            if (_material?.ToString().Trim() is { Length: > 0 } text)
            {
                _sections.Add(new Section(_title, Readable(text)));
            }
            (_title, _material, _isByLabel) = ("", null, false);
        }
    }

    /// <summary>Whether a lead names its text, as in "Ticket:".</summary>
    private static bool IsName(string lead) => Words.Count(lead) <= 3 && Words.Announces(lead)
        && !Words.IsInstruction(lead + " x");

    private static bool IsLead(string lead, string rest)
    {
        if (ListLeads.Contains(lead.Trim()) || ListLeads.Contains(Words.Of(lead).FirstOrDefault() ?? "")) return false;
        if (Words.Count(lead) <= 3)
        {
            return Words.Announces(lead) || (Words.IsInstruction(lead + " x") && Words.Count(rest) >= 4);
        }
        return Announces(lead) && Words.Count(rest) >= 4;
    }

    /// <summary>Whether what follows a colon is text to work on, not a list of wishes.</summary>
    private static bool Announces(string lead)
    {
        var words = Words.Of(lead).ToArray();
        if (words.Length == 0) return false;
        if (words[0] is "here" or "below" or "given" || words.Contains("following") || words.Contains("from"))
        {
            return true;
        }
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
            case JsonValueKind.Object: foreach (var property in json.EnumerateObject()) Flatten(property.Value,
                property.Name, lines); break;
            case JsonValueKind.Array: foreach (var item in json.EnumerateArray()) Flatten(item, name.Length > 0
                && item.ValueKind != JsonValueKind.Object ? name : "", lines); break;
            case JsonValueKind.String: lines.Add(name.Length > 0 ? $"{name}: {json.GetString()}"
                : json.GetString()!); break;
            case JsonValueKind.Null: break;
            default: if (name.Length > 0) lines.Add($"{name}: {json.GetRawText()}"); break;
        }
    }
}
