using System.Globalization;
using System.Text.Json;

namespace Hydra.Model;

/// <summary>The six shapes a value can have: JSON's, with whole numbers told apart from the rest.</summary>
public enum ValueKind : byte { Null, Boolean, Integer, Number, Text, List, Object }

/// <summary>
/// One immutable piece of data: a run input, a node's output, a template variable. It is JSON's data model with
/// whole numbers (64 bit) kept apart from fractions, so that <c>1</c> and <c>1.0</c> render as their author wrote them.
/// Safe to share between threads.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    private static readonly object BooleanTag = new(), IntegerTag = new(), NumberTag = new();

    private readonly object? _reference;
    private readonly long _bits;

    private Value(object? reference, long bits = 0)
    {
        _reference = reference;
        _bits = bits;
    }

    public static Value Null => default;
    public static Value True { get; } = new(BooleanTag, 1);
    public static Value False { get; } = new(BooleanTag, 0);
    public static Value EmptyText { get; } = new("");
#pragma warning disable MA0005 // Array.Empty of a value type is compiled at every start of the program
    public static Value EmptyList { get; } = new(new Value[0]);
#pragma warning restore MA0005
    public static Value EmptyObject { get; } = new(ValueMap.Empty);

    public static Value Of(bool value) => value ? True : False;
    public static Value Of(long value) => new(IntegerTag, value);
    public static Value Of(double value) => new(NumberTag, BitConverter.DoubleToInt64Bits(value));
    public static Value Of(string value) => new(value ?? throw new ArgumentNullException(nameof(value)));
    /// <summary>A list. The array is taken over, not copied: the caller must not change it afterwards.</summary>
    public static Value Of(Value[] items) => new(items ?? throw new ArgumentNullException(nameof(items)));
    public static Value Of(IEnumerable<Value> items) => new(items.ToArray());
    public static Value Of(ValueMap map) => new(map ?? throw new ArgumentNullException(nameof(map)));
    /// <summary>A list with one value for each item. A loop, because LINQ over a value type is compiled at every start of the program.</summary>
    public static Value OfEach<T>(IReadOnlyList<T> items, Func<T, Value> valueOf) where T : class
    {
        var values = new Value[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = valueOf(items[i]);
        return Of(values);
    }

    public static Value OfTexts(IEnumerable<string> items) => OfEach(items as IReadOnlyList<string> ?? items.ToList(), Of);

    public static implicit operator Value(string value) => Of(value);
    public static implicit operator Value(long value) => Of(value);
    public static implicit operator Value(int value) => Of((long)value);
    public static implicit operator Value(double value) => Of(value);
    public static implicit operator Value(bool value) => Of(value);
    public static implicit operator Value(ValueMap value) => Of(value);

    public ValueKind Kind => _reference switch
    {
        null => ValueKind.Null,
        string => ValueKind.Text,
        Value[] => ValueKind.List,
        ValueMap => ValueKind.Object,
        var tag when ReferenceEquals(tag, IntegerTag) => ValueKind.Integer,
        var tag when ReferenceEquals(tag, NumberTag) => ValueKind.Number,
        _ => ValueKind.Boolean,
    };

    public bool IsNull => _reference is null;
    public bool IsText => _reference is string;
    public bool IsList => _reference is Value[];
    public bool IsObject => _reference is ValueMap;
    public bool IsNumeric => Kind is ValueKind.Integer or ValueKind.Number;

    /// <summary>The boolean. Throws <see cref="InvalidOperationException"/> for any other kind, as the other accessors do.</summary>
    public bool AsBoolean => Kind == ValueKind.Boolean ? _bits != 0 : throw Wrong("a boolean");
    public long AsInteger => Kind == ValueKind.Integer ? _bits : throw Wrong("an integer");
    /// <summary>The number as a double; integers convert.</summary>
    public double AsNumber => Kind switch
    {
        ValueKind.Integer => _bits,
        ValueKind.Number => BitConverter.Int64BitsToDouble(_bits),
        _ => throw Wrong("a number"),
    };
    public string AsText => _reference as string ?? throw Wrong("text");
    public ReadOnlySpan<Value> AsList => _reference as Value[] ?? throw Wrong("a list");
    public ValueMap AsObject => _reference as ValueMap ?? throw Wrong("an object");

    /// <summary>The list as an enumerable, for LINQ; the same items as <see cref="AsList"/>.</summary>
    public IReadOnlyList<Value> Items => _reference as Value[] ?? throw Wrong("a list");

    public string? TextOrNull => _reference as string;

    /// <summary>What a person reads: text as it is, everything else as JSON.</summary>
    public string ToDisplayText() => _reference is string text ? text : ToJson();

    /// <summary>Compact JSON with keys in their own order; equal text for equal construction.</summary>
    public string ToJson() => ValueJson.ToText(this);

    /// <summary>Parses one JSON document. Throws <see cref="JsonException"/> with line and byte position.</summary>
    public static Value ParseJson(string json) => ValueJson.Parse(json);
    public static Value ParseJson(ReadOnlySpan<byte> utf8) => ValueJson.Parse(utf8);

    /// <summary>Same data: numbers compare by value across integer and fraction, objects without regard to key order.</summary>
    public bool Equals(Value other)
    {
        var kind = Kind;
        if (kind != other.Kind) return IsNumeric && other.IsNumeric && AsNumber.Equals(other.AsNumber);
        return kind switch
        {
            ValueKind.Null => true,
            ValueKind.Boolean or ValueKind.Integer => _bits == other._bits,
            ValueKind.Number => AsNumber.Equals(other.AsNumber),
            ValueKind.Text => string.Equals(AsText, other.AsText, StringComparison.Ordinal),
            ValueKind.List => AsList.SequenceEqual(other.AsList),
            _ => AsObject.Equals(other.AsObject),
        };
    }

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => Kind switch
    {
        ValueKind.Integer or ValueKind.Number => AsNumber.GetHashCode(),
        ValueKind.Boolean => _bits.GetHashCode(),
        ValueKind.Text => AsText.GetHashCode(StringComparison.Ordinal),
        ValueKind.List => AsList.Length,
        ValueKind.Object => AsObject.Count,
        _ => 0,
    };

    public static bool operator ==(Value left, Value right) => left.Equals(right);
    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    public override string ToString() => ToDisplayText();

    private InvalidOperationException Wrong(string wanted) =>
        new(string.Create(CultureInfo.InvariantCulture, $"A value of kind {Kind} was read as {wanted}."));
}
