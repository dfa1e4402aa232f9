using System.Globalization;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>YAML 1.2's core schema: which plain words are null, booleans and numbers. <c>yes</c>, <c>on</c> and dates are text.</summary>
internal static class YamlScalars
{
    public enum Outcome { Resolved, TooLarge }

    public static Outcome Resolve(string text, out Value value)
    {
        value = Value.Of(text);
        if (text.Length == 0)
        {
            value = Value.Null;
            return Outcome.Resolved;
        }
        switch (text[0])
        {
            case '~' when text.Length == 1:
            case 'n' or 'N' when text is "null" or "Null" or "NULL":
                value = Value.Null;
                return Outcome.Resolved;
            case 't' or 'T' when text is "true" or "True" or "TRUE":
                value = Value.True;
                return Outcome.Resolved;
            case 'f' or 'F' when text is "false" or "False" or "FALSE":
                value = Value.False;
                return Outcome.Resolved;
            case (>= '0' and <= '9') or '+' or '-' or '.':
                return Number(text, ref value);
            default:
                return Outcome.Resolved;
        }
    }

    private static Outcome Number(string text, ref Value value)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal) && text.Length > 2 && text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0)
            return Based(text.AsSpan(2), 16, ref value);
        if (text.StartsWith("0o", StringComparison.Ordinal) && text.Length > 2 && text.AsSpan(2).IndexOfAnyExceptInRange('0', '7') < 0)
            return Based(text.AsSpan(2), 8, ref value);
        var digits = text.AsSpan(text[0] is '+' or '-' ? 1 : 0);
        if (digits.Length > 0 && digits.IndexOfAnyExceptInRange('0', '9') < 0)
        {
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return Outcome.TooLarge;
            value = Value.Of(whole);
            return Outcome.Resolved;
        }
        if (digits is ".inf" or ".Inf" or ".INF" || text is ".nan" or ".NaN" or ".NAN") return Outcome.TooLarge;
        if (!IsFraction(digits)) return Outcome.Resolved;
        var number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(number)) return Outcome.TooLarge;
        value = Value.Of(number);
        return Outcome.Resolved;
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    private static Outcome Based(ReadOnlySpan<char> digits, int radix, ref Value value)
    {
        long number = 0;
        foreach (var digit in digits)
        {
            if (number > long.MaxValue / radix) return Outcome.TooLarge;
            var next = (number * radix) + Convert.ToInt32(digit.ToString(), 16);
            if (next < 0) return Outcome.TooLarge;
            number = next;
        }
        value = Value.Of(number);
        return Outcome.Resolved;
    }

    /// <summary><c>( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?</c></summary>
    private static bool IsFraction(ReadOnlySpan<char> text)
    {
        var at = 0;
        var whole = Digits(text, ref at);
        var fraction = 0;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            fraction = Digits(text, ref at);
        }
        if (whole + fraction == 0) return false;
        if (at == text.Length) return true;
        if (text[at] is not ('e' or 'E')) return false;
        at++;
        if (at < text.Length && text[at] is ('+' or '-')) at++;
        return Digits(text, ref at) > 0 && at == text.Length;
    }

    private static int Digits(ReadOnlySpan<char> text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at - start;
    }
}
