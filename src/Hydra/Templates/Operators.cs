using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Python's operators over values. Booleans count as 0 and 1, as they do there.</summary>
internal static class Operators
{
    private const int EqualityDepthMax = TemplateOptions.ValueDepthMax + TemplateOptions.NestingDepthMax;

    public static bool IsTruthy(Value value) => value.Kind switch
    {
        ValueKind.Null => false,
        ValueKind.Boolean => value.AsBoolean,
        ValueKind.Integer => value.AsInteger != 0,
        ValueKind.Number => value.AsNumber != 0,
        ValueKind.Text => value.AsText.Length > 0,
        ValueKind.List => value.AsList.Length > 0,
        _ => value.AsObject.Count > 0,
    };

    public static string NameOf(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Boolean => "a boolean",
        ValueKind.Integer => "a whole number",
        ValueKind.Number => "a number",
        ValueKind.Text => "a text",
        ValueKind.List => "a list",
        _ => "an object",
    };

    public static bool TryInteger(Value value, out long number)
    {
        number = value.Kind switch { ValueKind.Integer => value.AsInteger, ValueKind.Boolean => value.AsBoolean ? 1 : 0, _ => 0 };
        return value.Kind is ValueKind.Integer or ValueKind.Boolean;
    }

    public static bool TryNumber(Value value, out double number)
    {
        number = value.IsNumeric ? value.AsNumber : value.Kind == ValueKind.Boolean && value.AsBoolean ? 1 : 0;
        return value.IsNumeric || value.Kind == ValueKind.Boolean;
    }

    public static Value Apply(Evaluation evaluation, ArithmeticOperator op, Value left, Value right)
    {
        if (TryInteger(left, out var a) && TryInteger(right, out var b)) return Integers(evaluation, op, a, b);
        if (TryNumber(left, out var x) && TryNumber(right, out var y)) return Numbers(evaluation, op, x, y);
        switch (op)
        {
            case ArithmeticOperator.Add when left.IsText && right.IsText:
                evaluation.ChargeText((long)left.AsText.Length + right.AsText.Length);
                return left.AsText + right.AsText;
            case ArithmeticOperator.Add when left.IsList && right.IsList:
                evaluation.ChargeList((long)left.AsList.Length + right.AsList.Length);
                return Value.Of([.. left.AsList, .. right.AsList]);
            case ArithmeticOperator.Multiply when (left.IsText || left.IsList) && TryInteger(right, out var times): return Repeat(evaluation, left, times);
            case ArithmeticOperator.Multiply when (right.IsText || right.IsList) && TryInteger(left, out var times): return Repeat(evaluation, right, times);
            case ArithmeticOperator.Remainder when left.IsText:
                return PercentFormat.Format(evaluation, left.AsText, right.IsList ? right.AsList : [right], right.IsObject ? right.AsObject : null);
        }
        var mend = op == ArithmeticOperator.Add && (left.IsText || right.IsText) ? " Join texts with '~', or convert with |int or |float." : "";
        throw evaluation.WrongType($"'{Symbol(op)}' does not work between {NameOf(left)} and {NameOf(right)}.{mend}");
    }

    public static Value Sign(Evaluation evaluation, Value value, bool isNegative)
    {
        if (TryInteger(value, out var whole))
        {
            if (!isNegative) return whole;
            return whole == long.MinValue ? throw TooLarge(evaluation) : -whole;
        }
        if (TryNumber(value, out var number)) return isNegative ? -number : number;
        throw evaluation.WrongType($"'{(isNegative ? '-' : '+')}' needs a number, and here stands {NameOf(value)}.");
    }

    public static bool Compare(Evaluation evaluation, Comparison comparison, Value left, Value right) => comparison switch
    {
        Comparison.Equal => AreEqual(evaluation, left, right),
        Comparison.NotEqual => !AreEqual(evaluation, left, right),
        Comparison.In => IsIn(evaluation, left, right),
        Comparison.NotIn => !IsIn(evaluation, left, right),
        _ when IsNotANumber(left) || IsNotANumber(right) => false,
        Comparison.Less => Order(evaluation, left, right) < 0,
        Comparison.LessOrEqual => Order(evaluation, left, right) <= 0,
        Comparison.Greater => Order(evaluation, left, right) > 0,
        _ => Order(evaluation, left, right) >= 0,
    };

    private static bool IsNotANumber(Value value) => value.Kind == ValueKind.Number && double.IsNaN(value.AsNumber);

