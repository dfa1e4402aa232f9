using System.Diagnostics.CodeAnalysis;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>What may stand behind <c>is</c>. <c>defined</c> and <c>undefined</c> are part of the language.</summary>
internal static class Tests
{
    private static readonly Parameter[] None = [];
    private static readonly Parameter[] One = [new("other")];

    private static readonly Dictionary<string, Test> All = new[]
    {
        new Test("none", None, static (_, value, _) => value.IsNull),
        new Test("string", None, static (_, value, _) => value.IsText),
        new Test("number", None, static (_, value, _) => value.IsNumeric || value.Kind == ValueKind.Boolean),
        new Test("integer", None, static (_, value, _) => value.Kind == ValueKind.Integer),
        new Test("float", None, static (_, value, _) => value.Kind == ValueKind.Number),
        new Test("boolean", None, static (_, value, _) => value.Kind == ValueKind.Boolean),
        new Test("true", None, static (_, value, _) => value.Kind == ValueKind.Boolean && value.AsBoolean),
        new Test("false", None, static (_, value, _) => value.Kind == ValueKind.Boolean && !value.AsBoolean),
        new Test("mapping", None, static (_, value, _) => value.IsObject),
        new Test("sequence", None, static (_, value, _) => value.IsList || value.IsText || value.IsObject),
        new Test("iterable", None, static (_, value, _) => value.IsList || value.IsText || value.IsObject),
        new Test("even", None, static (e, value, _) => Remainder(e, value, 2) == 0),
        new Test("odd", None, static (e, value, _) => Remainder(e, value, 2) == 1),
        new Test("divisibleby", [new("num")], static (e, value, arguments) => Remainder(e, value, arguments[0]) == 0),
        new Test("lower", None, static (e, value, _) => IsCased(Filters.TextOf(e, value), char.IsUpper, char.IsLower)),
        new Test("upper", None, static (e, value, _) => IsCased(Filters.TextOf(e, value), char.IsLower, char.IsUpper)),
        new Test("sameas", One, static (e, value, arguments) => value.Kind == arguments[0].Kind && Operators.AreEqual(e, value, arguments[0])),
        new Test("in", [new("seq")], static (e, value, arguments) => Operators.IsIn(e, value, arguments[0])),
        new Test("eq", One, static (e, value, arguments) => Operators.AreEqual(e, value, arguments[0])),
        new Test("ne", One, static (e, value, arguments) => !Operators.AreEqual(e, value, arguments[0])),
        new Test("lt", One, static (e, value, arguments) => Operators.Compare(e, Comparison.Less, value, arguments[0])),
        new Test("le", One, static (e, value, arguments) => Operators.Compare(e, Comparison.LessOrEqual, value, arguments[0])),
        new Test("gt", One, static (e, value, arguments) => Operators.Compare(e, Comparison.Greater, value, arguments[0])),
        new Test("ge", One, static (e, value, arguments) => Operators.Compare(e, Comparison.GreaterOrEqual, value, arguments[0])),
        new Test("filter", None, static (e, value, _) => Filters.TryFind(Filters.Text(e, value, "The name of a filter"), out Filter? _)),
    }.ToDictionary(test => test.Name, StringComparer.Ordinal);

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["equalto"] = "eq", ["=="] = "eq", ["!="] = "ne", ["lessthan"] = "lt", ["<"] = "lt", ["<="] = "le", ["greaterthan"] = "gt", [">"] = "gt", [">="] = "ge",
    };

    public static IEnumerable<string> Names => All.Keys.Concat(Aliases.Keys).Append("defined").Append("undefined");

    public static bool TryFind(string name, [MaybeNullWhen(false)] out Test test) => All.TryGetValue(Aliases.GetValueOrDefault(name, name), out test);

    private static double Remainder(Evaluation evaluation, Value value, Value divisor) =>
        value.IsText ? throw evaluation.WrongType("This test needs a number, and here stands a text. Convert it with |int.")
            : Operators.Apply(evaluation, ArithmeticOperator.Remainder, value, divisor).AsNumber;

    /// <summary>At least one letter of the wanted case and none of the other.</summary>
    private static bool IsCased(string text, Func<char, bool> isOther, Func<char, bool> isWanted)
    {
        var found = false;
        foreach (var c in text)
        {
            if (isOther(c)) return false;
            found |= isWanted(c);
        }
        return found;
    }
}
