namespace Hydra.Gateway.Caching;

/// <summary>Questions by their meaning, in partitions that never mix. In memory, bounded in entries; the oldest go first. Safe to share between threads.</summary>
internal sealed class SemanticIndex(int entriesMax, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Entry>> _partitions = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byAge = new();

    /// <summary>The answer to the nearest question of the partition; null: none is near enough.</summary>
    /// <param name="threshold">Least cosine.</param>
    public (CachedAnswer Answer, double Similarity)? Find(string partition, ReadOnlySpan<float> vector, double threshold, TimeSpan life)
    {
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (!_partitions.TryGetValue(partition, out var entries)) return null;
            (CachedAnswer Answer, double Similarity)? best = null;
            foreach (var entry in entries)
            {
                if (entry.Vector.Length != vector.Length || entry.Answer.ExpiresAt <= now || now - entry.Answer.At >= life) continue;
                var similarity = Cosine(entry.Vector, vector);
                if (similarity >= threshold && !(best?.Similarity >= similarity)) best = (entry.Answer, similarity);
            }
            return best;
        }
    }

    public void Keep(string partition, float[] vector, CachedAnswer answer)
    {
        lock (_gate)
        {
            while (_byAge.Count >= entriesMax && _byAge.First is { } oldest) Remove_NeedsLock(oldest.Value);
            var entry = new Entry(partition, vector, answer);
            if (!_partitions.TryGetValue(partition, out var entries)) _partitions[partition] = entries = [];
            entries.Add(entry);
            entry.Node = _byAge.AddLast(entry);
        }
    }

    public long Clear(CacheSelection selection)
    {
        lock (_gate)
        {
            var taken = _byAge.Where(entry => selection.Takes(entry.Answer)).ToList();
            foreach (var entry in taken) Remove_NeedsLock(entry);
            return taken.Count;
        }
    }

    private void Remove_NeedsLock(Entry entry)
    {
        _byAge.Remove(entry.Node!);
        var entries = _partitions[entry.Partition];
        entries.Remove(entry);
        if (entries.Count == 0) _partitions.Remove(entry.Partition);
    }

    private static double Cosine(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double dot = 0, leftSquares = 0, rightSquares = 0;
        for (var i = 0; i < left.Length; i++)
        {
            dot += (double)left[i] * right[i];
            leftSquares += (double)left[i] * left[i];
            rightSquares += (double)right[i] * right[i];
        }
        return leftSquares == 0 || rightSquares == 0 ? 0 : dot / Math.Sqrt(leftSquares * rightSquares);
    }

    private sealed class Entry(string partition, float[] vector, CachedAnswer answer)
    {
        public string Partition { get; } = partition;
        public float[] Vector { get; } = vector;
        public CachedAnswer Answer { get; } = answer;
        public LinkedListNode<Entry>? Node { get; set; }
    }
}
