using Hydra.Model;

namespace Hydra.Gateway.Resilience;

public sealed record QuotaGroupOptions
{
    /// <summary>Concurrency; its ceiling is the group's <c>max_parallel</c> where that is set.</summary>
    public AimdOptions Aimd { get; init; } = new();
    /// <summary>Callers in line for the account.</summary>
    /// <value>0 to 100,000. Default: 256.</value>
    public int QueueMax { get; init; } = 256;
    /// <summary>Longest wait in line.</summary>
    /// <value>0 s to 10 min. Default: 10 s.</value>
    public TimeSpan QueueWaitMax { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>Rest after a 429 that names no time; doubles with each round of refusals.</summary>
    /// <value>10 ms to 10 min. Default: 1 s.</value>
    public TimeSpan CoolFirst { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>Longest rest, also of one that the provider asks for.</summary>
    /// <value>1 s to 24 h. Default: 15 min.</value>
    public TimeSpan CoolMax { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>
/// All deployments of one upstream account: they share its rates, its concurrency and its rest after a 429, so that a
/// retry on a sibling does not hammer the account that just refused. Not for sharing between threads.
/// </summary>
public sealed class QuotaGroup
{
    private readonly QuotaGroupOptions _options;
    private readonly AimdLimit _aimd;
    private int _refusals;
    private TimeSpan _cooledAt = TimeSpan.MinValue;

    /// <param name="limits">Its <see cref="RateLimits.MaxParallel"/> is the ceiling of the learnt concurrency.</param>
    public QuotaGroup(string name, RateLimits limits, QuotaGroupOptions options)
    {
        _options = options;
        _aimd = new AimdLimit(options.Aimd with { Ceiling = limits.MaxParallel ?? options.Aimd.Ceiling });
        Meter = new ScopeMeter(LimitScope.QuotaGroup, name, limits with { MaxParallel = null });
        Bulkhead = new Bulkhead(_aimd.Limit, options.QueueMax, options.QueueWaitMax);
    }

    public string Name => Meter.Name;
    /// <summary>Its rates and its rest; one of the meters of <see cref="Admission.TryAdmit"/>.</summary>
    public ScopeMeter Meter { get; }
    /// <summary>Who calls now and who waits. Its limit is learnt; enter before the admission, leave after <see cref="Ended"/>.</summary>
    public Bulkhead Bulkhead { get; }

    /// <summary>A call of the group ended; to be said before it leaves the bulkhead.</summary>
    /// <param name="failure">Null: it succeeded.</param>
    /// <param name="startedAt">When it was sent.</param>
    /// <returns>Callers in line that enter now because the limit grew.</returns>
    public IReadOnlyList<long> Ended(FailureKind? failure, TimeSpan startedAt, TimeSpan now, TimeSpan? retryAfter = null)
    {
        if (failure is null)
        {
            if (startedAt >= _cooledAt) _refusals = 0;
            _aimd.Succeeded(Bulkhead.InFlight);
        }
        else if (failure is FailureKind.RateLimited or FailureKind.Overloaded)
        {
            _aimd.Refused(startedAt, now);
            if (failure == FailureKind.RateLimited) Cool(startedAt, now, retryAfter);
        }
        return _aimd.Limit == Bulkhead.Limit ? [] : Bulkhead.Change(_aimd.Limit);
    }

    private void Cool(TimeSpan startedAt, TimeSpan now, TimeSpan? retryAfter)
    {
        if (startedAt >= _cooledAt)   // refusals of one burst are one round
        {
            _refusals++;
            _cooledAt = now;
        }
        var rest = retryAfter ?? Backoff.Of(_options.CoolFirst, _refusals, _options.CoolMax);
        Meter.Cool(now + (rest < _options.CoolMax ? rest : _options.CoolMax));
    }
}
