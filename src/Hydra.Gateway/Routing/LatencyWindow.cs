namespace Hydra.Gateway.Routing;

/// <summary>The last times within a window, at most <see cref="Kept"/> of them. Not for sharing between threads.</summary>
public sealed class LatencyWindow(TimeSpan window)
{
    public const int Kept = 128;

    private readonly (TimeSpan At, TimeSpan Value)[] _samples = new (TimeSpan, TimeSpan)[Kept];
    private long _count;

    public void Add(TimeSpan value, TimeSpan now) => _samples[_count++ % Kept] = (now, value);

    /// <summary>Null: nothing was measured within the window.</summary>
    public TimeSpan? Mean(TimeSpan now)
    {
        long sum = 0;
        var count = 0;
        foreach (var (at, value) in Samples)
        {
            if (now - at > window) continue;
            sum += value.Ticks;
            count++;
        }
        return count == 0 ? null : TimeSpan.FromTicks(sum / count);
    }

    /// <param name="quantile">0 to 1: 0.95 is the time that 95 of 100 keep.</param>
    /// <param name="atLeast">Fewer samples say nothing.</param>
    public TimeSpan? Quantile(double quantile, int atLeast, TimeSpan now)
    {
        Span<long> values = stackalloc long[Kept];
        var count = 0;
        foreach (var (at, value) in Samples)
        {
            if (now - at <= window) values[count++] = value.Ticks;
        }
        if (count < Math.Max(1, atLeast)) return null;
        values = values[..count];
        values.Sort();
        return TimeSpan.FromTicks(values[Math.Clamp((int)Math.Ceiling(quantile * count) - 1, 0, count - 1)]);
    }

    private ReadOnlySpan<(TimeSpan At, TimeSpan Value)> Samples => _samples.AsSpan(0, (int)Math.Min(_count, Kept));
}
