using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Filters over lists; texts count as lists of characters and objects as lists of keys.</summary>
internal static class ListFilters
{
    public static readonly Filter[] All =
    [
        new("first", [], static (e, value, _) => Items.Enumerate(e, value) is [var first, ..] ? first : e.GiveUndefined("the list is empty.")),
        new("last", [], static (e, value, _) => Items.Enumerate(e, value) is [.., var last] ? last : e.GiveUndefined("the list is empty.")),
        new("join", [new("d", ""), new("attribute", Value.Null)], Join),
        new("sum", [new("attribute", Value.Null), new("start", 0)], Sum),
        new("min", [new("case_sensitive", false), new("attribute", Value.Null)], static (e, value, arguments) => Extreme(e, value, arguments, -1)),
        new("max", [new("case_sensitive", false), new("attribute", Value.Null)], static (e, value, arguments) => Extreme(e, value, arguments, 1)),
        new("reverse", [], Reverse),
        new("sort", [new("reverse", false), new("case_sensitive", false), new("attribute", Value.Null)], Sort),
        new("unique", [new("case_sensitive", false), new("attribute", Value.Null)], Unique),
        new("batch", [new("linecount"), new("fill_with", Value.Null)], Batch),
        new("slice", [new("slices"), new("fill_with", Value.Null)], Slice),
        new("groupby", [new("attribute"), new("default", Value.Null), new("case_sensitive", false)], GroupBy),
    ];

    private const string MissingAttribute = "An item has no attribute";

    private readonly record struct Keyed(Value Key, Value Item, int Index);

    /// <summary>Reads <c>a.b.0</c> from an item; an empty path is the item itself.</summary>
    public static bool TryRead(Value item, Value path, out Value value)
    {
        value = item;
        if (path.IsNull) return true;
        if (path.Kind == ValueKind.Integer) return Items.TryGet(item, path, out value);
        var text = path.AsText;
        foreach (var range in text.AsSpan().Split('.'))
        {
            var key = text[range];
            var found = long.TryParse(key, System.Globalization.NumberStyles.None, null, out var index)
                ? Items.TryGet(value, Value.Of(index), out var next) : Items.TryGet(value, key, out next);
            if (!found) return false;
            value = next;
        }
        return true;
    }

    public static Value ReadOrFail(Evaluation evaluation, Value item, Value path)
    {
        if (!path.IsNull && !path.IsText && path.Kind != ValueKind.Integer) throw evaluation.WrongType("An attribute is named by text or by a whole number.");
        return TryRead(item, path, out var value) ? value
            : throw evaluation.Fail(TemplateErrorKind.Undefined, $"{MissingAttribute} '{path.ToDisplayText()}': {Items.WhyMissing($"'{path.ToDisplayText()}'", item, path)}");
    }

    public static Value SortKey(Evaluation evaluation, Value value, bool ignoresCase)
    {
        if (!ignoresCase || value.TextOrNull is not { } text) return value;
        evaluation.ChargeText(text.Length);
        return text.ToLowerInvariant();
    }

