using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>What the peers of a swarm know together: keys with versions. A write counts only where its writer had read the present version.</summary>
internal sealed class SharedContext(ValueMap initial)
{
    public const int KeysMax = 200;

    private readonly SortedDictionary<string, (Value Value, int Version)> _keys =
        new(initial.ToDictionary(pair => pair.Key, pair => (pair.Value, 1), StringComparer.Ordinal), StringComparer.Ordinal);

    public IEnumerable<string> Keys => _keys.Keys;

    /// <summary>Takes all writes of one turn, or none of them.</summary>
    /// <param name="writes">A list of <c>{key, value, version}</c>; anything else: no writes.</param>
    /// <returns>Why nothing was written; empty when all was.</returns>
    public IReadOnlyList<string> Write(Value writes)
    {
        if (!writes.IsList) return [];
        var refused = new List<string>();
        foreach (var write in writes.Items.Select(item => item.AsObject))
        {
            var key = write["key"].AsText;
            var known = _keys.TryGetValue(key, out var present) ? present.Version : 0;
            if (write["version"].AsInteger != known) refused.Add($"'{key}' was read at version {write["version"].AsInteger} and is at {known} now: {(known == 0 ? "it does not exist" : present.Value.ToJson())}. Read it again.");
        }
        if (_keys.Count + writes.Items.Count(item => !_keys.ContainsKey(item.AsObject["key"].AsText)) > KeysMax) refused.Add($"the shared notes may hold {KeysMax} keys. Use those that are there.");
        if (refused.Count > 0) return refused;
        foreach (var write in writes.Items.Select(item => item.AsObject)) _keys[write["key"].AsText] = (write["value"], (_keys.TryGetValue(write["key"].AsText, out var present) ? present.Version : 0) + 1);
        return [];
    }

    /// <param name="allowed">The keys that may be read; null: all.</param>
    public Value Shown(IReadOnlyCollection<string>? allowed = null) => ValueMap.Of(_keys.Where(pair => allowed is null || allowed.Contains(pair.Key))
        .Select(pair => KeyValuePair.Create(pair.Key, Value.Of(ValueMap.Of(("value", pair.Value.Value), ("version", pair.Value.Version))))));

    public Value Values() => ValueMap.Of(_keys.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value)));
}
