namespace Hydra.Gateway.Ledger;

/// <summary>Something to do in the next transaction, and who waits for it.</summary>
internal abstract class LedgerWork
{
    /// <summary>Does it within the transaction. What it throws fails this work alone.</summary>
    public abstract void Apply(LedgerBook book, LedgerOwner owner, long nowMs);
    /// <summary>The transaction is durable.</summary>
    public abstract void Complete();
    public abstract void Fail(Exception failure);
    /// <summary>Whether it must be tried again when the store could not be written.</summary>
    public virtual bool IsOwed => false;
    /// <summary>Whether it reads or writes the store itself.</summary>
    public virtual bool NeedsStore => false;
}

/// <summary>Work with a result that somebody may wait for.</summary>
internal abstract class LedgerWork<T> : LedgerWork
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _done.Task;

    protected abstract T Do(LedgerBook book, LedgerOwner owner, long nowMs);

    public sealed override void Apply(LedgerBook book, LedgerOwner owner, long nowMs) => _result = Do(book, owner, nowMs);
    public sealed override void Complete() => _done.TrySetResult(_result!);

    public override void Fail(Exception failure)
    {
        if (failure is OperationCanceledException cancelled) _done.TrySetCanceled(cancelled.CancellationToken);
        else if (_done.TrySetException(failure)) _ = _done.Task.Exception;   // nobody may be waiting
    }
}

internal sealed class ReserveWork(ReserveRequest request, CancellationToken cancellationToken) : LedgerWork<ReserveResult>
{
    protected override ReserveResult Do(LedgerBook book, LedgerOwner owner, long nowMs)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return book.Reserve(request, owner.NextId(), owner.Id, nowMs);
    }
}

internal sealed class SettleWork(Reservation reservation, Settlement settlement) : LedgerWork<SettleResult>
{
    public override bool IsOwed => true;

    protected override SettleResult Do(LedgerBook book, LedgerOwner owner, long nowMs) => book.Settle(reservation.Row, settlement, nowMs)
        ?? throw new InvalidOperationException($"The reservation {reservation.Id} of operation {reservation.Row.OperationId} was settled or released before.");
}

internal sealed class ReleaseWork(Reservation reservation) : LedgerWork<bool>
{
    public override bool IsOwed => true;

    protected override bool Do(LedgerBook book, LedgerOwner owner, long nowMs) => book.Release(reservation.Row);
}

/// <summary>Anything rarer that needs the write lock.</summary>
internal sealed class OtherWork<T>(Func<LedgerBook, LedgerOwner, long, T> act) : LedgerWork<T>
{
    public override bool NeedsStore => true;

    protected override T Do(LedgerBook book, LedgerOwner owner, long nowMs) => act(book, owner, nowMs);
}
