using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>prefixItems and items in one pass (core §10.3.1).</summary>
internal sealed class ItemsKeyword(SchemaNode node, SchemaNode[] prefix, SchemaNode? rest) : Keyword(node, "items")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsList) return true;
        var items = value.AsList;
        var isValid = true;
        for (var i = 0; i < items.Length; i++)
        {
            var child = i < prefix.Length ? prefix[i] : rest;
            if (child is null) return isValid;
            marks?.Add(i);
            if (rest?.Always == false && i >= prefix.Length) return TooMany(run, items.Length);
            if (run.CheckItem(child, i, items[i])) continue;
            if (!run.IsCollecting) return false;
            isValid = false;
        }
        return isValid;
    }

    private bool TooMany(Evaluation run, int count)
    {
        if (run.IsCollecting) run.Report(SchemaPointer, Name, Describe.Count(prefix.Length, "the list must have at most ", "item", "items") + $", got {count}");
        return false;
    }
}

/// <summary>contains with its minContains and maxContains (core §10.3.1.3, validation §6.4.4).</summary>
internal sealed class ContainsKeyword(SchemaNode node, SchemaNode child, long min, long? max) : Keyword(node, "contains")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsList) return true;
        var items = value.AsList;
        var count = 0L;
        for (var i = 0; i < items.Length; i++)
        {
            if (!run.Try(child, items[i], marks: null)) continue;
            count++;
            marks?.Add(i);
            if (marks is null && max is null && count >= min) return true;
        }
        if (count < min) return Wrong(run, min == 1 ? Name : "minContains", min, "at least", count);
        return count <= (max ?? long.MaxValue) || Wrong(run, "maxContains", max!.Value, "at most", count);
    }

    private bool Wrong(Evaluation run, string keyword, long limit, string words, long count)
    {
        if (run.IsCollecting) run.Report(PointerOf(keyword), keyword, Describe.Count(limit, $"the list must have {words} ", "item", "items") + $" that fit {PointerOf(Name)}, got {count}");
        return false;
    }
}

internal sealed class UniqueItemsKeyword(SchemaNode node) : Keyword(node, "uniqueItems")
{
    /// <summary>Up to this many items comparing all pairs is faster than hashing.</summary>
    private const int ScanCountMax = 8;

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsList || value.AsList.Length < 2) return true;
        var (first, second) = value.AsList.Length <= ScanCountMax ? Scan(value.AsList) : Hash(value.AsList);
        if (second < 0) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"items must differ, but items {first} and {second} are both {Describe.Literal(value.AsList[second])}");
        return false;
    }

    private static (int First, int Second) Scan(ReadOnlySpan<Value> items)
    {
        for (var j = 1; j < items.Length; j++)
        {
            for (var i = 0; i < j; i++)
            {
                if (SameData.Comparer.Equals(items[i], items[j])) return (i, j);
            }
        }
        return (-1, -1);
    }

    private static (int First, int Second) Hash(ReadOnlySpan<Value> items)
    {
        var seen = new Dictionary<Value, int>(items.Length, SameData.Comparer);
        for (var i = 0; i < items.Length; i++)
        {
            if (!seen.TryAdd(items[i], i)) return (seen[items[i]], i);
        }
        return (-1, -1);
    }
}

internal sealed class UnevaluatedItemsKeyword(SchemaNode node, SchemaNode child) : Keyword(node, "unevaluatedItems")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsList) return true;
        var isValid = true;
        var items = value.AsList;
        for (var i = 0; i < items.Length; i++)
        {
            if (marks![i]) continue;
            marks.Add(i);
            if (child.Always == false)
            {
                if (run.IsCollecting) run.Report(SchemaPointer, Name, "this item is not allowed here; no part of the schema that applies knows it. Leave it out", key: null, i);
                isValid = false;
            }
            else isValid &= run.CheckItem(child, i, items[i]);
            if (!isValid && !run.IsCollecting) return false;
        }
        return isValid;
    }
}
