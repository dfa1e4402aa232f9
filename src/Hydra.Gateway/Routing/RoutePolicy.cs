namespace Hydra.Gateway.Routing;

public enum RouteStrategy
{
    Weighted,
    LeastBusy,
    LowestLatency,
    LowestCost,
    Priority,
    Conditional,
    Complexity,
    Canary,
    Adaptive,
}

public static class RouteStrategies
{
    /// <summary>The name in gateway.yaml.</summary>
    public static string ToText(this RouteStrategy strategy) => strategy switch
    {
        RouteStrategy.LeastBusy => "least_busy",
        RouteStrategy.LowestLatency => "lowest_latency",
        RouteStrategy.LowestCost => "lowest_cost",
        _ => strategy.ToString().ToLowerInvariant(),
    };

    /// <summary>The strategy of that name; null: there is none.</summary>
    public static RouteStrategy? Of(string name)
    {
        foreach (var strategy in Enum.GetValues<RouteStrategy>())
        {
            if (strategy.ToText() == name) return strategy;
        }
        return null;
    }
}

/// <summary>Where a rule sends a call: to another group, or to deployments of this one.</summary>
public abstract record RouteUse
{
    private RouteUse() { }

    public sealed record Group(string Name) : RouteUse;
    /// <summary>Deployments whose id, or one of whose tags, is among the names.</summary>
    public sealed record Deployments(IReadOnlyList<string> Names) : RouteUse;

    /// <summary>Every deployment of the group.</summary>
    public sealed record All : RouteUse;

    internal string Text => this switch
    {
        Group group => $"group '{group.Name}'",
        Deployments deployments => string.Join(", ", deployments.Names.Select(name => $"'{name}'")),
        _ => "all",
    };
}

/// <summary>How a metadata value is compared.</summary>
public enum ConditionKind
{
    EqualTo,
    NotEqualTo,
    OneOf,
    StartsWith,
    Exists,
}

/// <summary>A condition on one metadata value. One that is missing fulfils <see cref="ConditionKind.NotEqualTo"/> only.</summary>
public sealed record RouteCondition(string Key, ConditionKind Kind, params IReadOnlyList<string> Values);

/// <summary>The first rule all of whose conditions hold decides.</summary>
public sealed record RouteRule(string Name, IReadOnlyList<RouteCondition> When, RouteUse Use);

/// <param name="AtLeast">The smallest score, 0 to 1, that goes there.</param>
public sealed record ComplexityStep(double AtLeast, RouteUse Use);

/// <param name="Percent">Share of sticky keys on the canary's side, 0 to 100.</param>
/// <param name="Salt">Another text draws other keys: name it after the experiment.</param>
public sealed record CanaryOptions(double Percent, IReadOnlyList<string> Deployments, string Salt);

/// <summary>Stays with the deployment that has a prompt's beginning in its cache.</summary>
public sealed record PromptCacheOptions
{
    /// <summary>How long after its last use a beginning counts as cached; providers keep it for about 5 min.</summary>
    /// <value>1 s to 24 h. Default: 5 min.</value>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromMinutes(5);
    /// <summary>Shorter prompts are not cached by providers, so they go where the strategy says.</summary>
    /// <value>0 or more. Default: 1,024.</value>
    public long PromptTokensMin { get; init; } = 1_024;
    /// <summary>The favourite is passed over while it has more calls under way than this many times the mean: one beginning shared by all callers must not load one deployment.</summary>
    /// <value>1 to 100. Default: 2.</value>
    public double LoadMax { get; init; } = 2;
    /// <summary>Beginnings that are remembered.</summary>
    /// <value>1 to 10,000,000. Default: 10,000.</value>
    public int Remembered { get; init; } = 10_000;
}

public sealed record AdaptiveOptions
{
    /// <summary>False: calls go by weight, and the reason says so.</summary>
    public bool IsEnabled { get; init; } = true;
    /// <summary>Largest share of calls, within the window, that may go to another than the best known.</summary>
    /// <value>0 to 0.5. Default: 0.1.</value>
    public double ExplorationMax { get; init; } = 0.1;
    /// <summary>What the share looks back on.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>What the slowest loses against the fastest, in success ratio.</summary>
    /// <value>0 to 1. Default: 0.1.</value>
    public double LatencyWeight { get; init; } = 0.1;
    /// <summary>What the dearest loses against one that is free, in success ratio.</summary>
    /// <value>0 to 1. Default: 0.1.</value>
    public double PriceWeight { get; init; } = 0.1;
}

/// <summary>How the calls of one group are routed.</summary>
public sealed record RoutePolicy
{
    public RouteStrategy Strategy { get; init; } = RouteStrategy.Weighted;
    /// <summary>Deployments up to this much slower than the fastest share with it, so that the fastest alone is not stampeded.</summary>
    /// <value>0 to 10. Default: 0.2.</value>
    public double LatencyBuffer { get; init; } = 0.2;
    /// <summary>For <see cref="RouteStrategy.Conditional"/>: the first that holds.</summary>
    public IReadOnlyList<RouteRule> Rules { get; init; } = [];
    /// <summary>For <see cref="RouteStrategy.Conditional"/> and <see cref="RouteStrategy.Complexity"/> when no rule or step holds.</summary>
    public RouteUse Default { get; init; } = new RouteUse.All();
    /// <summary>For <see cref="RouteStrategy.Complexity"/>: the highest that is reached.</summary>
    public IReadOnlyList<ComplexityStep> Steps { get; init; } = [];
    /// <summary>For <see cref="RouteStrategy.Canary"/>.</summary>
    public CanaryOptions? Canary { get; init; }
    public AdaptiveOptions Adaptive { get; init; } = new();
    /// <summary>Goes with every strategy; null: off.</summary>
    public PromptCacheOptions? PromptCache { get; init; }
}
