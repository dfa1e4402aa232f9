namespace Hydra.Templates;

/// <summary>The variables that a template binds, by block; gives each binding a slot of its own.</summary>
internal sealed class NameTable
{
    private readonly List<Dictionary<string, int>> _blocks = [new(StringComparer.Ordinal)];
    private readonly HashSet<int> _namespaces = [];

    public int Count { get; private set; }

    public void Open() => _blocks.Add(new Dictionary<string, int>(StringComparer.Ordinal));
    public void Close() => _blocks.RemoveAt(_blocks.Count - 1);

    public int Declare(string name)
    {
        var block = _blocks[^1];
        if (!block.TryGetValue(name, out var slot)) block[name] = slot = Count++;
        return slot;
    }

    public int DeclareHidden() => Count++;

    public void MarkNamespace(int slot) => _namespaces.Add(slot);

    /// <summary>The slot of a variable made by <c>namespace()</c>, or -1.</summary>
    public int FindNamespace(string name)
    {
        foreach (var slot in Find(name))
        {
            if (_namespaces.Contains(slot)) return slot;
        }
        return -1;
    }

    /// <summary>Slots that may hold the name here, innermost first.</summary>
    public int[] Find(string name)
    {
        List<int>? slots = null;
        for (var i = _blocks.Count - 1; i >= 0; i--)
        {
            if (_blocks[i].TryGetValue(name, out var slot)) (slots ??= []).Add(slot);
        }
        return slots is null ? [] : [.. slots];
    }

    public IEnumerable<string> Names => _blocks.SelectMany(block => block.Keys);
}
