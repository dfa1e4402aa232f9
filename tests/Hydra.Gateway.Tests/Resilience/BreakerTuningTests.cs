using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class BreakerTuningTests
{
    [Fact]
    public void Too_few_calls_change_nothing()
    {
        var suggestion = BreakerTuning.Suggest([new PastCall(Seconds(1), FailureKind.Transient)], new BreakerOptions());
        Assert.Equal(new BreakerOptions(), suggestion.Options);
        Assert.Equal(["1 calls are too few; 200 are needed."], suggestion.Evidence);
    }

    [Fact]
    public void Short_outages_want_a_quick_breaker_and_the_evidence_says_so()
    {
        var history = new List<PastCall>();
        // One call a second; every 10 minutes everything fails for 30 s.
        for (var i = 0; i < 6_000; i++) history.Add(new PastCall(Seconds(i), i % 600 < 30 ? FailureKind.Transient : null));
        var present = new BreakerOptions { ConsecutiveFailures = 20, OpenFirst = Seconds(30) };
        var suggestion = BreakerTuning.Suggest(history, present);
        var (before, after) = (BreakerTuning.Play(history, present), BreakerTuning.Play(history, suggestion.Options));
        Assert.True(after.Score > before.Score);
        Assert.Equal(3, suggestion.Options.ConsecutiveFailures);
        Assert.Equal(2, suggestion.Evidence.Count);
        Assert.Equal($"suggested: {after}", suggestion.Evidence[1]);
    }

    [Fact]
    public void Failures_strewn_evenly_want_a_breaker_that_stays_closed()
    {
        var random = new Random(7);
        var history = Enumerable.Range(0, 4_000).Select(i => new PastCall(Seconds(i * 0.2), random.Next(4) == 0 ? FailureKind.Timeout : null)).ToList();
        var nervous = new BreakerOptions { ConsecutiveFailures = 3, FailureRatio = 0.2 };
        var suggestion = BreakerTuning.Suggest(history, nervous);
        Assert.True(BreakerTuning.Play(history, nervous).Lost > 500);
        Assert.Equal(0, BreakerTuning.Play(history, suggestion.Options).Lost);
    }

    [Fact]
    public void What_callers_did_wrong_is_no_part_of_the_history()
    {
        var history = Enumerable.Range(0, 300).Select(i => new PastCall(Seconds(i), FailureKind.InvalidRequest)).ToList();
        Assert.Equal((0, 0, 0), BreakerTuning.Play(history, new BreakerOptions()) is var trial ? (trial.Calls, trial.Failures, trial.Openings) : default);
    }
}
