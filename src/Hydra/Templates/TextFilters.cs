using System.Text;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Filters over text. Data that is not text is written as text first.</summary>
internal static class TextFilters
{
    private const int TruncateLeeway = 5;

    public static readonly Filter[] All =
    [
        new("upper", [], static (e, value, _) => Upper(Read(e, value))),
        new("lower", [], static (e, value, _) => Read(e, value).ToLowerInvariant()),
        new("capitalize", [], static (e, value, _) => Capitalize(Read(e, value))),
        new("title", [], static (e, value, _) => Title(Read(e, value))),
        new("trim", [new("chars", Value.Null)], static (e, value, arguments) => Strip(e, Read(e, value), arguments[0], true, true)),
        new("replace", [new("old"), new("new"), new("count", Value.Null)], static (e, value, arguments) => Replace(e,
            Read(e, value), Filters.TextOf(e, arguments[0]), Filters.TextOf(e, arguments[1]), arguments[2].IsNull ? -1 : Filters.Whole(e, arguments[2], "The count of |replace"))),
        new("truncate", [new("length", 255), new("killwords", false), new("end", "..."), new("leeway", Value.Null)], Truncate),
        new("wordcount", [], static (e, value, _) => CountWords(Read(e, value))),
        new("indent", [new("width", 4), new("first", false), new("blank", false)], Indent),
        new("center", [new("width", 80)], static (e, value, arguments) => Pad(e, Read(e, value), arguments[0], Side.Both, ' ')),
        new("escape", [], static (e, value, _) => EscapeHtml(e, Read(e, value))),
        new("urlencode", [], UrlEncode),
        new("format", [new("values"), new("named")], static (e, value, arguments) => PercentFormat.Format(e,
            Read(e, value), arguments[0].AsList, arguments[1].AsObject is { Count: > 0 } named ? named : null)),
    ];

    public enum Side { Left, Right, Both }

    private static string Read(Evaluation evaluation, Value value)
    {
        var text = ValueText.Of(evaluation, value);
        evaluation.ChargeText(text.Length);
        return text;
    }

    /// <summary>The one common letter that grows in upper case is written out, as Python does.</summary>
    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS");

    public static string Capitalize(string text) => text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    /// <summary>Words begin after blanks and any of -({[&lt;, as Jinja2 has it.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var starts = true;
        foreach (var c in text)
        {
            var parts = char.IsWhiteSpace(c) || c is '-' or '(' or '{' or '[' or '<';
            result.Append(parts ? c : starts ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            starts = parts;
        }
        return result.ToString();
    }

    public static string Strip(Evaluation evaluation, string text, Value characters, bool left, bool right)
    {
        if (characters.IsNull) return left && right ? text.Trim() : left ? text.TrimStart() : text.TrimEnd();
        var set = Filters.Text(evaluation, characters, "The characters to strip");
        if (set.Length == 0) return text;
        var known = new HashSet<char>(set);
        int start = 0, end = text.Length;
        while (left && start < end && known.Contains(text[start])) start++;
        while (right && end > start && known.Contains(text[end - 1])) end--;
        return text[start..end];
    }

    public static string Replace(Evaluation evaluation, string text, string old, string with, int count)
    {
        var result = new OutputText(evaluation);
        var left = count < 0 ? int.MaxValue : count;
        if (old.Length == 0)
        {
            foreach (var character in CodePoints.Split(text))
            {
                if (left-- > 0) result.Append(with);
                result.Append(character.AsText);
            }
            return left > 0 ? result.Append(with).Finish() : result.Finish();
        }
        var search = new TextSearch(old);
        var at = 0;
        for (; left > 0 && search.IndexIn(text, at) is var found and >= 0; left--)
        {
            result.Append(text.AsSpan(at, found - at)).Append(with);
            at = found + old.Length;
        }
        return at == 0 && result.Length == 0 ? Same(result, text) : result.Append(text.AsSpan(at)).Finish();

        static string Same(OutputText unused, string text)
        {
            unused.Finish();
            return text;
        }
    }

