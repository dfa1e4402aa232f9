using System.Globalization;
using System.Numerics;

namespace Hydra.Templates;

/// <summary>Python's text for fractions and its rounding, which both start from the exact binary value.</summary>
internal static class PythonFloat
{
    private const int PlainExponentMin = -4;
    private const int PlainExponentMax = 15;

    /// <summary>Shortest text that reads back as the same double: 1.0, 0.1, 1e+16, 1e-05.</summary>
    public static string Repr(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        if (number == Math.Floor(number) && Math.Abs(number) < 1e15)
        {
            return double.IsNegative(number) && number == 0 ? "-0.0" : ((long)number).ToString(CultureInfo.InvariantCulture) + ".0";
        }
        var (negative, digits, exponent) = ShortestDigits(number);
        var sign = negative ? "-" : "";
        if (exponent is < PlainExponentMin or > PlainExponentMax)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>The digits d.ddd and the power of ten they are multiplied with.</summary>
    private static (bool Negative, string Digits, int Exponent) ShortestDigits(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture).AsSpan();
        var negative = text[0] == '-';
        if (negative) text = text[1..];
        var exponent = 0;
        var mark = text.IndexOf('E');
        if (mark >= 0)
        {
            exponent = int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..mark];
        }
        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var all = string.Concat(whole, point < 0 ? "" : text[(point + 1)..]);
        exponent += whole.Length - 1;
        var leading = 0;
        while (leading < all.Length - 1 && all[leading] == '0') leading++;
        var digits = all[leading..].TrimEnd('0');
        return (negative, digits.Length == 0 ? "0" : digits, exponent - leading);
    }

    /// <summary>Rounds half to even, exactly: 2.675 to two digits is 2.67, since the double is a little less.</summary>
    /// <param name="digits">Digits behind the point; negative rounds to tens, hundreds.</param>
    public static double Round(double number, int digits)
    {
        if (!double.IsFinite(number) || digits > 323) return number;
        if (digits < -308) return 0.0 * number;
        var rounded = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{Scaled(Math.Abs(number), digits)}e{-digits}"), NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsNegative(number) ? -rounded : rounded;
    }

    /// <summary>A number that is not negative with a fixed count of digits behind the point: <c>%.2f</c>.</summary>
    public static string Fixed(double number, int digits)
    {
        var all = Scaled(number, digits).ToString(CultureInfo.InvariantCulture).PadLeft(digits + 1, '0');
        return digits == 0 ? all : $"{all[..^digits]}.{all[^digits..]}";
    }

    /// <summary>A number that is not negative as d.ddde+dd: <c>%.3e</c>.</summary>
    public static string Scientific(double number, int digits)
    {
        var exponent = number == 0 ? 0 : (int)Math.Floor(Math.Log10(number));
        var all = Scaled(number, digits - exponent).ToString(CultureInfo.InvariantCulture);
        if (number != 0 && all.Length != digits + 1)
        {
            // The logarithm was one off, or rounding carried into a new digit.
            exponent += all.Length > digits + 1 ? 1 : -1;
            all = Scaled(number, digits - exponent).ToString(CultureInfo.InvariantCulture);
        }
        all = all.PadRight(digits + 1, '0');
        return $"{all[0]}{(digits > 0 ? "." + all[1..(digits + 1)] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    /// <summary>The number times 10^digits, rounded half to even to a whole one.</summary>
    private static BigInteger Scaled(double number, int digits)
    {
        var bits = BitConverter.DoubleToInt64Bits(number);
        var power = (int)((bits >> 52) & 0x7FF);
        var mantissa = bits & 0xFFFFFFFFFFFFFL;
        if (power == 0) power++;
        else mantissa |= 1L << 52;
        power -= 1075;
        BigInteger numerator = mantissa, denominator = BigInteger.One;
        if (power >= 0) numerator <<= power;
        else denominator <<= -power;
        if (digits >= 0) numerator *= BigInteger.Pow(10, digits);
        else denominator *= BigInteger.Pow(10, -digits);
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var half = (remainder * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
