namespace Hydra.Gateway.Caching;

/// <summary>Answers in this process, bounded in bytes.</summary>
/// <remarks>
/// Room is made by GreedyDual-Size (Cao and Irani, USENIX 1997): an entry's worth is what a hit saves for each byte, on top of the
/// worth of what was evicted last, so that what has not been asked for ages against what has.
/// </remarks>
internal sealed class MemoryAnswers(long bytesMax, TimeProvider clock) : IAnswerStore
{
    /// <summary>What an entry costs beyond its text: the objects that hold it.</summary>
    private const int EntryBytes = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Entry, double> _byWorth = new();
    private long _bytes;
    private double _age;

    public ValueTask<CachedAnswer?> FindAsync(string key, CancellationToken cancellationToken)
    {
        byte[] body;
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry)) return default;
            if (entry.ExpiresAt <= clock.GetUtcNow())
            {
                Remove_NeedsLock(entry);
                return default;
            }
            entry.Worth = _age + entry.SavedPerByte;
            body = entry.Body;
        }
        return new(AnswerCodec.Read(body));
    }

    public ValueTask KeepAsync(string key, CachedAnswer answer, CancellationToken cancellationToken)
    {
        if (AnswerCodec.Write(answer) is not { } body) return default;
        var entry = new Entry(key, body, answer, body.Length + EntryBytes);
        if (entry.Bytes > bytesMax) return default;
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var before)) Remove_NeedsLock(before);
            while (_bytes + entry.Bytes > bytesMax && _byWorth.Count > 0) Evict_NeedsLock();
            entry.Worth = _age + entry.SavedPerByte;
            _entries[key] = entry;
            _byWorth.Enqueue(entry, entry.Worth);
            _bytes += entry.Bytes;
        }
        return default;
    }

    public ValueTask<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var taken = _entries.Values.Where(entry => selection.Takes(entry.Answer)).ToList();
            foreach (var entry in taken) Remove_NeedsLock(entry);
            return new(taken.Count);
        }
    }

    public ValueTask<CacheStats> StatsAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return new(new CacheStats(_entries.Count, _bytes, _entries.Values.Sum(entry => entry.Answer.CostUsd)));
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>Takes the entry of least worth. A hit does not reorder the queue: an entry that has become worth more is put back here.</summary>
    private void Evict_NeedsLock()
    {
        _byWorth.TryDequeue(out var entry, out var worth);
        if (entry!.IsGone) return;
        if (entry.Worth > worth)
        {
            _byWorth.Enqueue(entry, entry.Worth);
            return;
        }
        _age = worth;
        Remove_NeedsLock(entry);
    }

    private void Remove_NeedsLock(Entry entry)
    {
        _entries.Remove(entry.Key);
        _bytes -= entry.Bytes;
        entry.IsGone = true;
        if (_byWorth.Count <= 2 * _entries.Count + 64) return;
        _byWorth.Clear();
        _byWorth.EnqueueRange(_entries.Values.Select(left => (left, left.Worth)));
    }

    private sealed class Entry(string key, byte[] body, CachedAnswer answer, int bytes)
    {
        public string Key { get; } = key;
        public byte[] Body { get; } = body;
        /// <summary>Without its updates, which the body holds.</summary>
        public CachedAnswer Answer { get; } = answer with { Updates = [] };
        public int Bytes { get; } = bytes;
        public DateTimeOffset ExpiresAt => Answer.ExpiresAt;
        /// <summary>In pico-dollars; a model without a price still saves its time, counted as one for each token.</summary>
        public double SavedPerByte { get; } = ((double)answer.CostUsd * 1e12 + answer.Tokens) / bytes;
        public double Worth { get; set; }
        public bool IsGone { get; set; }
    }
}