    private static Value Truncate(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var text = Read(evaluation, value);
        var length = Filters.Whole(evaluation, arguments[0], "The length of |truncate");
        var end = Filters.Text(evaluation, arguments[2], "The end of |truncate");
        var leeway = arguments[3].IsNull ? TruncateLeeway : Filters.Whole(evaluation, arguments[3], "The leeway of |truncate");
        var endLength = CodePoints.Count(end);
        if (length < endLength) throw evaluation.BadValue($"The length of |truncate must be at least {endLength}, the length of its end.");
        if (leeway < 0) throw evaluation.BadValue("The leeway of |truncate must not be negative.");
        if (CodePoints.Count(text) <= length + leeway) return text;
        var kept = CodePoints.Slice(text, 0, length - endLength);
        if (!Operators.IsTruthy(arguments[1]) && kept.LastIndexOf(' ') is var blank and >= 0) kept = kept[..blank];
        return kept + end;
    }

    private static int CountWords(string text)
    {
        var count = 0;
        var inWord = false;
        foreach (var c in text)
        {
            var isWord = Lexer.IsNamePart(c) || char.IsSurrogate(c);
            if (isWord && !inWord) count++;
            inWord = isWord;
        }
        return count;
    }

    private static Value Indent(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var margin = arguments[0].TextOrNull;
        if (margin is null)
        {
            var width = Math.Max(0, Filters.Whole(evaluation, arguments[0], "The width of |indent"));
            evaluation.ChargeText(width);
            margin = new string(' ', width);
        }
        var blanks = Operators.IsTruthy(arguments[2]);
        var result = new OutputText(evaluation);
        var isFirst = true;
        // Jinja2 adds a line end before it splits, so that a text ending in one keeps it.
        foreach (var line in Lines(evaluation, Read(evaluation, value) + "\n"))
        {
            var text = line.AsText;
            if (!isFirst) result.Append('\n');
            if (isFirst ? Operators.IsTruthy(arguments[1]) : blanks || text.Length > 0) result.Append(margin);
            result.Append(text);
            isFirst = false;
        }
        return result.Finish();
    }

    /// <summary>Lines as Python's splitlines cuts them.</summary>
    public static List<Value> Lines(Evaluation evaluation, string text)
    {
        var lines = new List<Value>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')) continue;
            lines.Add(text[start..i]);
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
            start = i + 1;
            evaluation.Charge(1);
        }
        if (start < text.Length) lines.Add(text[start..]);
        return lines;
    }

    public static string Pad(Evaluation evaluation, string text, Value width, Side side, char fill)
    {
        var total = Filters.Whole(evaluation, width, "The width");
        var missing = total - CodePoints.Count(text);
        if (missing <= 0) return text;
        evaluation.ChargeText(total);
        // Python puts the odd blank left when both the gap and the width are odd.
        var left = side switch { Side.Left => missing, Side.Right => 0, _ => (missing / 2) + (missing & total & 1) };
        return new string(fill, left) + text + new string(fill, missing - left);
    }

    private static string EscapeHtml(Evaluation evaluation, string text)
    {
        if (text.AsSpan().IndexOfAny("&<>'\"") < 0) return text;
        var result = new OutputText(evaluation);
        foreach (var c in text)
        {
            switch (c)
            {
                case '&': result.Append("&amp;"); break;
                case '<': result.Append("&lt;"); break;
                case '>': result.Append("&gt;"); break;
                case '\'': result.Append("&#39;"); break;
                case '"': result.Append("&#34;"); break;
                default: result.Append(c); break;
            }
        }
        return result.Finish();
    }

    private static Value UrlEncode(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var result = new OutputText(evaluation);
        if (!value.IsObject && !value.IsList)
        {
            Quote(result, Read(evaluation, value), isQuery: false);
            return result.Finish();
        }
        foreach (var pair in value.IsObject ? DataFilters.Pairs(evaluation, value).AsList : value.AsList)
        {
            if (!pair.IsList || pair.AsList.Length != 2) throw evaluation.WrongType("|urlencode needs text, an object or a list of pairs.");
            if (result.Length > 0) result.Append('&');
            Quote(result, Read(evaluation, pair.AsList[0]), isQuery: true);
            result.Append('=');
            Quote(result, Read(evaluation, pair.AsList[1]), isQuery: true);
        }
        return result.Finish();
    }

    private static void Quote(OutputText result, string text, bool isQuery)
    {
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'_' or (byte)'.' or (byte)'-' or (byte)'~' || (octet == '/' && !isQuery)) result.Append((char)octet);
            else if (octet == ' ' && isQuery) result.Append('+');
            else result.Append('%').Append(octet.ToString("X2"));
        }
    }
}
