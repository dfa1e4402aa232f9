using System.Text;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>The longer ones of the methods of texts.</summary>
internal static class TextMethods
{
    /// <summary>Python's title: each letter behind something that is none is large.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var c in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = char.IsLetter(c);
        }
        return result.ToString();
    }

    public static bool IsAll(string text, Func<char, bool> holds)
    {
        foreach (var c in text)
        {
            if (!holds(c)) return false;
        }
        return text.Length > 0;
    }

    public static int Find(string text, string part)
    {
        var at = new TextSearch(part).IndexIn(text, 0);
        return at <= 0 ? at : CodePoints.Count(text[..at]);
    }

    public static bool HasAffix(Evaluation evaluation, string text, Value affix, bool atStart)
    {
        if (!affix.IsList) return Has(Filters.Text(evaluation, affix, "The argument"));
        foreach (var candidate in affix.AsList)
        {
            evaluation.Charge(1);
            if (Has(Filters.Text(evaluation, candidate, "Each of the arguments"))) return true;
        }
        return false;

        bool Has(string part) => atStart ? text.StartsWith(part, StringComparison.Ordinal) : text.EndsWith(part, StringComparison.Ordinal);
    }

    public static Value Join(Evaluation evaluation, Value separator, ReadOnlySpan<Value> arguments)
    {
        var text = new OutputText(evaluation);
        var items = Items.Enumerate(evaluation, arguments[0]);
        for (var i = 0; i < items.Length; i++)
        {
            if (i > 0) text.Append(separator.AsText);
            text.Append(Filters.Text(evaluation, items[i], "Each item of join()"));
        }
        return text.Finish();
    }

    public static Value ZeroFill(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var text = value.AsText;
        var sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        var missing = Filters.Whole(evaluation, arguments[0], "The width") - CodePoints.Count(text);
        if (missing <= 0) return value;
        evaluation.ChargeText((long)missing + text.Length);
        return text[..sign] + new string('0', missing) + text[sign..];
    }

    public static Value Split(Evaluation evaluation, string text, Value separator, Value limit, bool fromRight)
    {
        var most = limit.IsNull ? -1 : Filters.Whole(evaluation, limit, "The count of split()");
        if (most < 0) most = int.MaxValue;
        var parts = separator.IsNull ? AtBlanks(evaluation, text, most, fromRight)
            : AtSeparator(evaluation, text, Filters.Text(evaluation, separator, "The separator of split()"), most, fromRight);
        evaluation.ChargeList(parts.Count);
        return Value.Of(parts.ToArray());
    }

    private static List<Value> AtSeparator(Evaluation evaluation, string text, string separator, int most, bool fromRight)
    {
        if (separator.Length == 0) throw evaluation.BadValue("The separator of split() must not be empty. Use |list for characters.");
        var search = new TextSearch(separator);
        var places = new List<int>();
        if (fromRight)
        {
            // Python matches from the right; for separators that overlap themselves that can differ from matching from the left.
            var reversed = new TextSearch(Reversed(separator));
            var mirror = Reversed(text);
            for (var at = 0; places.Count < most && (at = reversed.IndexIn(mirror, at)) >= 0; at += separator.Length) places.Add(text.Length - at - separator.Length);
            places.Reverse();
        }
        else
        {
            for (var at = 0; places.Count < most && (at = search.IndexIn(text, at)) >= 0; at += separator.Length) places.Add(at);
        }
        evaluation.ChargeList(places.Count);
        var parts = new List<Value>(places.Count + 1);
        var start = 0;
        foreach (var place in places)
        {
            parts.Add(text[start..place]);
            start = place + separator.Length;
        }
        parts.Add(text[start..]);
        return parts;
    }

    private static string Reversed(string text)
    {
        var characters = text.ToCharArray();
        Array.Reverse(characters);
        return new string(characters);
    }

    private static List<Value> AtBlanks(Evaluation evaluation, string text, int most, bool fromRight)
    {
        var parts = new List<Value>();
        var rest = fromRight ? text.AsSpan().TrimEnd() : text.AsSpan().TrimStart();
        while (rest.Length > 0)
        {
            evaluation.Charge(1);
            var end = parts.Count >= most ? -1 : fromRight ? LastBlank(rest) : FirstBlank(rest);
            if (end < 0)
            {
                parts.Add(rest.ToString());
                break;
            }
            parts.Add((fromRight ? rest[(end + 1)..] : rest[..end]).ToString());
            rest = fromRight ? rest[..end].TrimEnd() : rest[end..].TrimStart();
        }
        if (fromRight) parts.Reverse();
        return parts;
    }

    private static int FirstBlank(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsWhiteSpace(text[i])) return i;
        }
        return -1;
    }

    private static int LastBlank(ReadOnlySpan<char> text)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            if (char.IsWhiteSpace(text[i])) return i;
        }
        return -1;
    }
}