    public static bool IsIn(Evaluation evaluation, Value item, Value container)
    {
        switch (container.Kind)
        {
            case ValueKind.Text:
                if (item.TextOrNull is not { } part) throw evaluation.WrongType($"Only text can be 'in' a text, and here stands {NameOf(item)}.");
                evaluation.ChargeText(container.AsText.Length);
                return new TextSearch(part).IndexIn(container.AsText, 0) >= 0;
            case ValueKind.Object:
                return Items.TryGet(container, item, out _);
            case ValueKind.List:
                foreach (var candidate in container.AsList)
                {
                    evaluation.Charge(1);
                    if (AreEqual(evaluation, candidate, item)) return true;
                }
                return false;
            default:
                throw evaluation.WrongType($"'in' needs a text, list or object on its right, and here stands {NameOf(container)}.");
        }
    }

    public static bool AreEqual(Evaluation evaluation, Value left, Value right) => AreEqual(evaluation, left, right, 0);

    private static bool AreEqual(Evaluation evaluation, Value left, Value right, int depth)
    {
        if (depth > EqualityDepthMax) throw evaluation.Limit("The values are nested too deeply to be compared.");
        if (left.IsText && right.IsText)
        {
            evaluation.ChargeText(Math.Min(left.AsText.Length, right.AsText.Length));
            return string.Equals(left.AsText, right.AsText, StringComparison.Ordinal);
        }
        if (TryInteger(left, out var a) && TryInteger(right, out var b)) return a == b;
        if (TryNumber(left, out var x) && TryNumber(right, out var y)) return x == y;
        if (left.Kind != right.Kind) return false;
        if (left.IsNull) return true;
        evaluation.Charge(1);
        if (left.IsList)
        {
            var ours = left.AsList;
            var theirs = right.AsList;
            if (ours.Length != theirs.Length) return false;
            evaluation.ChargeList(ours.Length);
            for (var i = 0; i < ours.Length; i++)
            {
                if (!AreEqual(evaluation, ours[i], theirs[i], depth + 1)) return false;
            }
            return true;
        }
        if (left.AsObject.Count != right.AsObject.Count) return false;
        evaluation.ChargeList(left.AsObject.Count);
        foreach (var (key, item) in left.AsObject.Pairs)
        {
            if (!right.AsObject.TryGetValue(key, out var other) || !AreEqual(evaluation, item, other, depth + 1)) return false;
        }
        return true;
    }

    /// <summary>Which comes first: numbers by size, texts by code point, lists item by item. Other pairs have no order.</summary>
    public static int Order(Evaluation evaluation, Value left, Value right) => Order(evaluation, left, right, 0);

    private static int Order(Evaluation evaluation, Value left, Value right, int depth)
    {
        evaluation.Charge(1);
        if (depth > EqualityDepthMax) throw evaluation.Limit("The values are nested too deeply to be compared.");
        if (TryInteger(left, out var a) && TryInteger(right, out var b)) return a.CompareTo(b);
        if (TryNumber(left, out var x) && TryNumber(right, out var y)) return x.CompareTo(y);
        if (left.IsText && right.IsText)
        {
            evaluation.ChargeText(Math.Min(left.AsText.Length, right.AsText.Length));
            return CompareCodePoints(left.AsText, right.AsText);
        }
        if (!left.IsList || !right.IsList)
        {
            throw evaluation.WrongType($"{NameOf(left)} and {NameOf(right)} have no order. Compare numbers with numbers and texts with texts; convert with |int, |float or |string.");
        }
        var ours = left.AsList;
        var theirs = right.AsList;
        for (var i = 0; i < Math.Min(ours.Length, theirs.Length); i++)
        {
            if (AreEqual(evaluation, ours[i], theirs[i], depth + 1)) continue;
            return Order(evaluation, ours[i], theirs[i], depth + 1);
        }
        return ours.Length.CompareTo(theirs.Length);
    }

    /// <summary>UTF-16 order puts pairs of surrogates before U+E000; Python compares code points.</summary>
    private static int CompareCodePoints(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        if (at == left.Length || at == right.Length) return left.Length.CompareTo(right.Length);
        var (a, b) = (left[at], right[at]);
        if (char.IsSurrogate(a) == char.IsSurrogate(b)) return a.CompareTo(b);
        return char.IsSurrogate(a) ? 1 : -1;
    }

