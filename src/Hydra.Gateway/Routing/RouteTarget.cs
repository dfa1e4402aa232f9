using Hydra.Gateway.Resilience;

namespace Hydra.Gateway.Routing;

/// <summary>A deployment as configured: what routing knows of it before it is called.</summary>
public sealed record RouteDeployment
{
    /// <summary><c>group/provider/model</c>, unique.</summary>
    public required string Id { get; init; }
    /// <summary>The upstream account. Default: the deployment's own.</summary>
    public string QuotaGroup { get => field ?? Id; init; }
    /// <summary>Share of calls; 0: only when nobody else is left.</summary>
    /// <value>0 or more. Default: 1.</value>
    public double Weight { get; init; } = 1;
    /// <summary>Lower is asked first.</summary>
    public int Priority { get; init; } = 1;
    public string? Region { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    /// <summary>Tokens of prompt and answer together; null: unknown, nothing is checked.</summary>
    public long? ContextWindow { get; init; }
    /// <summary>What it can do; null: unknown, everything is tried.</summary>
    public Capabilities? Can { get; init; }
    /// <summary>USD per million tokens of prompt; null: unknown.</summary>
    public decimal? InputPrice { get; init; }
    /// <summary>USD per million tokens of answer; null: unknown.</summary>
    public decimal? OutputPrice { get; init; }
}

/// <summary>What is true of a deployment at this moment.</summary>
public readonly record struct LiveFacts()
{
    public int InFlight { get; init; }
    /// <summary>Calls that ended within the window.</summary>
    public long Calls { get; init; }
    public long Successes { get; init; }
    /// <summary>Mean time of a whole answer within the window; null: not measured.</summary>
    public TimeSpan? Latency { get; init; }
    /// <summary>Mean time to the first content within the window; null: not measured.</summary>
    public TimeSpan? FirstToken { get; init; }
    /// <summary>Of the <see cref="CallBreaker"/> of this operation kind.</summary>
    public BreakerPosition Breaker { get; init; }
    /// <summary>Until when the breaker or a mark of the operator refuses; null: it may be called.</summary>
    public TimeSpan? UnhealthyUntil { get; init; }
    /// <summary>Why the deployment's or its account's limits refuse this call; null: they do not.</summary>
    public LimitRefusal? Limit { get; init; }
    /// <summary>Free share of its tightest limit, 0 to 1.</summary>
    public double Headroom { get; init; } = 1;
}

/// <summary>One who could answer.</summary>
public sealed record RouteTarget(RouteDeployment Deployment, LiveFacts Live);
