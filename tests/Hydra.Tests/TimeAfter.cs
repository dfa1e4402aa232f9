namespace Hydra.Tests;

/// <summary>Time stands until something has happened; then an hour has passed, every timer that was set before is due, and time stands again.</summary>
internal sealed class TimeAfter(Task happening) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => happening.IsCompleted ? TimeSpan.TicksPerHour : 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (!happening.IsCompleted) _ = happening.ContinueWith(_ => callback(state), TaskScheduler.Default);
        return base.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
