using System.Globalization;
using System.Text;

namespace Hydra.Cli;

/// <summary>
/// Makes foreign text safe for a terminal: control characters, escape sequences and direction marks are shown, not sent.
/// Names, messages and model output all pass through here on their way to a screen.
/// </summary>
internal static class TerminalText
{
    /// <summary>One line: line breaks and tabs are shown, too.</summary>
    public static string Of(string text) => Clean(text, keepsLines: false);

    /// <summary>Several lines: line breaks and tabs are kept.</summary>
    public static string Block(string text) => Clean(text, keepsLines: true);

    /// <summary>A word as it is typed at a shell: in quotes where it needs them.</summary>
    public static string Word(string word) => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '/' or '.') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>One line of at most so many characters.</summary>
    public static string Clip(string text, int lengthMax)
    {
        var line = text.Length > lengthMax * 4 ? text[..(lengthMax * 4)] : text;
        line = Of(line.ReplaceLineEndings(" "));
        return line.Length <= lengthMax && line.Length >= text.Length ? line : line[..Math.Min(line.Length, Math.Max(0, lengthMax - 1))] + "…";
    }

    private static string Clean(string text, bool keepsLines)
    {
        var first = 0;
        while (first < text.Length && !IsHostile(text[first], keepsLines)) first++;
        if (first == text.Length) return text;
        var clean = new StringBuilder(text.Length + 16).Append(text, 0, first);
        for (var i = first; i < text.Length; i++)
        {
            if (keepsLines && text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') continue;
            if (!IsHostile(text[i], keepsLines)) clean.Append(text[i]);
            else clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
        }
        return clean.ToString();
    }

    private static bool IsHostile(char c, bool keepsLines)
    {
        if (c is '\n' or '\t') return !keepsLines;
        if (char.IsControl(c)) return true;
        return c is '\u061c' or '\u200e' or '\u200f' or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\ufeff';
    }
}
