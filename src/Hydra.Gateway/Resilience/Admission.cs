namespace Hydra.Gateway.Resilience;

/// <summary>
/// Lets a call pass all of its scopes or none. Pure bookkeeping over the meters it is given; all of them lie under the
/// caller's one lock.
/// </summary>
public static class Admission
{
    /// <summary>Takes one request and its token bound from every meter, or nothing from any.</summary>
    /// <param name="meters">Each once; kept by the answer.</param>
    /// <param name="tokens">The bound: prompt and answer.</param>
    /// <param name="refusal">The scope that could let the call pass last.</param>
    /// <returns>What must be settled or withdrawn; null: refused.</returns>
    public static Admitted? TryAdmit(ScopeMeter[] meters, long tokens, TimeSpan now, out LimitRefusal? refusal)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        refusal = null;
        for (var i = 0; i < meters.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (ReferenceEquals(meters[i], meters[j])) throw new ArgumentException($"The meter of {meters[i].Scope} '{meters[i].Name}' is named twice.", nameof(meters));
            }
            if (meters[i].Refuses(tokens, now) is { } other && (refusal is null || (other.At ?? now) > (refusal.At ?? now))) refusal = other;
        }
        if (refusal is not null) return null;
        foreach (var meter in meters) meter.Take(tokens, now);
        return new Admitted(meters, tokens, now);
    }

    /// <summary>The tightest figures for requests and for tokens: what the headers tell the caller.</summary>
    public static (LimitFigures? Requests, LimitFigures? Tokens) Tightest(ScopeMeter[] meters, TimeSpan now)
    {
        LimitFigures? requests = null, tokens = null;
        foreach (var meter in meters)
        {
            requests = Tighter(requests, meter.RequestFigures(now));
            tokens = Tighter(tokens, meter.TokenFigures(now));
        }
        return (requests, tokens);

        static LimitFigures? Tighter(LimitFigures? one, LimitFigures? other) =>
            one is null || other?.Remaining < one.Value.Remaining ? other : one;
    }
}

/// <summary>A call that was let pass. It ends once, by <see cref="Settle"/> or <see cref="Withdraw"/>; later calls do nothing.</summary>
public sealed class Admitted
{
    private readonly ScopeMeter[] _meters;
    private readonly long _tokens;
    private readonly TimeSpan _at;
    private bool _hasEnded;

    internal Admitted(ScopeMeter[] meters, long tokens, TimeSpan at) => (_meters, _tokens, _at) = (meters, tokens, at);

    /// <summary>The call is over: its place is free and the tokens it did not use come back.</summary>
    /// <param name="tokensUsed">What the provider counted; above the bound, the rest is taken now.</param>
    public void Settle(long tokensUsed, TimeSpan now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokensUsed);
        if (_hasEnded) return;
        _hasEnded = true;
        foreach (var meter in _meters) meter.Settle(_tokens, tokensUsed, _at, now);
    }

    /// <summary>The call was never sent: as if it had not been asked for.</summary>
    public void Withdraw(TimeSpan now)
    {
        if (_hasEnded) return;
        _hasEnded = true;
        foreach (var meter in _meters) meter.Withdraw(_tokens, _at, now);
    }
}
