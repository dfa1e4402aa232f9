namespace Hydra.Gateway.Resilience;

/// <summary>
/// What one scope (a key, a team, a deployment, …) has used of its limits. Calls take from several meters at once with
/// <see cref="Admission"/>. Not for sharing between threads: all meters that are admitted together lie under one lock.
/// </summary>
public sealed class ScopeMeter(LimitScope scope, string name, RateLimits limits)
{
    /// <summary>What rpm and tpm count over.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);
    private const int Slots = 60;

    private SlidingSum? _requests;   // made when there is a limit: most keys have none
    private SlidingSum? _tokens;

    public LimitScope Scope => scope;
    public string Name => name;
    /// <summary>May be changed at any time (reload); what was used meanwhile without a limit is not known.</summary>
    public RateLimits Limits { get; set; } = limits;
    public int InFlight { get; private set; }
    /// <summary>Until when the provider wants no call.</summary>
    public TimeSpan CoolUntil { get; private set; }

    /// <summary>Refuses calls until then; a later time extends an earlier one, never the other way round.</summary>
    public void Cool(TimeSpan until)
    {
        if (until > CoolUntil) CoolUntil = until;
    }

    /// <summary>Why a call of so many tokens may not pass now; null: it may.</summary>
    public LimitRefusal? Refuses(long tokens, TimeSpan now)
    {
        var rpm = Limits.Rpm ?? long.MaxValue;
        var tpm = Limits.Tpm ?? long.MaxValue;
        var requests = Limits.Rpm is null ? 0 : Requests.Sum(now);
        var usedTokens = Limits.Tpm is null ? 0 : Tokens.Sum(now);
        LimitRefusal? latest = null;
        if (now < CoolUntil) Refuse(LimitKind.Cooldown, 0, 0, 1, CoolUntil);
        if (requests + 1 > rpm) Refuse(LimitKind.Requests, rpm, requests, 1, Requests.WhenAtMost(rpm - 1, now));
        if (tokens > tpm) Refuse(LimitKind.Tokens, tpm, usedTokens, tokens, TimeSpan.MaxValue);
        else if (usedTokens > tpm - tokens) Refuse(LimitKind.Tokens, tpm, usedTokens, tokens, Tokens.WhenAtMost(tpm - tokens, now));
        if (latest is null && InFlight >= Limits.MaxParallel) Refuse(LimitKind.Parallel, Limits.MaxParallel.Value, InFlight, 1, null);
        return latest;

        void Refuse(LimitKind kind, long limit, long used, long needs, TimeSpan? at)
        {
            if (latest is null || at > latest.At) latest = new LimitRefusal(scope, name, kind, limit, used, needs, at);
        }
    }

    /// <summary>The figures for requests; null: no limit.</summary>
    public LimitFigures? RequestFigures(TimeSpan now) => Limits.Rpm is { } rpm ? Figures(rpm, Requests, now) : null;

    /// <summary>The figures for tokens; null: no limit.</summary>
    public LimitFigures? TokenFigures(TimeSpan now) => Limits.Tpm is { } tpm ? Figures(tpm, Tokens, now) : null;

    /// <summary>The share of its tightest limit that is free, 0 to 1; 1 without limits. For routing.</summary>
    public double Headroom(TimeSpan now)
    {
        if (now < CoolUntil) return 0;
        var parallel = Limits.MaxParallel is { } max ? Math.Max(0, 1 - ((double)InFlight / max)) : 1;
        return Math.Min(parallel, Math.Min(RequestFigures(now)?.Headroom ?? 1, TokenFigures(now)?.Headroom ?? 1));
    }

    internal void Take(long tokens, TimeSpan now)
    {
        InFlight++;
        if (Limits.Rpm is not null) Requests.Add(now, 1);
        if (Limits.Tpm is not null) Tokens.Add(now, tokens);
    }

    internal void Settle(long bound, long used, TimeSpan admittedAt, TimeSpan now)
    {
        InFlight--;
        if (_tokens is null || used == bound) return;
        if (used < bound) _tokens.Return(admittedAt, bound - used, now);
        else _tokens.Add(now, used - bound);
    }

    internal void Withdraw(long bound, TimeSpan admittedAt, TimeSpan now)
    {
        InFlight--;
        _requests?.Return(admittedAt, 1, now);
        _tokens?.Return(admittedAt, bound, now);
    }

    private SlidingSum Requests => _requests ??= new SlidingSum(Window, Slots);
    private SlidingSum Tokens => _tokens ??= new SlidingSum(Window, Slots);

    private static LimitFigures Figures(long limit, SlidingSum used, TimeSpan now) =>
        new(limit, Math.Max(0, limit - used.Sum(now)), used.WhenAtMost(0, now) - now);
}
