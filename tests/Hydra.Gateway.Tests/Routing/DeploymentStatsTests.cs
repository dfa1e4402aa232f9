using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Routing;

public sealed class DeploymentStatsTests
{
    [Fact]
    public void Facts_are_of_the_window_and_callers_faults_do_not_count()
    {
        var stats = new DeploymentStats(Seconds(60));
        End(stats, null, 1, 3, at: 0);
        End(stats, FailureKind.Timeout, null, 20, at: 10);
        End(stats, FailureKind.InvalidRequest, null, 0.1, at: 10);
        End(stats, FailureKind.ClientCancelled, 2, 4, at: 10);
        End(stats, FailureKind.RateLimited, null, 0.1, at: 10);
        stats.Started();
        var facts = stats.Facts(new CallBreaker(new BreakerOptions()).At(Seconds(10)), null, 0.5, Seconds(10));
        Assert.Equal((1, 3, 1, Seconds(3), Seconds(1.5), 0.5), (facts.InFlight, facts.Calls, facts.Successes, facts.Latency, facts.FirstToken, facts.Headroom));
        var later = stats.Facts(default, null, 1, Seconds(200));
        Assert.Equal((0, null, null), (later.Calls, later.Latency, later.FirstToken));
    }

    [Fact]
    public void A_quantile_needs_samples_enough_and_forgets_old_ones()
    {
        var window = new LatencyWindow(Seconds(60));
        for (var i = 1; i <= 100; i++) window.Add(Seconds(i), Seconds(1));
        Assert.Equal((Seconds(95), Seconds(50), Seconds(1), Seconds(100)), (window.Quantile(0.95, 20, Seconds(2)), window.Quantile(0.5, 20, Seconds(2)), window.Quantile(0, 1, Seconds(2)), window.Quantile(1, 1, Seconds(2))));
        Assert.Null(window.Quantile(0.95, 101, Seconds(2)));
        Assert.Null(window.Quantile(0.95, 1, Seconds(62)));
        for (var i = 0; i < LatencyWindow.Kept; i++) window.Add(Seconds(7), Seconds(3));
        Assert.Equal(Seconds(7), window.Mean(Seconds(3)));
    }

    private static void End(DeploymentStats stats, FailureKind? failure, double? firstToken, double total, double at)
    {
        stats.Started();
        stats.Ended(failure, firstToken is { } seconds ? Seconds(seconds) : null, Seconds(total), Seconds(at));
    }
}
