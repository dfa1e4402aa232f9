using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Reading parts of values: keys of objects, places in lists and texts. Data only; nothing of the runtime is reachable.</summary>
internal static class Items
{
    public static bool TryGet(Value target, string key, out Value value)
    {
        if (target.IsObject) return target.AsObject.TryGetValue(key, out value);
        value = default;
        return false;
    }

    public static bool TryGet(Value target, Value index, out Value value)
    {
        value = default;
        if (target.IsObject)
        {
            return index.TextOrNull is { } key ? target.AsObject.TryGetValue(key, out value)
                : index.Kind == ValueKind.Integer && target.AsObject.TryGetValue(index.AsInteger.ToString(), out value);
        }
        if (!Operators.TryInteger(index, out var at)) return false;
        if (target.IsList)
        {
            var items = target.AsList;
            if (at < 0) at += items.Length;
            if (at < 0 || at >= items.Length) return false;
            value = items[(int)at];
            return true;
        }
        if (!target.IsText) return false;
        var length = CodePoints.Count(target.AsText);
        if (at < 0) at += length;
        if (at < 0 || at >= length) return false;
        value = CodePoints.Slice(target.AsText, (int)at, 1);
        return true;
    }

    public static string KeyOf(Evaluation evaluation, Value key) => key.Kind switch
    {
        ValueKind.Text => key.AsText,
        ValueKind.List or ValueKind.Object => throw evaluation.WrongType("A list or object cannot be a key. Use text."),
        _ => ValueText.Of(evaluation, key),
    };

    public static string WhyMissing(string what, Value target, Value index)
    {
        if (index.TextOrNull is { } key) return WhyMissing(what, target, key);
        return target.Kind switch
        {
            ValueKind.List => $"{what} is not defined: the list has {target.AsList.Length} items, and {index.ToDisplayText()} is not one of their places.",
            ValueKind.Text => $"{what} is not defined: the text has {CodePoints.Count(target.AsText)} characters, and {index.ToDisplayText()} is not one of their places.",
            _ => $"{what} is not defined: {Operators.NameOf(target)} has no item {index.ToDisplayText()}.",
        };
    }

    public static string WhyMissing(string what, Value target, string key)
    {
        if (Methods.Exists(key)) return $"{what} is not defined: '{key}' is a method; write {key}().";
        if (!target.IsObject) return $"{what} is not defined: {Operators.NameOf(target)} has no '{key}'.";
        var keys = target.AsObject;
        if (keys.Count == 0) return $"{what} is not defined: the object is empty.";
        var hint = Nearest.Hint(key, keys.Keys);
        if (hint.Length > 0) return $"{what} is not defined: the object has no key '{key}'.{hint}";
        const int shown = 10;
        return $"{what} is not defined: the object has no key '{key}', only {string.Join(", ", keys.Keys.Take(shown))}{(keys.Count > shown ? ", …" : "")}.";
    }

    /// <summary>What a loop or list filter runs over: the items, the characters, or the keys.</summary>
    public static Value[] Enumerate(Evaluation evaluation, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.List:
                evaluation.ChargeList(value.AsList.Length);
                return value.Items as Value[] ?? value.AsList.ToArray();
            case ValueKind.Text:
                evaluation.ChargeList(value.AsText.Length);
                return CodePoints.Split(value.AsText);
            case ValueKind.Object:
                var pairs = value.AsObject.Pairs;
                evaluation.ChargeList(pairs.Length);
                var keys = new Value[pairs.Length];
                for (var i = 0; i < keys.Length; i++) keys[i] = pairs[i].Key;
                return keys;
            default:
                throw evaluation.WrongType($"A list is needed here, and {Operators.NameOf(value)} is none.");
        }
    }

    public static int LengthOf(Evaluation evaluation, Value value) => value.Kind switch
    {
        ValueKind.List => value.AsList.Length,
        ValueKind.Object => value.AsObject.Count,
        ValueKind.Text => CodePoints.Count(value.AsText),
        _ => throw evaluation.WrongType($"{Operators.NameOf(value)} has no length. Only texts, lists and objects have one."),
    };

    public static Value Slice(Evaluation evaluation, Value target, long? start, long? stop, long? step)
    {
        if (!target.IsText && !target.IsList) throw evaluation.WrongType($"Only texts and lists can be sliced, and here stands {Operators.NameOf(target)}.");
        var length = LengthOf(evaluation, target);
        var by = step ?? 1;
        if (by == 0) throw evaluation.BadValue("The step of a slice must not be 0.");
        var (low, high) = by > 0 ? (0L, (long)length) : (-1L, length - 1L);
        var from = start is { } s ? Clamp(s) : by > 0 ? low : high;
        var to = stop is { } e ? Clamp(e) : by > 0 ? high : low;
        var count = by > 0 ? (from < to ? (Int128.One * to - from - 1) / by + 1 : 0) : (to < from ? (Int128.One * from - to - 1) / -(Int128)by + 1 : 0);
        var taken = (int)count;
        if (target.IsText)
        {
            evaluation.ChargeText(length);
            return by == 1 ? CodePoints.Slice(target.AsText, (int)from, taken) : CodePoints.Pick(target.AsText, (int)from, by, taken);
        }
        evaluation.ChargeList(taken);
        var picked = new Value[taken];
        for (var i = 0; i < taken; i++) picked[i] = target.AsList[(int)(from + (i * by))];
        return Value.Of(picked);

        long Clamp(long bound) => Math.Clamp(bound < 0 ? bound + length : bound, low, high);
    }
}