    public static Value Sorted(Evaluation evaluation, Value[] items, Func<Value, Value> keyOf, bool isReverse)
    {
        var keyed = new Keyed[items.Length];
        for (var i = 0; i < items.Length; i++) keyed[i] = new Keyed(keyOf(items[i]), items[i], i);
        try
        {
            // Equal keys keep their order, in reverse as well.
            Array.Sort(keyed, (left, right) =>
            {
                var order = Operators.Order(evaluation, left.Key, right.Key);
                if (order == 0) return left.Index.CompareTo(right.Index);
                return isReverse ? -order : order;
            });
        }
        catch (InvalidOperationException exception) when (exception.InnerException is not null)   // the framework wraps what a comparison throws
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerException);
        }
        var sorted = new Value[keyed.Length];
        for (var i = 0; i < sorted.Length; i++) sorted[i] = keyed[i].Item;
        return Value.Of(sorted);
    }

    private static Value Join(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var items = Items.Enumerate(evaluation, value);
        var separator = Filters.TextOf(evaluation, arguments[0]);
        var text = new OutputText(evaluation);
        for (var i = 0; i < items.Length; i++)
        {
            if (i > 0) text.Append(separator);
            text.Append(arguments[1].IsNull ? items[i] : ReadOrFail(evaluation, items[i], arguments[1]));
        }
        return text.Finish();
    }

    private static Value Sum(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var total = arguments[1];
        if (total.IsText) throw evaluation.WrongType("|sum adds numbers. Join texts with |join.");
        foreach (var item in Items.Enumerate(evaluation, value))
        {
            evaluation.Charge(1);
            total = Operators.Apply(evaluation, ArithmeticOperator.Add, total, ReadOrFail(evaluation, item, arguments[0]));
        }
        return total;
    }

    private static Value Extreme(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments, int direction)
    {
        var items = Items.Enumerate(evaluation, value);
        if (items.Length == 0) return evaluation.GiveUndefined("the list is empty.");
        var ignoresCase = !Operators.IsTruthy(arguments[0]);
        var best = 0;
        var bestKey = SortKey(evaluation, ReadOrFail(evaluation, items[0], arguments[1]), ignoresCase);
        for (var i = 1; i < items.Length; i++)
        {
            var key = SortKey(evaluation, ReadOrFail(evaluation, items[i], arguments[1]), ignoresCase);
            if (Operators.Order(evaluation, key, bestKey) * direction <= 0) continue;
            (best, bestKey) = (i, key);
        }
        return items[best];
    }

    private static Value Reverse(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        if (value.IsText)
        {
            evaluation.ChargeList(value.AsText.Length);
            return CodePoints.Reverse(value.AsText);
        }
        var items = Items.Enumerate(evaluation, value).AsSpan().ToArray();
        Array.Reverse(items);
        return Value.Of(items);
    }

    private static Value Sort(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var items = Items.Enumerate(evaluation, value);
        var ignoresCase = !Operators.IsTruthy(arguments[1]);
        var attribute = arguments[2];
        Func<Value, Value> keyOf = item => SortKey(evaluation, ReadOrFail(evaluation, item, attribute), ignoresCase);
        if (attribute.TextOrNull is { } text && text.Contains(','))
        {
            var paths = Array.ConvertAll(text.Split(','), path => Value.Of(path));
            keyOf = item => Value.Of(Array.ConvertAll(paths, path => SortKey(evaluation, ReadOrFail(evaluation, item, path), ignoresCase)));
        }
        return Sorted(evaluation, items, keyOf, Operators.IsTruthy(arguments[0]));
    }

    private static Value Unique(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var ignoresCase = !Operators.IsTruthy(arguments[0]);
        var kept = new List<Value>();
        var seen = new HashSet<Value>();
        var seenData = new List<Value>();
        foreach (var item in Items.Enumerate(evaluation, value))
        {
            evaluation.Charge(1);
            var key = SortKey(evaluation, ReadOrFail(evaluation, item, arguments[1]), ignoresCase);
            if (key.IsList || key.IsObject)
            {
                if (seenData.Exists(earlier => Operators.AreEqual(evaluation, earlier, key))) continue;
                seenData.Add(key);
            }
            else if (!seen.Add(key.Kind == ValueKind.Boolean ? (key.AsBoolean ? 1 : 0) : key))
            {
                continue;
            }
            kept.Add(item);
        }
        return Value.Of(kept.ToArray());
    }

    private static Value Batch(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var items = Items.Enumerate(evaluation, value);
        var size = Filters.Whole(evaluation, arguments[0], "The size of |batch");
        if (size < 1) throw evaluation.BadValue("The size of |batch must be at least 1.");
        var batches = new List<Value>();
        for (var at = 0; at < items.Length; at += size)
        {
            var count = Math.Min(size, items.Length - at);
            var isFilled = count < size && !arguments[1].IsNull;
            evaluation.ChargeList(isFilled ? size : count);
            var batch = new Value[isFilled ? size : count];
            Array.Copy(items, at, batch, 0, count);
            Array.Fill(batch, arguments[1], count, batch.Length - count);
            batches.Add(Value.Of(batch));
        }
        return Value.Of(batches.ToArray());
    }

    private static Value Slice(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var items = Items.Enumerate(evaluation, value);
        var slices = Filters.Whole(evaluation, arguments[0], "The number of slices");
        if (slices < 1) throw evaluation.BadValue("|slice needs at least 1 slice.");
        evaluation.ChargeList(slices);
        var (size, longer) = Math.DivRem(items.Length, slices);
        var result = new Value[slices];
        var at = 0;
        for (var i = 0; i < slices; i++)
        {
            var count = size + (i < longer ? 1 : 0);
            var isFilled = !arguments[1].IsNull && i >= longer;
            var slice = new Value[count + (isFilled ? 1 : 0)];
            Array.Copy(items, at, slice, 0, count);
            if (isFilled) slice[^1] = arguments[1];
            result[i] = Value.Of(slice);
            at += count;
        }
        return Value.Of(result);
    }

    /// <summary>Pairs of the group's value and its items, ordered by the value.</summary>
    private static Value GroupBy(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var (attribute, fallback) = (arguments[0], arguments[1]);
        var ignoresCase = !Operators.IsTruthy(arguments[2]);
        Value Read(Value item) => !fallback.IsNull && attribute.IsText && !TryRead(item, attribute, out _) ? fallback : ReadOrFail(evaluation, item, attribute);
        var sorted = Sorted(evaluation, Items.Enumerate(evaluation, value), item => SortKey(evaluation, Read(item), ignoresCase), isReverse: false).AsList;
        var groups = new List<Value>();
        for (var start = 0; start < sorted.Length;)
        {
            var key = SortKey(evaluation, Read(sorted[start]), ignoresCase);
            var end = start + 1;
            while (end < sorted.Length && Operators.AreEqual(evaluation, key, SortKey(evaluation, Read(sorted[end]), ignoresCase))) end++;
            groups.Add(Value.Of([Read(sorted[start]), Value.Of(sorted[start..end].ToArray())]));
            start = end;
        }
        return Value.Of(groups.ToArray());
    }
}
