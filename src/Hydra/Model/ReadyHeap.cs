namespace Hydra.Model;

/// <summary>Instances that may start, best first: by priority, then by the longest remaining path, then by number. A binary heap.</summary>
public sealed class ReadyHeap
{
    private Entry[] _entries = new Entry[16];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    public void Push(int instance, int priority, float rank)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        var entry = new Entry(instance, priority, rank);
        var at = Count++;
        while (at > 0)
        {
            var above = (at - 1) >> 1;
            if (!entry.Before(_entries[above])) break;
            _entries[at] = _entries[above];
            at = above;
        }
        _entries[at] = entry;
    }

    public bool TryPop(out int instance)
    {
        if (Count == 0)
        {
            instance = -1;
            return false;
        }
        instance = _entries[0].Instance;
        var last = _entries[--Count];
        var at = 0;
        while (true)
        {
            var below = (at << 1) + 1;
            if (below >= Count) break;
            if (below + 1 < Count && _entries[below + 1].Before(_entries[below])) below++;
            if (!_entries[below].Before(last)) break;
            _entries[at] = _entries[below];
            at = below;
        }
        _entries[at] = last;
        return true;
    }

    private readonly record struct Entry(int Instance, int Priority, float Rank)
    {
        public bool Before(in Entry other)
        {
            if (Priority != other.Priority) return Priority > other.Priority;
            if (Rank != other.Rank) return Rank > other.Rank;
            return Instance < other.Instance;
        }
    }
}
