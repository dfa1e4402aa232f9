using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Tests;

public sealed class TimedTokenTests
{
    [Fact]
    public void Its_time_ends_it_and_is_told_from_the_callers_cancel()
    {
        var clock = new ManualTime();
        using var timed = new TimedToken(TimeSpan.FromSeconds(1), clock, CancellationToken.None);
        Assert.False(timed.IsOver);
        clock.Expire();
        Assert.True(timed.Token.IsCancellationRequested);
        Assert.True(timed.IsOver);
    }

    [Fact]
    public async Task The_callers_cancel_ends_it_without_its_time_being_over()
    {
        using var caller = new CancellationTokenSource();
        using var timed = new TimedToken(TimeSpan.FromHours(1), TimeProvider.System, caller.Token);
        await caller.CancelAsync();
        Assert.True(timed.Token.IsCancellationRequested);
        Assert.False(timed.IsOver);
    }

    [Fact]
    public void Without_a_time_it_goes_on()
    {
        var clock = new ManualTime();
        using var timed = new TimedToken(TimeSpan.FromSeconds(1), clock, CancellationToken.None);
        timed.Restart(Timeout.InfiniteTimeSpan);
        clock.Expire();
        Assert.False(timed.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_caller_that_cancels_after_it_was_put_away_reaches_nothing()
    {
        using var caller = new CancellationTokenSource();
        var timed = new TimedToken(TimeSpan.FromHours(1), TimeProvider.System, caller.Token);
        var token = timed.Token;
        timed.Dispose();
        await caller.CancelAsync();
        Assert.False(token.IsCancellationRequested);
    }
}
