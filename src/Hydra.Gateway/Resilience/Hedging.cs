namespace Hydra.Gateway.Resilience;

public sealed record HedgeOptions
{
    /// <summary>A call that is slower than so many of its like gets a second one beside it.</summary>
    /// <value>0.5 to 0.999; null: <see cref="After"/> alone decides. Default: 0.95.</value>
    public double? Quantile { get; init; } = 0.95;
    /// <summary>Measured calls below which the quantile says nothing.</summary>
    /// <value>1 to 128. Default: 20.</value>
    public int SamplesMin { get; init; } = 20;
    /// <summary>Never earlier than this.</summary>
    /// <value>0 s to 10 min. Default: 200 ms.</value>
    public TimeSpan After { get; init; } = TimeSpan.FromMilliseconds(200);
    /// <summary>Second calls for a hundred first ones; one within 10 s is always free.</summary>
    /// <value>0 to 100. Default: 5.</value>
    public double PercentMax { get; init; } = 5;
}

/// <summary>Where a call stands when its hedge is thought about.</summary>
/// <param name="Elapsed">Since it was sent.</param>
/// <param name="Quantile">Of times to first content at its deployment; null: too few measured.</param>
/// <param name="HasContent">Content has come: nothing to gain.</param>
/// <param name="IsHedged">There is a second call already: at most one extra.</param>
/// <param name="HasOther">Somebody on another account may be asked.</param>
/// <param name="Remaining">Until the deadline.</param>
public readonly record struct HedgeFacts(TimeSpan Elapsed, TimeSpan? Quantile, bool HasContent, bool IsHedged, bool HasOther, TimeSpan Remaining);

/// <param name="Now">Send the second call now; it has been taken from the budget.</param>
/// <param name="AskAgainIn">When to ask again; null: there is nothing to wait for.</param>
public readonly record struct HedgeDecision(bool Now, TimeSpan? AskAgainIn, string Reason)
{
    /// <summary>Whether a second call goes out beside a slow one.</summary>
    /// <param name="budget">Of hedging alone: extra calls for first calls.</param>
    public static HedgeDecision Of(HedgeOptions options, HedgeFacts facts, RetryBudget budget, TimeSpan now)
    {
        if (facts.HasContent) return No("content has come");
        if (facts.IsHedged) return No("at most one extra call");
        if (!facts.HasOther) return No("nobody else may be asked");
        if (options.Quantile is not null && facts.Quantile is null) return No("too few calls measured");
        var at = facts.Quantile is { } quantile && quantile > options.After ? quantile : options.After;
        if (at >= facts.Elapsed + facts.Remaining) return No("the deadline comes first");
        if (facts.Elapsed < at) return new HedgeDecision(false, at - facts.Elapsed, $"waits for {at.TotalSeconds:0.###} s");
        return budget.TryTake(now)
            ? new HedgeDecision(true, null, $"no content after {facts.Elapsed.TotalSeconds:0.###} s{(facts.Quantile is { } usual ? $"; {options.Quantile:0.###} of calls have some after {usual.TotalSeconds:0.###} s" : "")}")
            : No(budget.Text(now));

        static HedgeDecision No(string reason) => new(false, null, reason);
    }
}
