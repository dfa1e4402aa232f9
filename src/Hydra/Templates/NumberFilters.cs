using System.Globalization;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Filters that give or take numbers.</summary>
internal static class NumberFilters
{
    public static readonly Filter[] All =
    [
        new("abs", [], Abs),
        new("round", [new("precision", 0), new("method", "common")], Round),
        new("int", [new("default", 0), new("base", 10)], Int),
        new("float", [new("default", 0.0)], Float),
    ];

    /// <summary>The whole part of a fraction.</summary>
    public static long ToWhole(Evaluation evaluation, double number)
    {
        if (double.IsNaN(number)) throw evaluation.BadValue("'nan' is no whole number.");
        var whole = Math.Truncate(number);
        return whole is >= -9223372036854775808.0 and < 9223372036854775808.0 ? (long)whole : throw Operators.TooLarge(evaluation);
    }

    private static Value Abs(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (Operators.TryInteger(value, out var whole)) return whole == long.MinValue ? throw Operators.TooLarge(evaluation) : Math.Abs(whole);
        return Operators.TryNumber(value, out var number) ? Math.Abs(number) : throw evaluation.WrongType($"|abs needs a number, and here stands {Operators.NameOf(value)}.");
    }

    private static Value Round(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var digits = Filters.Whole(evaluation, arguments[0], "The precision of |round");
        var method = arguments[1].TextOrNull;
        if (method is not ("common" or "ceil" or "floor")) throw evaluation.BadValue("The method of |round is 'common', 'ceil' or 'floor'.");
        if (!Operators.TryNumber(value, out var number)) throw evaluation.WrongType($"|round needs a number, and here stands {Operators.NameOf(value)}. Convert text with |float first.");
        if (method == "common")
        {
            if (!Operators.TryInteger(value, out var whole)) return PythonFloat.Round(number, digits);
            return digits >= 0 ? whole : RoundWhole(evaluation, whole, digits);
        }
        var scale = Math.Pow(10, digits);
        return (method == "ceil" ? Math.Ceiling(number * scale) : Math.Floor(number * scale)) / scale;
    }

    private static Value RoundWhole(Evaluation evaluation, long number, int digits)
    {
        if (digits < -18) return 0;
        var unit = 1L;
        for (; digits < 0; digits++) unit *= 10;
        var remainder = number % unit;
        var quotient = number / unit;
        var half = ((Int128)Math.Abs(remainder) * 2).CompareTo(unit);
        if (half > 0 || (half == 0 && quotient % 2 != 0)) quotient += Math.Sign(number);
        try
        {
            return checked(quotient * unit);
        }
        catch (OverflowException)
        {
            throw Operators.TooLarge(evaluation);
        }
    }

    private static Value Int(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (Operators.TryInteger(value, out var whole)) return whole;
        if (value.Kind == ValueKind.Number) return double.IsFinite(value.AsNumber) ? ToWhole(evaluation, value.AsNumber) : arguments[0];
        if (value.TextOrNull is not { } text) return arguments[0];
        evaluation.ChargeText(text.Length);
        var radix = Filters.Whole(evaluation, arguments[1], "The base of |int");
        if (radix is not 0 and (< 2 or > 36)) throw evaluation.BadValue("The base of |int is 2 to 36, or 0.");
        var digits = WithoutSeparators(text.Trim());
        if (digits is null) return arguments[0];
        var state = ReadWhole(digits, radix, out var read);
        if (state == ReadState.Whole) return read;
        if (state == ReadState.TooLarge) throw Operators.TooLarge(evaluation);
        return TryReadNumber(digits, out var number) && double.IsFinite(number) ? ToWhole(evaluation, number) : arguments[0];
    }

    private enum ReadState { Whole, TooLarge, No }

    private static ReadState ReadWhole(string text, int radix, out long number)
    {
        number = 0;
        var isNegative = text.StartsWith('-');
        var digits = text.AsSpan(isNegative || text.StartsWith('+') ? 1 : 0);
        if (digits.Length > 1 && digits[0] == '0' && PrefixBase(digits[1]) is var prefixed and > 0 && (radix == prefixed || radix == 0))
        {
            radix = prefixed;
            digits = digits[2..];
        }
        if (radix == 0) radix = 10;
        if (digits.IsEmpty) return ReadState.No;
        Int128 total = 0;
        var isTooLarge = false;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : radix;
            if (digit >= radix) return ReadState.No;
            if (isTooLarge) continue;
            total = (total * radix) + digit;
            isTooLarge = total > (Int128)long.MaxValue + 1;
        }
        if (isNegative) total = -total;
        if (isTooLarge || total > long.MaxValue) return ReadState.TooLarge;
        number = (long)total;
        return ReadState.Whole;
    }

    private static int PrefixBase(char mark) => mark switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };

    private static Value Float(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (Operators.TryNumber(value, out var number)) return number;
        if (value.TextOrNull is not { } text) return arguments[0];
        evaluation.ChargeText(text.Length);
        var digits = WithoutSeparators(text.Trim());
        return digits is not null && TryReadNumber(digits, out var read) ? read : arguments[0];
    }

    private static bool TryReadNumber(string text, out double number)
    {
        const int shortLengthMax = 10;
        if (text.Length <= shortLengthMax)
        {
            var name = text.ToLowerInvariant().TrimStart('+', '-');
            if (name is "inf" or "infinity" or "nan" && text.Length - name.Length <= 1)
            {
                number = name == "nan" ? double.NaN : text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            }
        }
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        number = 0;
        return text.Length > 0 && (char.IsAsciiDigit(text[^1]) || text[^1] == '.') && double.TryParse(text, style, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Python allows single '_' between digits; null when one stands elsewhere.</summary>
    private static string? WithoutSeparators(string text)
    {
        if (!text.Contains('_')) return text;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '_') continue;
            if (i == 0 || i == text.Length - 1 || !char.IsAsciiLetterOrDigit(text[i - 1]) || !char.IsAsciiLetterOrDigit(text[i + 1])) return null;
        }
        return text.Replace("_", "");
    }
}
