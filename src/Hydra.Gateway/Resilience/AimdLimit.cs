namespace Hydra.Gateway.Resilience;

/// <summary>The bounds of <see cref="AimdLimit"/>.</summary>
public sealed record AimdOptions
{
    /// <summary>Calls at the same time that are never exceeded, and what it starts with.</summary>
    /// <value>1 or more. Default: 256.</value>
    public int Ceiling { get; init; } = 256;
    /// <summary>What remains of the limit after the provider refused for load.</summary>
    /// <value>0.1 to 0.95; 1: it never decreases. Default: 0.5.</value>
    public double Decrease { get; init; } = 0.5;
}

/// <summary>
/// How many calls an account stands at the same time, learnt from its refusals: one more for each round of
/// successes, half of it after a refusal for load; at least one, so it never starves. Not for sharing between threads.
/// </summary>
public sealed class AimdLimit(AimdOptions options)
{
    private double _limit = options.Ceiling;
    private TimeSpan _decreasedAt = TimeSpan.MinValue;

    public int Limit => (int)_limit;

    /// <param name="inFlight">Calls under way when this one ended, itself among them: a limit that nobody reaches does not grow.</param>
    public void Succeeded(int inFlight)
    {
        if (2 * inFlight >= Limit) _limit = Math.Min(options.Ceiling, _limit + (1 / _limit));
    }

    /// <summary>A refusal for load. Calls that began before the last decrease met the old limit: their refusals say nothing new.</summary>
    public void Refused(TimeSpan startedAt, TimeSpan now)
    {
        if (startedAt < _decreasedAt) return;
        _decreasedAt = now;
        _limit = Math.Max(1, _limit * options.Decrease);
    }
}
