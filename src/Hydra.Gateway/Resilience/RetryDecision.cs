using Hydra.Model;

namespace Hydra.Gateway.Resilience;

/// <summary>Where an operation stands after a failed attempt.</summary>
public readonly record struct RetryFacts
{
    public required FailureKind Kind { get; init; }
    /// <summary>Attempts of the operation until now, 1 or more.</summary>
    public required int Attempts { get; init; }
    /// <summary>How often the present deployment was tried again (<see cref="RetryStep.RetrySame"/>).</summary>
    public int SameTried { get; init; }
    /// <summary>How often another deployment was taken.</summary>
    public int OthersTried { get; init; }
    public int CredentialsRotated { get; init; }
    /// <summary>How often a context-window or content-policy fallback was taken.</summary>
    public int FallbacksTried { get; init; }
    /// <summary>What the provider asked for.</summary>
    public TimeSpan? RetryAfter { get; init; }
    /// <summary>Another may be asked. After a rate limit or an empty account: one of another quota group.</summary>
    public bool HasOther { get; init; }
    public bool HasOtherCredential { get; init; }
    public bool HasContextWindowFallback { get; init; }
    public bool HasContentPolicyFallback { get; init; }
    /// <summary>Content has reached the caller: nothing may be tried again.</summary>
    public bool IsCommitted { get; init; }
    /// <summary>Until the operation's deadline.</summary>
    public required TimeSpan Remaining { get; init; }
}

/// <summary>What to do after a failed attempt.</summary>
/// <param name="Wait">Before it; zero for all but <see cref="RetryStep.RetrySame"/>.</param>
/// <param name="Reason">Why this, and for <see cref="RetryStep.Never"/> why nothing else.</param>
public readonly record struct RetryDecision(RetryStep Step, TimeSpan Wait, string Reason)
{
    /// <summary>The first way of the failure's rule that is open.</summary>
    /// <param name="budget">Of the upstream account. Only a second call of the same deployment is taken from it: a call elsewhere does not load the one that is ill.</param>
    /// <param name="draw">0 to 1, for the jitter.</param>
    public static RetryDecision Of(RetryOptions options, RetryFacts facts, RetryBudget budget, double draw, TimeSpan now)
    {
        if (facts.IsCommitted) return Never("content has reached the caller");
        if (facts.Kind == FailureKind.ClientCancelled) return Never("the caller left");
        if (facts.Attempts >= options.AttemptsMax) return Never($"all {options.AttemptsMax} attempts are made");
        if (facts.Remaining <= TimeSpan.Zero) return Never("the deadline has passed");
        if (!options.Rules.TryGetValue(facts.Kind, out var ways)) return Never($"{facts.Kind} is never tried again");
        var closed = "";
        foreach (var way in ways)
        {
            var wait = way.Step == RetryStep.RetrySame ? WaitOf(options, facts, draw) : TimeSpan.Zero;
            var obstacle = Obstacle(options, way, facts, wait) ?? (way.Step == RetryStep.RetrySame && !budget.TryTake(now) ? budget.Text(now) : null);
            if (obstacle is null) return new RetryDecision(way.Step, wait, closed.Length == 0 ? $"{facts.Kind}" : $"{facts.Kind}; {closed}");
            closed = closed.Length == 0 ? obstacle : $"{closed}; {obstacle}";
        }
        return Never(closed);

        static RetryDecision Never(string reason) => new(RetryStep.Never, TimeSpan.Zero, reason);
    }

    private static string? Obstacle(RetryOptions options, RetryWay way, RetryFacts facts, TimeSpan wait) => way.Step switch
    {
        RetryStep.RetrySame when facts.SameTried >= way.AttemptsMax => $"tried again {facts.SameTried} times",
        RetryStep.RetrySame when facts.RetryAfter > options.RetryAfterMax =>
            $"the provider asks for {facts.RetryAfter.Value.TotalSeconds:0.###} s, {options.RetryAfterMax.TotalSeconds:0.###} s are waited at most",
        RetryStep.RetrySame when wait >= facts.Remaining => $"a wait of {wait.TotalSeconds:0.###} s would pass the deadline",
        RetryStep.OtherDeployment when !facts.HasOther => "nobody else is left",
        RetryStep.OtherDeployment when facts.OthersTried >= way.AttemptsMax => $"{facts.OthersTried} others were tried",
        RetryStep.RotateCredential when !facts.HasOtherCredential => "no other credential",
        RetryStep.RotateCredential when facts.CredentialsRotated >= way.AttemptsMax => $"{facts.CredentialsRotated} credentials were tried",
        RetryStep.ContextWindowFallback when !facts.HasContextWindowFallback => "no context-window fallback",
        RetryStep.ContentPolicyFallback when !facts.HasContentPolicyFallback => "no content-policy fallback",
        RetryStep.ContextWindowFallback or RetryStep.ContentPolicyFallback when facts.FallbacksTried >= way.AttemptsMax => $"{facts.FallbacksTried} fallbacks were tried",
        RetryStep.Never => "the rule says never",
        _ => null,
    };

    /// <summary>Full jitter below a doubling bound; what the provider asked for is waited whole, and the jitter comes on top.</summary>
    private static TimeSpan WaitOf(RetryOptions options, RetryFacts facts, double draw)
    {
        var bound = Backoff.Of(options.BackoffFirst, facts.RetryAfter is null ? facts.SameTried + 1 : 1, options.BackoffMax);
        var asked = facts.RetryAfter is { } after && after > TimeSpan.Zero ? after : TimeSpan.Zero;
        return asked + (bound * draw);
    }
}
