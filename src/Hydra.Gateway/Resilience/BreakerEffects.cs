namespace Hydra.Gateway.Resilience;

public enum BreakerEffect
{
    /// <summary>Says nothing about the health of the deployment.</summary>
    None,
    /// <summary>Counts towards the thresholds.</summary>
    Counts,
    /// <summary>Opens at once, for the longest time: nothing but a person mends it.</summary>
    OpensAtOnce,
}

/// <summary>Which failures a breaker counts.</summary>
/// <remarks>
/// A 429 is the account's rate and cools its <see cref="QuotaGroup"/>; callers' faults must not open the door for others;
/// a caller that goes away says nothing.
/// </remarks>
public static class BreakerEffects
{
    public static BreakerEffect Of(FailureKind kind) => kind switch
    {
        FailureKind.Transient or FailureKind.Overloaded or FailureKind.Timeout or FailureKind.StreamCut
            or FailureKind.NotFound or FailureKind.Unknown => BreakerEffect.Counts,
        FailureKind.CredentialDead or FailureKind.OutOfMoney => BreakerEffect.OpensAtOnce,
        _ => BreakerEffect.None,
    };
}
