namespace Hydra.Gateway.Tests.Faults;

/// <summary>A clock on which so many seconds pass in each real one, with timers to match.</summary>
internal sealed class CompressedTime(double speed) : TimeProvider
{
    private readonly DateTimeOffset _start = System.GetUtcNow();
    private readonly long _origin = System.GetTimestamp();

    public override long TimestampFrequency => (long)(System.TimestampFrequency / speed);
    public override long GetTimestamp() => System.GetTimestamp();
    public override DateTimeOffset GetUtcNow() => _start + GetElapsedTime(_origin);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Compressed(System.CreateTimer(callback, state, Real(dueTime), Real(period)), this);

    private TimeSpan Real(TimeSpan time) => time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Max(1, time.TotalMilliseconds / speed));

    private sealed class Compressed(ITimer timer, CompressedTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Real(dueTime), time.Real(period));
        public void Dispose() => timer.Dispose();
        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
