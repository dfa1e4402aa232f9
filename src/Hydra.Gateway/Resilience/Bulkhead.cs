namespace Hydra.Gateway.Resilience;

public enum BulkheadAnswer
{
    Entered,
    /// <summary>Waits its turn: <see cref="Bulkhead.Leave"/>, <see cref="Bulkhead.Change"/> or <see cref="Bulkhead.Expire"/> names it again.</summary>
    Queued,
    /// <summary>The line is full.</summary>
    Refused,
}

/// <summary>
/// So many calls at the same time and so many in line, first come first served. It decides who goes; the waiting is the
/// caller's. Not for sharing between threads.
/// </summary>
public sealed class Bulkhead
{
    private readonly LinkedList<(long Caller, TimeSpan Until)> _line = [];
    private readonly Dictionary<long, LinkedListNode<(long Caller, TimeSpan Until)>> _places = [];
    private readonly int _queueMax;
    private readonly TimeSpan _waitMax;

    /// <param name="limit">Calls at the same time, 1 or more.</param>
    /// <param name="queueMax">Callers in line, 0 or more.</param>
    /// <param name="waitMax">Longest wait in line.</param>
    public Bulkhead(int limit, int queueMax, TimeSpan waitMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(queueMax);
        (Limit, _queueMax, _waitMax) = (limit, queueMax, waitMax);
    }

    public int Limit { get; private set; }
    public int InFlight { get; private set; }
    public int Queued => _line.Count;

    /// <param name="caller">A number that names the call; each at most once in line.</param>
    public BulkheadAnswer Enter(long caller, TimeSpan now)
    {
        if (InFlight < Limit && _line.Count == 0)
        {
            InFlight++;
            return BulkheadAnswer.Entered;
        }
        if (_line.Count >= _queueMax) return BulkheadAnswer.Refused;
        _places.Add(caller, _line.AddLast((caller, now + _waitMax)));
        return BulkheadAnswer.Queued;
    }

    /// <summary>A call that had entered is over.</summary>
    /// <returns>Who enters now: they are counted already.</returns>
    public IReadOnlyList<long> Leave()
    {
        if (InFlight == 0) throw new InvalidOperationException("Nobody is inside.");
        InFlight--;
        return Admit();
    }

    /// <summary>Another limit; calls above a smaller one go on to their end.</summary>
    /// <returns>Who enters now.</returns>
    public IReadOnlyList<long> Change(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        Limit = limit;
        return Admit();
    }

    /// <summary>A caller in line goes away.</summary>
    /// <returns>False: it is not in line (any more); if it entered meanwhile, it must leave.</returns>
    public bool GiveUp(long caller)
    {
        if (!_places.Remove(caller, out var place)) return false;
        _line.Remove(place);
        return true;
    }

    /// <summary>Those whose wait has been too long; they are out of the line.</summary>
    public IReadOnlyList<long> Expire(TimeSpan now)
    {
        List<long>? expired = null;
        while (_line.First is { } first && first.Value.Until <= now)
        {
            (expired ??= []).Add(first.Value.Caller);
            GiveUp(first.Value.Caller);
        }
        return expired ?? (IReadOnlyList<long>)[];
    }

    private IReadOnlyList<long> Admit()
    {
        List<long>? entered = null;
        while (InFlight < Limit && _line.First is { } first)
        {
            InFlight++;
            (entered ??= []).Add(first.Value.Caller);
            GiveUp(first.Value.Caller);
        }
        return entered ?? (IReadOnlyList<long>)[];
    }
}
