namespace Hydra.Gateway.Resilience;

/// <summary>When a <see cref="CallBreaker"/> opens and for how long.</summary>
public sealed record BreakerOptions
{
    /// <summary>Failures in a row that open it.</summary>
    /// <value>1 to 10,000. Default: 5.</value>
    public int ConsecutiveFailures { get; init; } = 5;
    /// <summary>Share of failed calls within <see cref="Window"/> that opens it.</summary>
    /// <value>0.01 to 1. Default: 0.5.</value>
    public double FailureRatio { get; init; } = 0.5;
    /// <summary>Calls within the window below which the share says nothing.</summary>
    /// <value>1 to 1,000,000. Default: 20.</value>
    public int MinimumCalls { get; init; } = 20;
    /// <summary>What the share looks back on, and how long a closed breaker remembers that it was open.</summary>
    /// <value>1 s to 1 h. Default: 60 s.</value>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>How long it stays open the first time; each failed probe doubles it.</summary>
    /// <value>10 ms to 1 h. Default: 5 s.</value>
    public TimeSpan OpenFirst { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Longest it stays open by its own reckoning.</summary>
    /// <value><see cref="OpenFirst"/> to 24 h. Default: 2 min.</value>
    public TimeSpan OpenMax { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>Longest wait that a provider's Retry-After is believed.</summary>
    /// <value><see cref="OpenFirst"/> to 24 h. Default: 15 min.</value>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromMinutes(15);
    /// <summary>A probe that has not answered by then counts as failed.</summary>
    /// <value>10 ms to 24 h. Default: 2 min.</value>
    public TimeSpan ProbeMax { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>Whether it never opens, because whoever calls rests the other side itself.</summary>
    public bool IsOff { get; init; }

    /// <summary>
    /// The settings for the only deployment of a group without fallbacks. It opens like any other, so that a dead
    /// provider is asked once a window and callers get a refusal with its time at once; but it never stays
    /// open longer than twice <see cref="OpenFirst"/> by its own reckoning, because nobody else can answer.
    /// </summary>
    public BreakerOptions ForLone() => OpenMax <= 2 * OpenFirst ? this : this with { OpenMax = 2 * OpenFirst };

    /// <summary>Everything that is out of its range; empty: nothing.</summary>
    public IReadOnlyList<string> Check()
    {
        var wrong = new List<string>();
        Range(nameof(ConsecutiveFailures), ConsecutiveFailures, 1, 10_000);
        Range(nameof(FailureRatio), FailureRatio, 0.01, 1);
        Range(nameof(MinimumCalls), MinimumCalls, 1, 1_000_000);
        Range(nameof(Window), Window.TotalSeconds, 1, 3_600);
        Range(nameof(OpenFirst), OpenFirst.TotalSeconds, 0.01, 3_600);
        Range(nameof(OpenMax), OpenMax.TotalSeconds, OpenFirst.TotalSeconds, 86_400);
        Range(nameof(RetryAfterMax), RetryAfterMax.TotalSeconds, OpenFirst.TotalSeconds, 86_400);
        Range(nameof(ProbeMax), ProbeMax.TotalSeconds, 0.01, 86_400);
        return wrong;

        void Range(string name, double value, double from, double to)
        {
            if (!(value >= from && value <= to)) wrong.Add($"{name} is {value}; it may be {from} to {to}.");
        }
    }
}
