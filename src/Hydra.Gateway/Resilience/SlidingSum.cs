namespace Hydra.Gateway.Resilience;

/// <summary>
/// A sum over the last window, in slots of equal width. What was added within the window always counts; it is forgotten up
/// to one slot later, never earlier, so a limit on the sum holds in every window. Not for sharing between threads.
/// </summary>
public sealed class SlidingSum
{
    private readonly long[] _slots;
    private readonly long _width;
    private long _latest;
    private long _sum;

    /// <param name="slots">1 or more; the window is cut in so many parts, and memory holds one more.</param>
    public SlidingSum(TimeSpan window, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(window.Ticks, slots);
        _slots = new long[slots + 1];
        _width = (window.Ticks + slots - 1) / slots;
    }

    public void Add(TimeSpan now, long amount)
    {
        Forget(now);
        _slots[_latest % _slots.Length] += amount;
        _sum += amount;
    }

    /// <summary>Takes back what was added at a time; never more than its slot holds, and nothing when that is forgotten already.</summary>
    public void Return(TimeSpan addedAt, long amount, TimeSpan now)
    {
        Forget(now);
        var slot = addedAt.Ticks / _width;
        if (slot <= _latest - _slots.Length) return;
        ref var held = ref _slots[slot % _slots.Length];
        amount = Math.Min(amount, held);
        held -= amount;
        _sum -= amount;
    }

    public long Sum(TimeSpan now)
    {
        Forget(now);
        return _sum;
    }

    /// <summary>The earliest time at which the sum is at most so much, if nothing is added until then.</summary>
    public TimeSpan WhenAtMost(long most, TimeSpan now)
    {
        Forget(now);
        var left = _sum;
        if (left <= most) return now;
        for (var slot = Math.Max(0, _latest - _slots.Length + 1); slot <= _latest; slot++)
        {
            left -= _slots[slot % _slots.Length];
            if (left <= most) return TimeSpan.FromTicks((slot + _slots.Length) * _width);
        }
        return TimeSpan.MaxValue;
    }

    public void Clear()
    {
        Array.Clear(_slots);
        _sum = 0;
    }

    private void Forget(TimeSpan now)
    {
        var slot = now.Ticks / _width;
        if (slot <= _latest) return;   // a clock that goes back changes nothing
        if (slot - _latest >= _slots.Length)
        {
            Clear();
        }
        else
        {
            for (var passed = _latest + 1; passed <= slot; passed++)
            {
                ref var old = ref _slots[passed % _slots.Length];
                _sum -= old;
                old = 0;
            }
        }
        _latest = slot;
    }
}
