namespace Hydra.Gateway.Wire;

/// <summary>A cancellation that comes with the caller's, or when a time is over: one source with one timer. Disposed when what it bounds has ended.</summary>
internal sealed class TimedToken : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    public TimedToken(TimeSpan limit, TimeProvider clock, CancellationToken caller)
    {
        _caller = caller;
        _source = new CancellationTokenSource(limit, clock);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether it was cancelled, and not by the caller.</summary>
    public bool IsOver => _source.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>The time begins anew; <see cref="Timeout.InfiniteTimeSpan"/>: there is none.</summary>
    public void Restart(TimeSpan limit) => _source.CancelAfter(limit);

    public Task CancelAsync() => _source.CancelAsync();

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
