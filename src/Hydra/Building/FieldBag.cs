using Hydra.Model;

namespace Hydra;

/// <summary>Fields in the order they were set.</summary>
internal sealed class FieldBag
{
    private readonly ValueMap.Builder _values = new();

    public int Count => _values.Count;
    public void Set(string name, Value value) => _values[name] = value;
    public Value Build() => Value.Of(_values.Build());
    public IEnumerable<SourceEntry> Entries() => SourceNode.From(Build()).Entries!;

    public static Value Budget(long? maxTokens, double? maxUsd, long? maxModelCalls, double? maxSeconds, string? onExceeded)
    {
        var bag = new FieldBag();
        if (maxTokens is { } tokens) bag.Set("max_tokens", tokens);
        if (maxUsd is { } usd) bag.Set("max_usd", usd);
        if (maxModelCalls is { } calls) bag.Set("max_model_calls", calls);
        if (maxSeconds is { } seconds) bag.Set("max_seconds", seconds);
        if (onExceeded is not null) bag.Set("on_exceeded", onExceeded);
        return bag.Build();
    }
}
