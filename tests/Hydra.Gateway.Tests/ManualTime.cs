namespace Hydra.Gateway.Tests;

/// <summary>A clock that stands still until <see cref="Expire"/>; from then on every timer is due at once.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _armed = [];
    private bool _hasExpired;

    public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>So much time passes that every timer which now runs is due; later ones run anew.</summary>
    public void Elapse()
    {
        Expire();
        lock (_lock) _hasExpired = false;
    }

    public void Expire()
    {
        Timer[] due;
        lock (_lock)
        {
            _hasExpired = true;
            due = [.. _armed];
            _armed.Clear();
        }
        foreach (var timer in due) timer.Fire();
    }

    private sealed class Timer(ManualTime time, Action callback) : ITimer
    {
        public void Fire() => callback();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool isDue;
            lock (time._lock)
            {
                time._armed.Remove(this);
                isDue = dueTime != Timeout.InfiniteTimeSpan && time._hasExpired;
                if (dueTime != Timeout.InfiniteTimeSpan && !isDue) time._armed.Add(this);
            }
            if (isDue) ThreadPool.QueueUserWorkItem(_ => callback());
            return true;
        }

        public void Dispose()
        {
            lock (time._lock) time._armed.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
