using Hydra.Gateway.Resilience;

namespace Hydra.Gateway.Routing;

/// <summary>
/// What is measured of one deployment and operation kind over the last minutes: the source of its <see cref="LiveFacts"/>
/// and of hedging's quantiles. Not for sharing between threads.
/// </summary>
public sealed class DeploymentStats(TimeSpan window)
{
    private const int Slots = 20;

    private readonly SlidingSum _calls = new(window, Slots);
    private readonly SlidingSum _successes = new(window, Slots);

    public int InFlight { get; private set; }
    /// <summary>Times of whole answers.</summary>
    public LatencyWindow Latency { get; } = new(window);
    /// <summary>Times to the first content.</summary>
    public LatencyWindow FirstToken { get; } = new(window);

    public void Started() => InFlight++;

    /// <param name="failure">Null: it succeeded. What is the caller's own (its request, its leaving) does not count against the deployment.</param>
    /// <param name="firstToken">From sending to the first content; null: there was none.</param>
    /// <param name="total">From sending to the end.</param>
    public void Ended(FailureKind? failure, TimeSpan? firstToken, TimeSpan total, TimeSpan now)
    {
        InFlight--;
        if (firstToken is { } first) FirstToken.Add(first, now);
        if (failure is null)
        {
            _successes.Add(now, 1);
            Latency.Add(total, now);
        }
        if (failure is not { } kind || kind == FailureKind.RateLimited || BreakerEffects.Of(kind) != BreakerEffect.None) _calls.Add(now, 1);
    }

    /// <param name="limit">Of the meters of the deployment and its account: <see cref="ScopeMeter.Refuses"/>.</param>
    public LiveFacts Facts(BreakerView breaker, LimitRefusal? limit, double headroom, TimeSpan now) => new()
    {
        InFlight = InFlight,
        Calls = _calls.Sum(now),
        Successes = _successes.Sum(now),
        Latency = Latency.Mean(now),
        FirstToken = FirstToken.Mean(now),
        Breaker = breaker.Position,
        UnhealthyUntil = breaker.RefusesUntil,
        Limit = limit,
        Headroom = headroom,
    };
}
