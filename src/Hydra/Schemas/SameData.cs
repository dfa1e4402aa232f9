using System.Runtime.CompilerServices;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>
/// Equality of JSON data (JSON Schema core §4.2.2): numbers by exact value, lists in order, objects in any order. Its hash
/// looks inside lists and objects, so that many unlike objects do not fall into one bucket.
/// </summary>
internal sealed class SameData : IEqualityComparer<Value>
{
    private const int HashDepthMax = 8, HashItemsMax = 64;

    public static SameData Comparer { get; } = new();

    public bool Equals(Value left, Value right)
    {
        var kind = left.Kind;
        if (kind != right.Kind) return left.IsNumeric && right.IsNumeric && ExactNumber.Compare(left, right) == 0;
        return kind switch
        {
            ValueKind.Null => true,
            ValueKind.Boolean => left.AsBoolean == right.AsBoolean,
            ValueKind.Integer => left.AsInteger == right.AsInteger,
            ValueKind.Number => left.AsNumber.Equals(right.AsNumber),
            ValueKind.Text => string.Equals(left.AsText, right.AsText, StringComparison.Ordinal),
            ValueKind.List => SameItems(left.AsList, right.AsList),
            _ => SameProperties(left.AsObject, right.AsObject),
        };
    }

    public int GetHashCode(Value value) => Hash(value, HashDepthMax);

    private bool SameItems(ReadOnlySpan<Value> left, ReadOnlySpan<Value> right)
    {
        if (left.Length != right.Length) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        for (var i = 0; i < left.Length; i++)
        {
            if (!Equals(left[i], right[i])) return false;
        }
        return true;
    }

    private bool SameProperties(ValueMap left, ValueMap right)
    {
        if (left.Count != right.Count) return false;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var (key, value) in left.Pairs)
        {
            if (!right.TryGetValue(key, out var theirs) || !Equals(value, theirs)) return false;
        }
        return true;
    }

    private static int Hash(Value value, int depth)
    {
        switch (value.Kind)
        {
            case ValueKind.List:
                var items = value.AsList;
                var list = items.Length;
                for (var i = 0; depth > 0 && i < Math.Min(items.Length, HashItemsMax); i++) list = HashCode.Combine(list, Hash(items[i], depth - 1));
                return list;
            case ValueKind.Object:
                var map = value.AsObject.Count;
                if (depth == 0 || map > HashItemsMax) return map;
                // A sum, as the order of the keys does not matter.
                foreach (var (key, item) in value.AsObject.Pairs) map += HashCode.Combine(key, Hash(item, depth - 1));
                return map;
            case ValueKind.Number:
                var number = value.AsNumber;
                return double.IsInteger(number) && Math.Abs(number) < 1e18 ? ((long)number).GetHashCode() : number.GetHashCode();
            // Whole numbers past 10^18 hash as doubles, like the fractions they may equal.
            case ValueKind.Integer: return Math.Abs((double)value.AsInteger) < 1e18 ? value.AsInteger.GetHashCode() : value.AsNumber.GetHashCode();
            case ValueKind.Boolean: return value.AsBoolean ? 1 : 2;
            case ValueKind.Text: return value.AsText.GetHashCode(StringComparison.Ordinal);
            default: return 0;
        }
    }
}
