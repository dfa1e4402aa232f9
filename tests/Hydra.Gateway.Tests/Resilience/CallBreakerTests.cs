using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class CallBreakerTests
{
    private static readonly BreakerOptions Options = new() { ConsecutiveFailures = 3, OpenFirst = Seconds(5), OpenMax = Seconds(30) };

    [Fact]
    public void So_many_failures_in_a_row_open_it_and_a_success_between_them_starts_again()
    {
        var breaker = new CallBreaker(Options);
        Fail(breaker, 0);
        Fail(breaker, 0);
        breaker.Succeeded(Enter(breaker, 0), Seconds(0));
        Fail(breaker, 0);
        Fail(breaker, 0);
        Assert.Equal(BreakerPosition.Closed, breaker.At(Seconds(0)).Position);
        Fail(breaker, 0);
        Assert.Equal((BreakerPosition.Open, Seconds(5)), (breaker.At(Seconds(1)).Position, breaker.At(Seconds(1)).RefusesUntil));
        Assert.False(breaker.TryEnter(Seconds(4.9), out _));
        Assert.Equal("3 failures in a row, the last: Transient", breaker.At(Seconds(1)).Cause);
    }

    [Fact]
    public void A_share_of_failures_opens_it_once_there_are_calls_enough()
    {
        var breaker = new CallBreaker(Options with { ConsecutiveFailures = 100, MinimumCalls = 10 });
        for (var i = 0; i < 4; i++)
        {
            Fail(breaker, i);
            breaker.Succeeded(Enter(breaker, i), Seconds(i));
        }
        Assert.Equal(BreakerPosition.Closed, breaker.At(Seconds(4)).Position);
        Fail(breaker, 4);
        Fail(breaker, 5);
        Assert.Equal("6 of 10 calls failed", breaker.At(Seconds(5)).Cause);
    }

    [Fact]
    public void Failures_older_than_the_window_are_forgotten()
    {
        var breaker = new CallBreaker(Options with { ConsecutiveFailures = 100, MinimumCalls = 6, FailureRatio = 0.7 });
        for (var i = 0; i < 5; i++) Fail(breaker, i);
        for (var i = 0; i < 3; i++) breaker.Succeeded(Enter(breaker, 100), Seconds(100));
        for (var i = 0; i < 3; i++) Fail(breaker, 100);
        Assert.Equal(BreakerPosition.Closed, breaker.At(Seconds(100)).Position);
    }

    [Fact]
    public void A_success_of_a_call_that_began_before_it_opened_closes_nothing()
    {
        var breaker = new CallBreaker(Options);
        var old = Enter(breaker, 0);
        Open(breaker, 0);
        breaker.Succeeded(old, Seconds(1));
        Assert.Equal(BreakerPosition.Open, breaker.At(Seconds(1)).Position);
        var probe = Enter(breaker, 5);
        breaker.Succeeded(old, Seconds(5));
        Assert.True(breaker.At(Seconds(5)).IsProbing);
        breaker.Succeeded(probe, Seconds(6));
        Assert.Equal(BreakerPosition.Closed, breaker.At(Seconds(6)).Position);
    }

    [Fact]
    public void A_further_failure_while_it_is_open_moves_the_deadline()
    {
        var breaker = new CallBreaker(Options);
        var old = Enter(breaker, 0);
        Open(breaker, 0);
        breaker.Failed(old, FailureKind.Transient, Seconds(3));
        Assert.Equal(Seconds(8), breaker.At(Seconds(3)).RefusesUntil);
    }

    [Fact]
    public void Retry_after_sets_the_deadline_within_its_bound()
    {
        var breaker = new CallBreaker(Options);
        Fail(breaker, 0);
        Fail(breaker, 0);
        breaker.Failed(Enter(breaker, 0), FailureKind.Overloaded, Seconds(0), Seconds(70));
        Assert.Equal(Seconds(70), breaker.At(Seconds(0)).RefusesUntil);
        breaker.Failed(Enter(breaker, 70), FailureKind.Overloaded, Seconds(70), TimeSpan.FromDays(9));
        Assert.Equal(Seconds(70) + Options.RetryAfterMax, breaker.At(Seconds(70)).RefusesUntil);
    }

    [Fact]
    public void Each_failed_probe_doubles_the_open_time_up_to_its_bound()
    {
        var breaker = new CallBreaker(Options);
        Open(breaker, 0);
        var lengths = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var at = breaker.At(Seconds(0)).RefusesUntil!.Value;
            Assert.True(breaker.TryEnter(at, out var probe));
            Assert.True(probe.IsProbe);
            Assert.False(breaker.TryEnter(at, out _));
            breaker.Failed(probe, FailureKind.Timeout, at);
            lengths.Add((breaker.At(at).RefusesUntil!.Value - at).TotalSeconds);
        }
        Assert.Equal([10, 20, 30, 30, 30], lengths);
    }

    [Theory]
    [InlineData(1, 10)]    // closed at 5 s, opens again within the window: it goes on
    [InlineData(70, 5)]    // a quiet window has passed: it begins again
    public void Flapping_does_not_make_it_forget(double quietSeconds, double openSeconds)
    {
        var breaker = new CallBreaker(Options);
        Open(breaker, 0);
        breaker.Succeeded(Enter(breaker, 5), Seconds(5));
        Open(breaker, 5 + quietSeconds);
        Assert.Equal(Seconds(5 + quietSeconds + openSeconds), breaker.At(Seconds(5 + quietSeconds)).RefusesUntil);
    }

    [Fact]
    public void A_probe_that_was_never_sent_makes_way_for_the_next_call()
    {
        var breaker = new CallBreaker(Options);
        Open(breaker, 0);
        breaker.Withdrawn(Enter(breaker, 5));
        Assert.True(Enter(breaker, 5).IsProbe);
    }

    [Theory]
    [InlineData("ClientCancelled")]
    [InlineData("RateLimited")]
    [InlineData("InvalidRequest")]
    public void A_probe_that_says_nothing_makes_way_after_the_first_open_time(string kind)
    {
        var breaker = new CallBreaker(Options);
        Open(breaker, 0);
        breaker.Failed(Enter(breaker, 5), Enum.Parse<FailureKind>(kind), Seconds(6));
        Assert.Equal(Seconds(11), breaker.At(Seconds(6)).RefusesUntil);
    }

    [Fact]
    public void A_probe_that_never_answers_counts_as_failed_and_its_late_answer_closes_nothing()
    {
        var breaker = new CallBreaker(Options with { ProbeMax = Seconds(60) });
        Open(breaker, 0);
        var lost = Enter(breaker, 5);
        Assert.Equal((BreakerPosition.Open, Seconds(75)), (breaker.At(Seconds(66)).Position, breaker.At(Seconds(66)).RefusesUntil));
        breaker.Succeeded(lost, Seconds(67));
        Assert.Equal(BreakerPosition.Open, breaker.At(Seconds(67)).Position);
    }

    [Fact]
    public void A_dead_credential_opens_it_at_once_for_the_longest_time()
    {
        var breaker = new CallBreaker(Options);
        breaker.Failed(Enter(breaker, 0), FailureKind.CredentialDead, Seconds(0));
        Assert.Equal(Options.OpenMax, breaker.At(Seconds(0)).RefusesUntil);
    }

    [Fact]
    public void Each_failure_has_its_effect()
    {
        var table = string.Join("\n", Enum.GetValues<FailureKind>().Select(kind => $"{kind} {BreakerEffects.Of(kind)}"));
        Assert.Equal("""
            Transient Counts
            RateLimited None
            Overloaded Counts
            CredentialDead OpensAtOnce
            OutOfMoney OpensAtOnce
            ContextWindow None
            ContentPolicy None
            InvalidRequest None
            NotFound Counts
            Timeout Counts
            StreamCut Counts
            InvalidOutput None
            ClientCancelled None
            Unknown Counts
            """, table);
    }

    [Fact]
    public void A_lone_deployment_opens_too_but_never_for_long()
    {
        var breaker = new CallBreaker(Options.ForLone());
        Open(breaker, 0);
        for (var i = 0; i < 6; i++)
        {
            var at = breaker.At(Seconds(0)).RefusesUntil!.Value;
            breaker.Failed(Enter(breaker, at.TotalSeconds), FailureKind.Transient, at);
            Assert.Equal(at + Seconds(10), breaker.At(at).RefusesUntil);
        }
    }

    [Fact]
    public void Everything_out_of_range_is_said_at_once()
    {
        Assert.Empty(new BreakerOptions().Check());
        Assert.Equal(3, new BreakerOptions { ConsecutiveFailures = 0, FailureRatio = double.NaN, OpenMax = TimeSpan.Zero }.Check().Count);
    }

    private static BreakerTicket Enter(CallBreaker breaker, double seconds)
    {
        Assert.True(breaker.TryEnter(Seconds(seconds), out var ticket));
        return ticket;
    }

    private static void Fail(CallBreaker breaker, double seconds) =>
        breaker.Failed(Enter(breaker, seconds), FailureKind.Transient, Seconds(seconds));

    private static void Open(CallBreaker breaker, double seconds)
    {
        for (var i = 0; i < 3; i++) Fail(breaker, seconds);
        Assert.Equal(BreakerPosition.Open, breaker.At(Seconds(seconds)).Position);
    }
}
