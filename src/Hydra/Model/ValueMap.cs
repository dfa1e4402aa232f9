using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Hydra.Model;

/// <summary>An immutable map from text to <see cref="Value"/> that keeps the order in which its keys were written.</summary>
public sealed class ValueMap : IReadOnlyDictionary<string, Value>, IEquatable<ValueMap>
{
    /// <summary>Below this many keys a scan is faster than hashing.</summary>
    private const int ScanCountMax = 8;

    private readonly KeyValuePair<string, Value>[] _pairs;
    private readonly Dictionary<string, int>? _index;

    private ValueMap(KeyValuePair<string, Value>[] pairs)
    {
        _pairs = pairs;
        if (pairs.Length <= ScanCountMax) return;
        _index = new Dictionary<string, int>(pairs.Length, StringComparer.Ordinal);
        for (var i = 0; i < pairs.Length; i++) _index[pairs[i].Key] = i;
    }

#pragma warning disable MA0005 // Array.Empty of a value type is compiled at every start of the program
    public static ValueMap Empty { get; } = new(new KeyValuePair<string, Value>[0]);
#pragma warning restore MA0005

    /// <summary>Builds a map; where a key comes twice the later value stands at the earlier place.</summary>
    public static ValueMap Of(IEnumerable<KeyValuePair<string, Value>> pairs)
    {
        var builder = new Builder();
        foreach (var (key, value) in pairs) builder[key] = value;
        return builder.Build();
    }

    /// <inheritdoc cref="Of(IEnumerable{KeyValuePair{string, Value}})"/>
    public static ValueMap Of(params ReadOnlySpan<(string Key, Value Value)> pairs)
    {
        if (pairs.Length == 0) return Empty;
        if (pairs.Length <= ScanCountMax && AreKeysDistinct(pairs))
        {
            var exact = new KeyValuePair<string, Value>[pairs.Length];
            for (var i = 0; i < exact.Length; i++) exact[i] = new(pairs[i].Key, pairs[i].Value);
            return new ValueMap(exact);
        }
        var builder = new Builder();
        foreach (var (key, value) in pairs) builder[key] = value;
        return builder.Build();
    }

    private static bool AreKeysDistinct(ReadOnlySpan<(string Key, Value Value)> pairs)
    {
        for (var i = 1; i < pairs.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (string.Equals(pairs[i].Key, pairs[j].Key, StringComparison.Ordinal)) return false;
            }
        }
        return true;
    }

    public int Count => _pairs.Length;
    public IEnumerable<string> Keys => _pairs.Select(pair => pair.Key);
    public IEnumerable<Value> Values => _pairs.Select(pair => pair.Value);
    public ReadOnlySpan<KeyValuePair<string, Value>> Pairs => _pairs;

    public Value this[string key] =>
        TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"The key '{key}' is not in the map.");

    public bool ContainsKey(string key) => Find(key) >= 0;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Value value)
    {
        var at = Find(key);
        value = at >= 0 ? _pairs[at].Value : default;
        return at >= 0;
    }

    /// <summary>The value, or <see cref="Value.Null"/> when the key is absent.</summary>
    public Value GetOrNull(string key) => TryGetValue(key, out var value) ? value : Value.Null;

    /// <summary>This map with one key set: replaced in place, or added at the end.</summary>
    public ValueMap With(string key, Value value)
    {
        var builder = new Builder();
        foreach (var pair in _pairs) builder[pair.Key] = pair.Value;
        builder[key] = value;
        return builder.Build();
    }

    public bool Equals(ValueMap? other)
    {
        if (other is null || other.Count != Count) return false;
        foreach (var (key, value) in _pairs)
        {
            if (!other.TryGetValue(key, out var theirs) || !value.Equals(theirs)) return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ValueMap);
    public override int GetHashCode() => Count;

    /// <remarks>Not the array's own enumerator: that one is compiled at every start of the program.</remarks>
    public IEnumerator<KeyValuePair<string, Value>> GetEnumerator()
    {
        for (var i = 0; i < _pairs.Length; i++) yield return _pairs[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Find(string key)
    {
        if (_index is not null) return _index.TryGetValue(key, out var at) ? at : -1;
        for (var i = 0; i < _pairs.Length; i++)
        {
            if (string.Equals(_pairs[i].Key, key, StringComparison.Ordinal)) return i;
        }
        return -1;
    }

    /// <summary>Collects pairs for one map. Not for sharing between threads.</summary>
    public sealed class Builder
    {
        private readonly List<KeyValuePair<string, Value>> _pairs = new(4);
        private Dictionary<string, int>? _index;

        public int Count => _pairs.Count;

        public Value this[string key]
        {
            set
            {
                var at = Find(key);
                if (at >= 0) { _pairs[at] = new(key, value); return; }
                _pairs.Add(new(key, value));
                _index?.Add(key, _pairs.Count - 1);
            }
        }

        public bool Contains(string key) => Find(key) >= 0;

        public ValueMap Build() => _pairs.Count == 0 ? Empty : new ValueMap([.. _pairs]);

        private int Find(string key)
        {
            if (_pairs.Count <= ScanCountMax)
            {
                for (var i = 0; i < _pairs.Count; i++)
                {
                    if (string.Equals(_pairs[i].Key, key, StringComparison.Ordinal)) return i;
                }
                return -1;
            }
            if (_index is null)
            {
                _index = new Dictionary<string, int>(StringComparer.Ordinal);
                for (var i = 0; i < _pairs.Count; i++) _index[_pairs[i].Key] = i;
            }
            return _index.TryGetValue(key, out var at) ? at : -1;
        }
    }
}
