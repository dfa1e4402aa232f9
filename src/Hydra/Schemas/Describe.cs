using System.Globalization;
using System.Text;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Values in the words of a problem message: short, whatever their size.</summary>
internal static class Describe
{
    private const int TextLengthMax = 60, NameCountMax = 12;

    public static string Clip(string text)
    {
        if (text.Length <= TextLengthMax) return text;
        var end = char.IsHighSurrogate(text[TextLengthMax - 1]) ? TextLengthMax - 1 : TextLengthMax;
        return text[..end] + "…";
    }

    /// <summary>The value with its kind: <c>text "12 EUR"</c>.</summary>
    public static string Value(Value value) => value.Kind switch
    {
        ValueKind.Text => "text " + Literal(value),
        ValueKind.Integer or ValueKind.Number => "the number " + value.ToJson(),
        ValueKind.List => Count(value.AsList.Length, "a list of ", "item", "items"),
        ValueKind.Object => value.AsObject.Count == 0 ? "an empty object" : $"an object with {Names(value.AsObject.Keys)}",
        _ => value.ToJson(),
    };

    /// <summary>The value as JSON, cut where it is long.</summary>
    public static string Literal(Value value) => value.Kind switch
    {
        ValueKind.Text => Model.Value.Of(Clip(value.AsText)).ToJson(),
        ValueKind.List when value.AsList.Length > 8 => Value(value),
        ValueKind.Object when value.AsObject.Count > 8 => Value(value),
        ValueKind.List or ValueKind.Object => Nested(value),
        _ => value.ToJson(),
    };

    public static string Names(IEnumerable<string> names)
    {
        var text = new StringBuilder();
        var count = 0;
        foreach (var name in names)
        {
            if (count++ == NameCountMax) { text.Append(", …"); break; }
            if (count > 1) text.Append(", ");
            text.Append('\'').Append(Clip(name)).Append('\'');
        }
        return text.ToString();
    }

    public static string Literals(ReadOnlySpan<Value> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Length; i++)
        {
            if (i == NameCountMax) { text.Append(", …"); break; }
            if (i > 0) text.Append(", ");
            text.Append(Literal(values[i]));
        }
        return text.ToString();
    }

    public static string Count(long count, string before, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{before}{count} {(count == 1 ? one : many)}");

    /// <summary>Small lists and objects of plain values are shown, all others only counted.</summary>
    private static string Nested(Value value)
    {
        foreach (var item in value.IsList ? value.Items : value.AsObject.Values)
        {
            if (item.IsList || item.IsObject || item.IsText && item.AsText.Length > TextLengthMax) return Value(value);
        }
        return Clip(value.ToJson());
    }
}
