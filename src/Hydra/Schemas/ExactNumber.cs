using System.Globalization;
using System.Numerics;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>
/// Arithmetic on numbers as their author wrote them: a double counts as its shortest decimal text, so 0.3 is a multiple
/// of 0.1, and whole numbers keep all 64 bits.
/// </summary>
internal static class ExactNumber
{
    private const double LongLimit = 9_223_372_036_854_775_808.0;

    /// <summary>Whole in value, however it is written: 1.0 is an integer (validation §6.1.1).</summary>
    public static bool IsWhole(Value number) =>
        number.Kind == ValueKind.Integer || (number.Kind == ValueKind.Number && double.IsInteger(number.AsNumber));

    public static int Compare(Value left, Value right)
    {
        if (left.Kind == ValueKind.Integer)
        {
            return right.Kind == ValueKind.Integer ? left.AsInteger.CompareTo(right.AsInteger) : Compare(left.AsInteger, right.AsNumber);
        }
        return right.Kind == ValueKind.Integer ? -Compare(right.AsInteger, left.AsNumber) : left.AsNumber.CompareTo(right.AsNumber);
    }

    public static bool IsMultiple(Value number, Value divisor)
    {
        if (number.Kind == ValueKind.Integer && divisor.Kind == ValueKind.Integer)
        {
            return divisor.AsInteger == -1 || number.AsInteger % divisor.AsInteger == 0;
        }
        if (!double.IsFinite(number.AsNumber)) return false;
        var (left, leftExponent) = Decimal(number);
        var (right, rightExponent) = Decimal(divisor);
        var exponent = Math.Min(leftExponent, rightExponent);
        left *= BigInteger.Pow(10, leftExponent - exponent);
        right *= BigInteger.Pow(10, rightExponent - exponent);
        return (left % right).IsZero;
    }

    private static int Compare(long left, double right)
    {
        if (double.IsNaN(right)) return 1;
        if (right >= LongLimit) return -1;
        if (right < -LongLimit) return 1;
        var whole = Math.Floor(right);
        var order = left.CompareTo((long)whole);
        return order != 0 || whole == right ? order : -1;
    }

    /// <summary>The number as mantissa × 10^exponent.</summary>
    private static (BigInteger Mantissa, int Exponent) Decimal(Value number)
    {
        if (number.Kind == ValueKind.Integer) return (number.AsInteger, 0);
        Span<char> text = stackalloc char[40];
        number.AsNumber.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);   // at most 24 characters
        text = text[..length];
        var exponent = 0;
        var e = text.IndexOf('E');
        if (e >= 0)
        {
            exponent = int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }
        var dot = text.IndexOf('.');
        if (dot < 0) return (BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent);
        exponent -= text.Length - dot - 1;
        text[(dot + 1)..].CopyTo(text[dot..]);
        return (BigInteger.Parse(text[..^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent);
    }
}
