namespace Hydra.Gateway.Ledger;

/// <summary>
/// A ledger that is opened by the first call that reserves something. The caller keeps what a call cost in a journal of its own, so nobody
/// waits for a settlement. Safe to share between threads.
/// </summary>
/// <param name="open">What it throws fails the call.</param>
internal sealed class LateLedger(Func<Task<StoredLedger>> open) : ICallLedger, IAsyncDisposable
{
    private readonly Lazy<Task<StoredLedger>> _opened = new(open);

    public async ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken) => await (await _opened.Value).ReserveAsync(request, cancellationToken);

    public Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement)
    {
        _opened.Value.Result.Settle(reservation, settlement);   // it is open, since it reserved
        return NoLedger.Settled;
    }

    /// <remarks>Waits until it has written what it holds; one that could not be opened has nothing.</remarks>
    public ValueTask DisposeAsync() => _opened is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? _opened.Value.Result.DisposeAsync() : ValueTask.CompletedTask;
}

/// <summary>No ledger: every call passes and nothing is kept.</summary>
internal sealed class NoLedger : ICallLedger
{
    public static readonly Task<SettleResult> Settled = Task.FromResult(new SettleResult(0, null));

    public ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken) => new(new ReserveResult.Granted(new Reservation(new ReservationRow
    {
        Id = 0, Owner = 0, OperationId = request.OperationId, Attempt = request.Attempt, AtMs = 0, Caller = request.Caller, Model = request.Model, Deployment = request.Deployment,
        BoundUsd = PicoUsd.FromUsd(request.BoundUsd), BoundTokens = request.BoundTokens,
    }, null)));

    public Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement) => Settled;
}
