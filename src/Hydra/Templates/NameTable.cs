namespace Hydra.Templates;

/// <summary>The variables that a template binds, by block; gives each binding a slot of its own.</summary>
internal sealed class NameTable
{
    /// <summary>Most templates bind nothing: a block has names once one is declared.</summary>
    private readonly List<Dictionary<string, int>?> _blocks = [null];
    private HashSet<int>? _namespaces;

    public int Count { get; private set; }

    public void Open() => _blocks.Add(null);
    public void Close() => _blocks.RemoveAt(_blocks.Count - 1);

    public int Declare(string name)
    {
        var block = _blocks[^1] ??= new(StringComparer.Ordinal);
        if (!block.TryGetValue(name, out var slot)) block[name] = slot = Count++;
        return slot;
    }

    public int DeclareHidden() => Count++;

    public void MarkNamespace(int slot) => (_namespaces ??= []).Add(slot);

    /// <summary>The slot of a variable made by <c>namespace()</c>, or -1.</summary>
    public int FindNamespace(string name)
    {
        if (_namespaces is null) return -1;
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
            if (_blocks[i] is { } block && block.TryGetValue(name, out var slot)) (slots ??= []).Add(slot);
        }
        return slots is null ? [] : [.. slots];
    }

    public IEnumerable<string> Names => _blocks.SelectMany(block => block?.Keys ?? Enumerable.Empty<string>());
}
