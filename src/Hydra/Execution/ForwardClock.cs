namespace Hydra.Execution;

/// <summary>
/// The clock of a run: the system's, as long as that goes forward. Where the system's is set back, time goes on as it really passes, so that
/// no wait becomes longer and none that begins then is over at once.
/// </summary>
internal sealed class ForwardClock : TimeProvider
{
    private readonly TimeProvider _system;
    private readonly Lock _lock = new();
    private DateTimeOffset _anchor;
    private long _anchoredAt;

    /// <param name="startsAtMs">The latest time that the run's journal holds, in Unix milliseconds.</param>
    public ForwardClock(TimeProvider system, long startsAtMs)
    {
        _system = system;
        _anchor = DateTimeOffset.FromUnixTimeMilliseconds(startsAtMs);
        _anchoredAt = system.GetTimestamp();
    }

    public override TimeZoneInfo LocalTimeZone => _system.LocalTimeZone;
    public override long TimestampFrequency => _system.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            var at = _system.GetTimestamp();
            var passed = _anchor + _system.GetElapsedTime(_anchoredAt, at);
            var now = _system.GetUtcNow();
            if (now < passed) return passed;
            (_anchor, _anchoredAt) = (now, at);
            return now;
        }
    }

    public override long GetTimestamp() => _system.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _system.CreateTimer(callback, state, dueTime, period);
}
