namespace Hydra.Gateway.Tests.Caching;

/// <summary>A clock that is set by hand; timers run on the real one.</summary>
internal sealed class StandingTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public void Pass(TimeSpan time) => _now += time;

    public override DateTimeOffset GetUtcNow() => _now;
    public override long GetTimestamp() => _now.Ticks;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
}
