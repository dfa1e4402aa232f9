using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class QuotaGroupTests
{
    [Fact]
    public void A_429_cools_every_deployment_of_the_account_for_the_time_asked()
    {
        var group = Group();
        var (a, b) = (Deployment("a"), Deployment("b"));
        group.Bulkhead.Enter(1, Seconds(0));
        group.Ended(FailureKind.RateLimited, Seconds(0), Seconds(1), Seconds(2));
        foreach (var deployment in new[] { a, b })
        {
            Assert.Null(Admission.TryAdmit([group.Meter, deployment], 1, Seconds(2), out var refusal));
            Assert.Equal(("quota group 'org-1' cools down as its provider asked", (TimeSpan?)Seconds(3)), (refusal!.ToString(), refusal.At));
            Assert.NotNull(Admission.TryAdmit([group.Meter, deployment], 1, Seconds(3), out _));
        }
    }

    [Fact]
    public void Without_a_time_the_rest_doubles_with_each_round_of_refusals_and_one_burst_is_one_round()
    {
        var group = Group();
        for (var i = 0; i < 5; i++) group.Ended(FailureKind.RateLimited, Seconds(0), Seconds(1 + (i * 0.01)));
        Assert.Equal(Seconds(2.04), group.Meter.CoolUntil);
        group.Ended(FailureKind.RateLimited, Seconds(3), Seconds(4));
        Assert.Equal(Seconds(6), group.Meter.CoolUntil);
        group.Ended(null, Seconds(6), Seconds(7));
        group.Ended(FailureKind.RateLimited, Seconds(8), Seconds(9));
        Assert.Equal(Seconds(10), group.Meter.CoolUntil);
        group.Ended(FailureKind.RateLimited, Seconds(11), Seconds(12), TimeSpan.FromDays(1));
        Assert.Equal(Seconds(12) + new QuotaGroupOptions().CoolMax, group.Meter.CoolUntil);
    }

    [Fact]
    public void Overload_halves_what_may_be_under_way_and_cools_nobody()
    {
        var group = Group();
        group.Ended(FailureKind.Overloaded, Seconds(0), Seconds(1));
        Assert.Equal((4, TimeSpan.Zero), (group.Bulkhead.Limit, group.Meter.CoolUntil));
        group.Ended(FailureKind.Transient, Seconds(2), Seconds(3));
        Assert.Equal(4, group.Bulkhead.Limit);
    }

    [Fact]
    public void Concurrency_finds_what_the_account_stands_and_never_starves()
    {
        Each((_, random) =>
        {
            var capacity = random.Next(1, 48);
            var group = new QuotaGroup("org", new RateLimits { MaxParallel = 64 }, new QuotaGroupOptions { QueueMax = 0, QueueWaitMax = TimeSpan.Zero });
            var underWay = new List<(TimeSpan At, bool IsRefused)>();
            var now = TimeSpan.Zero;
            double late = 0;
            int measured = 0, refusedLate = 0, sentLate = 0;
            for (var step = 0; step < 6_000; step++)
            {
                now += Seconds(0.01);
                // Callers want as much as they get; the account refuses what is above its capacity.
                while (group.Bulkhead.Enter(step, now) == BulkheadAnswer.Entered)
                {
                    var isRefused = underWay.Count(call => !call.IsRefused) >= capacity;
                    underWay.Add((now, isRefused));
                    if (step <= 3_000) continue;
                    sentLate++;
                    if (isRefused) refusedLate++;
                }
                var over = underWay.FindIndex(call => call.IsRefused);
                if (over < 0) over = random.Next(underWay.Count);
                group.Ended(underWay[over].IsRefused ? FailureKind.Overloaded : null, underWay[over].At, now);
                underWay.RemoveAt(over);
                group.Bulkhead.Leave();
                Assert.InRange(group.Bulkhead.Limit, 1, 64);
                if (step <= 3_000) continue;
                late += group.Bulkhead.Limit;
                measured++;
            }
            Assert.InRange(late / measured, Math.Max(1, 0.5 * capacity), capacity + 1.5);
            Assert.True(refusedLate <= (capacity < 4 ? 0.5 : 0.2) * sentLate, $"{refusedLate} of {sentLate} refused at a capacity of {capacity}");
        }, Math.Max(20, Count / 20));
    }

    [Fact]
    public void After_an_outage_the_limit_grows_again()
    {
        var aimd = new AimdLimit(new AimdOptions { Ceiling = 32 });
        for (var i = 0; i < 40; i++) aimd.Refused(Seconds(i), Seconds(i));
        Assert.Equal(1, aimd.Limit);
        for (var i = 0; i < 700; i++) aimd.Succeeded(aimd.Limit);
        Assert.Equal(32, aimd.Limit);
        for (var i = 0; i < 700; i++) aimd.Succeeded(aimd.Limit);
        Assert.Equal(32, aimd.Limit);
    }

    [Fact]
    public void A_limit_that_nobody_reaches_does_not_grow()
    {
        var aimd = new AimdLimit(new AimdOptions { Ceiling = 32 });
        aimd.Refused(Seconds(0), Seconds(1));
        for (var i = 0; i < 700; i++) aimd.Succeeded(inFlight: 2);
        Assert.Equal(16, aimd.Limit);
    }

    private static QuotaGroup Group() => new("org-1", new RateLimits { MaxParallel = 8 }, new QuotaGroupOptions());
    private static ScopeMeter Deployment(string name) => new(LimitScope.Deployment, name, RateLimits.None);
}
