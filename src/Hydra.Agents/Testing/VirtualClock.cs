namespace Hydra.Agents.Testing;

/// <summary>Time that passes only when it is moved: waits and backoffs of days take no time in a test. Safe for many threads.</summary>
public sealed class VirtualClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves to a time, and calls what was due until then, in order.</summary>
    public void AdvanceTo(DateTimeOffset time)
    {
        while (true)
        {
            Timer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.DueAt <= time).MinBy(timer => timer.DueAt);
                if (next is null)
                {
                    if (time > _now) _now = time;
                    return;
                }
                if (next.DueAt > _now) _now = next.DueAt;
                next.Next();
            }
            next.Call();
        }
    }

    private sealed class Timer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                _period = period;
                if (dueTime < TimeSpan.Zero) return true;
                DueAt = clock._now + dueTime;
                clock._timers.Add(this);
            }
            if (dueTime == TimeSpan.Zero) ThreadPool.QueueUserWorkItem(_ => clock.AdvanceTo(clock.GetUtcNow()));
            return true;
        }

        /// <summary>It has been due: again after its period, or never. Called with the clock's lock held.</summary>
        public void Next()
        {
            if (_period > TimeSpan.Zero) DueAt += _period;
            else clock._timers.Remove(this);
        }

        public void Call() => callback(state);

        public void Dispose()
        {
            lock (clock._lock) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
