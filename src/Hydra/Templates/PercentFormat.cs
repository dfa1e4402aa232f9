using System.Globalization;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Python's <c>'%s of %.2f' % values</c>, for s, r, d, i, u, f, e, g, x, o, c and %.</summary>
internal static class PercentFormat
{
    private const int WidthMax = 10_000;
    private const int PrecisionMax = 100;

    private ref struct Directive
    {
        public bool Left, Zero, Plus, Blank, Alternate;
        public int Width, Precision;
        public char Conversion;
    }

    public static string Format(Evaluation evaluation, string format, ReadOnlySpan<Value> values, ValueMap? named)
    {
        var text = new OutputText(evaluation);
        var used = 0;
        var usesNames = false;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%') { text.Append(format[i]); continue; }
            if (++i >= format.Length) throw evaluation.BadValue("The format ends with a lone '%'. Write '%%'.");
            if (format[i] == '%') { text.Append('%'); continue; }
            Value? value = null;
            if (format[i] == '(')
            {
                var end = format.IndexOf(')', i);
                if (end < 0 || named is null) throw evaluation.BadValue("'%(name)s' needs named values.");
                var name = format[(i + 1)..end];
                value = named.TryGetValue(name, out var found) ? found : throw evaluation.BadValue($"The format names '{name}', which is not given.");
                usesNames = true;
                i = end + 1;
            }
            var directive = Read(evaluation, format, ref i);
            if (value is null)
            {
                if (used >= values.Length) throw evaluation.BadValue("The format needs more values than are given.");
                value = values[used++];
            }
            text.Append(Write(evaluation, directive, value.Value));
        }
        if (!usesNames && used < values.Length && named is null) throw evaluation.BadValue($"The format uses {used} of the {values.Length} values that are given.");
        return text.Finish();
    }

    private static Directive Read(Evaluation evaluation, string format, ref int i)
    {
        var directive = new Directive { Precision = -1 };
        for (; i < format.Length; i++)
        {
            switch (format[i])
            {
                case '-': directive.Left = true; continue;
                case '0': directive.Zero = true; continue;
                case '+': directive.Plus = true; continue;
                case ' ': directive.Blank = true; continue;
                case '#': directive.Alternate = true; continue;
            }
            break;
        }
        directive.Width = ReadNumber(evaluation, format, ref i, WidthMax);
        if (i < format.Length && format[i] == '.')
        {
            i++;
            directive.Precision = ReadNumber(evaluation, format, ref i, PrecisionMax);
        }
        if (i >= format.Length) throw evaluation.BadValue("The format ends within a '%' directive.");
        directive.Conversion = format[i];
        return directive;
    }

    private static int ReadNumber(Evaluation evaluation, string format, ref int i, int max)
    {
        var number = 0;
        for (; i < format.Length && char.IsAsciiDigit(format[i]); i++)
        {
            number = (number * 10) + (format[i] - '0');
            if (number > max) throw evaluation.Limit($"A format's width is at most {WidthMax:N0}, its precision {PrecisionMax}.");
        }
        return number;
    }

    private static string Write(Evaluation evaluation, Directive directive, Value value)
    {
        switch (directive.Conversion)
        {
            case 's' or 'r' or 'a':
                var text = directive.Conversion != 's' && value.IsText ? ValueText.Json(evaluation, value, "") : ValueText.Of(evaluation, value);
                if (directive.Precision >= 0 && CodePoints.Count(text) > directive.Precision) text = CodePoints.Slice(text, 0, directive.Precision);
                return Pad(directive, "", text, isNumber: false);
            case 'c':
                var character = value.TextOrNull ?? (Operators.TryInteger(value, out var code) && code is >= 0 and <= 0x10FFFF and not (>= 0xD800 and <= 0xDFFF) ? char.ConvertFromUtf32((int)code) : "");
                return CodePoints.Count(character) == 1 ? Pad(directive, "", character, isNumber: false) : throw evaluation.WrongType("'%c' needs one character.");
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o': return WriteWhole(evaluation, directive, value);
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G': return WriteFraction(evaluation, directive, value);
            default: throw evaluation.BadValue($"The format has no directive '%{directive.Conversion}'. Use %s, %d, %f, %e, %g, %x, %o or %%.");
        }
    }

    private static string WriteWhole(Evaluation evaluation, Directive directive, Value value)
    {
        if (!Operators.TryInteger(value, out var whole))
        {
            if (value.Kind != ValueKind.Number || directive.Conversion is 'x' or 'X' or 'o') throw evaluation.WrongType($"'%{directive.Conversion}' needs a whole number, and here stands {Operators.NameOf(value)}.");
            whole = NumberFilters.ToWhole(evaluation, value.AsNumber);
        }
        var magnitude = whole < 0 ? 0UL - (ulong)whole : (ulong)whole;
        var digits = directive.Conversion switch
        {
            'x' => magnitude.ToString("x", CultureInfo.InvariantCulture),
            'X' => magnitude.ToString("X", CultureInfo.InvariantCulture),
            'o' => Octal(magnitude),
            _ => magnitude.ToString(CultureInfo.InvariantCulture),
        };
        if (directive.Precision > digits.Length) digits = digits.PadLeft(directive.Precision, '0');
        var prefix = directive.Alternate ? directive.Conversion switch { 'x' => "0x", 'X' => "0X", 'o' => "0o", _ => "" } : "";
        return Pad(directive, SignOf(directive, whole < 0) + prefix, digits, isNumber: true);
    }

    private static string Octal(ulong number)
    {
        if (number == 0) return "0";
        var digits = "";
        for (; number > 0; number >>= 3) digits = (char)('0' + (int)(number & 7)) + digits;
        return digits;
    }

    private static string WriteFraction(Evaluation evaluation, Directive directive, Value value)
    {
        if (!Operators.TryNumber(value, out var number)) throw evaluation.WrongType($"'%{directive.Conversion}' needs a number, and here stands {Operators.NameOf(value)}.");
        var isNegative = double.IsNegative(number);
        var sign = SignOf(directive, isNegative);
        if (!double.IsFinite(number)) return Pad(directive, sign, double.IsNaN(number) ? "nan" : "inf", isNumber: true);
        var text = Digits(Math.Abs(number), char.ToLowerInvariant(directive.Conversion), directive.Precision < 0 ? 6 : directive.Precision, directive.Alternate);
        return Pad(directive, sign, char.IsUpper(directive.Conversion) ? text.ToUpperInvariant() : text, isNumber: true);
    }

    private static string Digits(double number, char conversion, int precision, bool keepsZeros)
    {
        if (conversion == 'f') return PythonFloat.Fixed(number, precision);
        if (conversion == 'e') return PythonFloat.Scientific(number, precision);
        precision = Math.Max(precision, 1);
        var scientific = PythonFloat.Scientific(number, precision - 1);
        var mark = scientific.IndexOf('e');
        var exponent = int.Parse(scientific.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision) return (keepsZeros ? scientific[..mark] : Trimmed(scientific[..mark])) + scientific[mark..];
        var plain = PythonFloat.Fixed(number, precision - 1 - exponent);
        return keepsZeros ? plain : Trimmed(plain);
    }

    private static string Trimmed(string digits) => digits.Contains('.') ? digits.TrimEnd('0').TrimEnd('.') : digits;

    private static string SignOf(Directive directive, bool isNegative) => isNegative ? "-" : directive.Plus ? "+" : directive.Blank ? " " : "";

    private static string Pad(Directive directive, string prefix, string body, bool isNumber)
    {
        var missing = directive.Width - prefix.Length - CodePoints.Count(body);
        if (missing <= 0) return prefix + body;
        if (directive.Left) return prefix + body + new string(' ', missing);
        return directive.Zero && isNumber ? prefix + new string('0', missing) + body : new string(' ', missing) + prefix + body;
    }
}
