using System.Text;

namespace Hydra.Gateway.Routing;

/// <summary>One to ask, and why at this place.</summary>
public sealed record RouteCandidate(RouteDeployment Deployment, string Reason);

public enum ExclusionKind
{
    Affinity,
    Region,
    Capability,
    ContextWindow,
    /// <summary>Its breaker is open, or it is marked unhealthy.</summary>
    Unhealthy,
    /// <summary>A limit of its own or of its account, or a rest after a 429.</summary>
    Limited,
    /// <summary>The strategy's rule chose others.</summary>
    Rule,
}

/// <summary>One not to ask, and why.</summary>
/// <param name="Until">When that may change; null: not by waiting, or nobody can know.</param>
public sealed record RouteExclusion(RouteDeployment Deployment, ExclusionKind Kind, string Reason, TimeSpan? Until = null);

/// <summary>Whom to ask, in this order; why; and who is left out.</summary>
public sealed record RouteDecision
{
    public required RouteStrategy Strategy { get; init; }
    public required IReadOnlyList<RouteCandidate> Order { get; init; }
    public required IReadOnlyList<RouteExclusion> Excluded { get; init; }
    /// <summary>Another group that a rule sends the call to; then <see cref="Order"/> is empty. The caller routes there, and bounds how often.</summary>
    public string? Group { get; init; }
    /// <summary>What the strategy as a whole decided: the rule that held, the score, the side of the canary.</summary>
    public string? Note { get; init; }
    /// <summary>The adaptive strategy asks one that is not the best known, to learn.</summary>
    public bool IsExploration { get; init; }

    /// <summary>When the first of those left out by health or limits may be asked again; null: nobody is, or nobody can know.</summary>
    public TimeSpan? EarliestRecovery => Excluded.Where(excluded => excluded.Until is { } until && until != TimeSpan.MaxValue).Min(excluded => excluded.Until);

    /// <summary>Nobody is left, and at least one of them only because the prompt is too long: the way of <c>context_window_fallbacks</c>.</summary>
    public bool IsTooLong => Order.Count == 0 && Group is null && Excluded.Any(excluded => excluded.Kind == ExclusionKind.ContextWindow);

    /// <summary>The decision as text, the same for the same decision: one line each.</summary>
    public string Explain()
    {
        var text = new StringBuilder($"strategy {Strategy.ToText()}");
        if (Note is not null) text.Append($": {Note}");
        if (Group is not null) text.Append($"\n→ group '{Group}'");
        for (var i = 0; i < Order.Count; i++) text.Append($"\n{i + 1}. {Order[i].Deployment.Id}: {Order[i].Reason}");
        foreach (var excluded in Excluded) text.Append($"\n✗ {excluded.Deployment.Id}: {excluded.Reason}");
        return text.ToString();
    }
}
