using Hydra.Model;

namespace Hydra.Gateway.Resilience;

public enum BreakerPosition
{
    Closed,
    Open,
    /// <summary>The open time is over: one probe may pass, or is under way.</summary>
    HalfOpen,
}

/// <summary>The right to make one call. A verdict with a ticket of an earlier generation is old news.</summary>
/// <param name="IsProbe">The one call that decides; report its success at its first content, not at its end.</param>
public readonly record struct BreakerTicket(long Generation, bool IsProbe);

/// <summary>What a breaker shows of itself.</summary>
/// <param name="RefusesUntil">When the next call may pass; null: now. While a probe is under way it is an estimate.</param>
/// <param name="Cause">Why it opened last; null while it never did.</param>
public readonly record struct BreakerView(BreakerPosition Position, TimeSpan? RefusesUntil, bool IsProbing,
    long Calls, long Failures, int ConsecutiveFailures, int Openings, string? Cause);

/// <summary>
/// The circuit breaker of one deployment and one <see cref="OperationKind"/>: a pure state machine, <c>now</c> is a
/// monotonic time from any origin. Not for sharing between threads.
/// </summary>
/// <remarks>
/// Each change of position is a new generation, and a ticket names the generation it was given in. So a success of a call that
/// began before the breaker opened closes nothing, and a lost probe that answers late is not taken for
/// the present one. A failure of such a call, while the breaker is open, moves the deadline further.
/// </remarks>
public sealed class CallBreaker(BreakerOptions options)
{
    private const int Slots = 10;

    private readonly SlidingSum _calls = new(options.Window, Slots);
    private readonly SlidingSum _failures = new(options.Window, Slots);
    private BreakerPosition _position = BreakerPosition.Closed;   // HalfOpen: the probe is under way
    private long _generation = 1;                                 // 0 is the ticket that nobody gave
    private int _consecutive;
    private int _openings;
    private TimeSpan _until;
    private TimeSpan _closedAt = TimeSpan.MinValue;
    private string? _cause;

    /// <summary>Asks for one call; false while it is open or a probe is under way.</summary>
    public bool TryEnter(TimeSpan now, out BreakerTicket ticket)
    {
        LoseProbe(now);
        ticket = default;
        if (_position == BreakerPosition.HalfOpen || (_position == BreakerPosition.Open && now < _until)) return false;
        var isProbe = _position == BreakerPosition.Open;
        if (isProbe) Move(BreakerPosition.HalfOpen, now + options.ProbeMax);
        ticket = new BreakerTicket(_generation, isProbe);
        return true;
    }

    public void Succeeded(BreakerTicket ticket, TimeSpan now)
    {
        LoseProbe(now);
        if (ticket.Generation != _generation) return;
        _consecutive = 0;
        if (ticket.IsProbe)
        {
            Move(BreakerPosition.Closed, default);
            _closedAt = now;
        }
        _calls.Add(now, 1);
    }

    /// <param name="retryAfter">What the provider asked for; it never opens earlier than that.</param>
    public void Failed(BreakerTicket ticket, FailureKind kind, TimeSpan now, TimeSpan? retryAfter = null)
    {
        if (options.IsOff) return;
        LoseProbe(now);
        var effect = BreakerEffects.Of(kind);
        if (ticket.Generation != _generation)
        {
            if (_position == BreakerPosition.Open && effect != BreakerEffect.None) _until = Later(_until, Deadline(now, retryAfter));
        }
        else if (effect == BreakerEffect.None)
        {
            // A probe that says nothing makes way for the next one, but not at once.
            if (ticket.IsProbe) Move(BreakerPosition.Open, Later(now + options.OpenFirst, Asked(now, retryAfter)));
        }
        else
        {
            _calls.Add(now, 1);
            _failures.Add(now, 1);
            _consecutive++;
            if (effect == BreakerEffect.OpensAtOnce) Open(now, retryAfter, $"{kind}", options.OpenMax);
            else if (ticket.IsProbe) Open(now, retryAfter, $"the probe failed: {kind}");
            else if (_consecutive >= options.ConsecutiveFailures) Open(now, retryAfter, $"{_consecutive} failures in a row, the last: {kind}");
            else if (IsRatioReached(now)) Open(now, retryAfter, $"{_failures.Sum(now)} of {_calls.Sum(now)} calls failed");
        }
    }

    /// <summary>The call was never sent (refused by a limit, a budget or the kill switch): the next one may be the probe.</summary>
    public void Withdrawn(BreakerTicket ticket)
    {
        if (ticket.IsProbe && ticket.Generation == _generation) Move(BreakerPosition.Open, default);
    }

    public BreakerView At(TimeSpan now)
    {
        LoseProbe(now);
        var isProbing = _position == BreakerPosition.HalfOpen;
        var isOpen = _position == BreakerPosition.Open && now < _until;
        return new BreakerView(_position == BreakerPosition.Closed ? BreakerPosition.Closed : isOpen ? BreakerPosition.Open : BreakerPosition.HalfOpen,
            isProbing ? now + options.OpenFirst : isOpen ? _until : null, isProbing,
            _calls.Sum(now), _failures.Sum(now), _consecutive, _openings, _cause);
    }

    private bool IsRatioReached(TimeSpan now) =>
        _calls.Sum(now) is var calls && calls >= options.MinimumCalls && _failures.Sum(now) >= options.FailureRatio * calls;

    private void LoseProbe(TimeSpan now)
    {
        if (_position == BreakerPosition.HalfOpen && now >= _until) Open(_until, null, "the probe did not answer");
    }

    private void Open(TimeSpan now, TimeSpan? retryAfter, string cause, TimeSpan atLeast = default)
    {
        // A breaker that closed only just now goes on where it was: flapping does not make it forget.
        _openings = _position == BreakerPosition.Closed && now - options.Window > _closedAt ? 1 : _openings + 1;
        _cause = cause;
        Move(BreakerPosition.Open, Later(Deadline(now, retryAfter), now + atLeast));
    }

    private TimeSpan Deadline(TimeSpan now, TimeSpan? retryAfter) =>
        Later(now + Backoff.Of(options.OpenFirst, _openings, options.OpenMax), Asked(now, retryAfter));

    private TimeSpan Asked(TimeSpan now, TimeSpan? retryAfter) =>
        retryAfter is { } asked ? now + (asked < options.RetryAfterMax ? asked : options.RetryAfterMax) : now;

    private void Move(BreakerPosition position, TimeSpan until)
    {
        _position = position;
        _until = until;
        _generation++;
        if (position == BreakerPosition.Open) return;
        _consecutive = 0;
        if (position == BreakerPosition.Closed)
        {
            // What failed before it opened says nothing of the deployment that answers now.
            _calls.Clear();
            _failures.Clear();
        }
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