    private static Value Integers(Evaluation evaluation, ArithmeticOperator op, long a, long b)
    {
        try
        {
            switch (op)
            {
                case ArithmeticOperator.Add: return checked(a + b);
                case ArithmeticOperator.Subtract: return checked(a - b);
                case ArithmeticOperator.Multiply: return checked(a * b);
                case ArithmeticOperator.Power: return b >= 0 ? Power(a, b) : Numbers(evaluation, op, a, b);
            }
            if (b == 0) throw ByZero(evaluation);
            if (op == ArithmeticOperator.Divide) return (double)a / b;
            if (b == -1) return op == ArithmeticOperator.Remainder ? 0 : checked(-a);
            var (quotient, remainder) = Math.DivRem(a, b);
            var isOff = remainder != 0 && (remainder < 0) != (b < 0);
            if (op == ArithmeticOperator.FloorDivide) return isOff ? quotient - 1 : quotient;
            return isOff ? remainder + b : remainder;
        }
        catch (OverflowException)
        {
            throw TooLarge(evaluation);
        }
    }

    private static long Power(long number, long exponent)
    {
        if (number is 0 or 1) return exponent == 0 ? 1 : number;
        if (number == -1) return exponent % 2 == 0 ? 1 : -1;
        if (exponent > 63) throw new OverflowException();
        long result = 1;
        while (true)
        {
            if ((exponent & 1) != 0) result = checked(result * number);
            exponent >>= 1;
            if (exponent == 0) return result;
            number = checked(number * number);
        }
    }

    private static Value Numbers(Evaluation evaluation, ArithmeticOperator op, double x, double y)
    {
        switch (op)
        {
            case ArithmeticOperator.Add: return x + y;
            case ArithmeticOperator.Subtract: return x - y;
            case ArithmeticOperator.Multiply: return x * y;
            case ArithmeticOperator.Power:
                if (x == 0 && y < 0) throw ByZero(evaluation);
                var power = Math.Pow(x, y);
                if (double.IsNaN(power) && !double.IsNaN(x) && !double.IsNaN(y)) throw evaluation.BadValue("A negative number has no such power.");
                return double.IsInfinity(power) && double.IsFinite(x) ? throw TooLarge(evaluation) : power;
        }
        if (y == 0) throw ByZero(evaluation);
        if (op == ArithmeticOperator.Divide) return x / y;
        var remainder = x % y;
        if (remainder != 0 && (remainder < 0) != (y < 0)) remainder += y;
        if (op == ArithmeticOperator.Remainder) return remainder == 0 ? Math.CopySign(0, y) : remainder;
        var quotient = (x - remainder) / y;
        var floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static Value Repeat(Evaluation evaluation, Value value, long times)
    {
        times = Math.Max(times, 0);
        if (value.IsText)
        {
            var text = value.AsText;
            if (times == 0 || text.Length == 0) return Value.EmptyText;
            if (times > evaluation.Options.TextLengthMax) times = (long)evaluation.Options.TextLengthMax + 1;
            evaluation.ChargeText(text.Length * times);
            return string.Create(text.Length * (int)times, text, static (span, part) =>
            {
                for (var at = 0; at < span.Length; at += part.Length) part.CopyTo(span[at..]);
            });
        }
        var items = value.AsList;
        if (times == 0 || items.IsEmpty) return Value.EmptyList;
        if (times > TemplateOptions.ListLengthMax) times = TemplateOptions.ListLengthMax + 1L;
        evaluation.ChargeList(items.Length * times);
        var repeated = new Value[items.Length * (int)times];
        for (var at = 0; at < repeated.Length; at += items.Length) items.CopyTo(repeated.AsSpan(at));
        return Value.Of(repeated);
    }

    private static string Symbol(ArithmeticOperator op) => op switch
    {
        ArithmeticOperator.Add => "+",
        ArithmeticOperator.Subtract => "-",
        ArithmeticOperator.Multiply => "*",
        ArithmeticOperator.Divide => "/",
        ArithmeticOperator.FloorDivide => "//",
        ArithmeticOperator.Remainder => "%",
        _ => "**",
    };

    public static TemplateException TooLarge(Evaluation evaluation) =>
        evaluation.Overflow("The number leaves the range: whole numbers have 64 bits. Write one operand as a fraction (2.0 instead of 2).");

    private static TemplateException ByZero(Evaluation evaluation) =>
        evaluation.BadValue("A number is divided by zero. Test the divisor with {% if %} first.");
}
