namespace Hydra.Gateway.Resilience;

public sealed record RetryBudgetOptions
{
    /// <summary>Extra calls for each first call, within the window.</summary>
    /// <value>0 to 1. Default: 0.2.</value>
    public double Ratio { get; init; } = 0.2;
    /// <summary>Extra calls within the window that are free, so that a quiet account may be tried again at all.</summary>
    /// <value>0 to 10,000. Default: 10.</value>
    public int Minimum { get; init; } = 10;
    /// <value>1 s to 1 h. Default: 10 s.</value>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Bounds how much extra load failures (or slowness, for hedging) may make: so many extra calls for so many first ones. Not
/// for sharing between threads.
/// </summary>
public sealed class RetryBudget(RetryBudgetOptions options)
{
    private const int Slots = 20;

    private readonly SlidingSum _firsts = new(options.Window, Slots);
    private readonly SlidingSum _extras = new(options.Window, Slots);

    /// <summary>A first call is sent.</summary>
    public void Requested(TimeSpan now) => _firsts.Add(now, 1);

    /// <summary>Takes one extra call; false: the budget is empty.</summary>
    public bool TryTake(TimeSpan now)
    {
        if (_extras.Sum(now) + 1 > Allowed(now)) return false;
        _extras.Add(now, 1);
        return true;
    }

    internal string Text(TimeSpan now) => $"the retry budget is empty: {_extras.Sum(now)} extra calls for {_firsts.Sum(now)} within {options.Window.TotalSeconds:0.###} s";

    private double Allowed(TimeSpan now) => Math.Max(options.Minimum, options.Ratio * _firsts.Sum(now));
}
