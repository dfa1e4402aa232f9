using System.Text.Json;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Filters between data and text.</summary>
internal static class DataFilters
{
    private const int IndentMax = 16;

    public static readonly Filter[] All =
    [
        new("tojson", [new("indent", Value.Null)], ToJson),
        new("fromjson", [], FromJson),
        new("string", [], static (e, value, _) => ValueText.Of(e, value)),
        new("list", [], static (e, value, _) => value.IsList ? value : Value.Of(Items.Enumerate(e, value))),
        new("length", [], static (e, value, _) => Items.LengthOf(e, value)),
        new("items", [], static (e, value, _) => Pairs(e, value)),
        new("dictsort", [new("case_sensitive", false), new("by", "key"), new("reverse", false)], DictSort),
        new("attr", [new("name")], Attribute),
        new("safe", [], static (_, value, _) => value),
    ];

    public static Value Pairs(Evaluation evaluation, Value value)
    {
        if (!value.IsObject) throw evaluation.WrongType($"items() needs an object, and here stands {Operators.NameOf(value)}.");
        var pairs = value.AsObject.Pairs;
        evaluation.ChargeList(pairs.Length * 3L);
        var items = new Value[pairs.Length];
        for (var i = 0; i < items.Length; i++) items[i] = Value.Of([Value.Of(pairs[i].Key), pairs[i].Value]);
        return Value.Of(items);
    }

    private static Value ToJson(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (arguments[0].IsNull) return ValueText.Json(evaluation, value, "");
        if (arguments[0].IsText && string.IsNullOrWhiteSpace(arguments[0].AsText) && arguments[0].AsText.Length <= IndentMax) return ValueText.Json(evaluation, value, arguments[0].AsText);
        var width = Filters.Whole(evaluation, arguments[0], "The indent of |tojson");
        if (width is < 0 or > IndentMax) throw evaluation.BadValue($"The indent of |tojson is 0 to {IndentMax}.");
        return ValueText.Json(evaluation, value, new string(' ', width));
    }

    /// <summary>Text becomes data; data stays what it is, so that the filter may be applied to either.</summary>
    private static Value FromJson(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (value.TextOrNull is not { } text) return value;
        evaluation.ChargeText(text.Length);
        evaluation.ChargeText(text.Length);
        try
        {
            return evaluation.Settle(Value.ParseJson(text));
        }
        catch (JsonException exception)
        {
            const int shown = 40;
            var start = text.Length > shown ? text[..shown] + "…" : text;
            throw evaluation.BadValue($"|fromjson met text that is not JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}): {start}");
        }
    }

    private static Value DictSort(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var by = Filters.Text(evaluation, arguments[1], "'by' of |dictsort");
        if (by is not ("key" or "value")) throw evaluation.BadValue("'by' of |dictsort is 'key' or 'value'.");
        var pairs = Pairs(evaluation, value).AsList.ToArray();
        var place = by == "key" ? 0 : 1;
        var ignoresCase = !Operators.IsTruthy(arguments[0]);
        return ListFilters.Sorted(evaluation, pairs, pair => ListFilters.SortKey(evaluation, pair.AsList[place], ignoresCase), Operators.IsTruthy(arguments[2]));
    }

    private static Value Attribute(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var name = Filters.Text(evaluation, arguments[0], "The name of |attr");
        return Items.TryGet(value, name, out var found) ? found : evaluation.GiveUndefined(Items.WhyMissing($"'{name}'", value, name));
    }
}
