using System.Data.Common;
using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>A ledger in a database: one writer, one book of decisions, whatever the database is.</summary>
public abstract class StoredLedger : ILedger
{
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(1);

    private readonly ILedgerTransactions _rows;
    private readonly LedgerOwner _owner;
    private readonly LedgerWriter _writer;
    private readonly PeriodicTimer _timer;
    private Task _keeping = Task.CompletedTask;
    private bool _isDisposed;

    private protected StoredLedger(ILedgerTransactions rows, LedgerOwner owner, TimeProvider clock)
    {
        _rows = rows;
        _owner = owner;
        _writer = new LedgerWriter(rows, owner, Explain, clock);
        _timer = new PeriodicTimer(UpkeepEvery, clock);
    }

    public ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
    {
        if (request.BoundUsd < 0 || request.BoundTokens < 0) throw new ArgumentException("A bound is negative.", nameof(request));
        return new(Add(new ReserveWork(request, cancellationToken)));
    }

    public Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement) => Add(new SettleWork(reservation, Checked(settlement)));

    public void Settle(Reservation reservation, Settlement settlement) => _writer.Add(new SettleWork(reservation, Checked(settlement)), isAwaited: false);

    public void Release(Reservation reservation) => _writer.Add(new ReleaseWork(reservation), isAwaited: false);

    public Task ConfigureAsync(IReadOnlyList<Budget> budgets, CancellationToken cancellationToken) => WriteAsync((book, _, _) =>
    {
        ReplaceBudgets(book, BudgetRows.OfConfig, budgets);
        return true;
    });

    public Task<IReadOnlyList<BudgetState>> BudgetsAsync(CancellationToken cancellationToken) => WriteAsync((book, _, nowMs) => book.States(nowMs));

    /// <summary>Writes what is queued. Reservations that nobody settled are charged at their bound.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Stop();
        _timer.Dispose();
        await _keeping;
        _writer.AddOwed();
        await _writer.WhenIdle();
        try
        {
            await WriteAsync((book, self, nowMs) => Close(book, self.Id, nowMs));
        }
        catch (StoreException)
        {
            // Whoever opens the store next finds this process gone and charges what is left.
        }
        await _writer.WhenIdle();
        _rows.Dispose();
        _owner.Dispose();
        Leave();
        GC.SuppressFinalize(this);
    }

    internal Task<T> WriteAsync<T>(Func<LedgerBook, LedgerOwner, long, T> act) => Add(new OtherWork<T>(act));

    /// <summary>Writes with the next transaction; nobody waits.</summary>
    internal void WriteLater(Action act) => _writer.Add(new OtherWork<bool>((_, _, _) =>
    {
        act();
        return true;
    }), isAwaited: false);

    /// <summary>The connection that writes, for use within <see cref="WriteAsync"/> only.</summary>
    internal abstract DbConnection Connection { get; }

    /// <summary>A further connection, for reading.</summary>
    internal abstract DbConnection Connect();

    /// <summary>How keys are hashed here.</summary>
    /// <param name="hasKeys">Whether the store holds keys already.</param>
    /// <exception cref="StoreException">The secret of the hashes is gone, damaged or cannot be read.</exception>
    internal abstract KeyHash OpenKeyHash(bool hasKeys);

    /// <summary>Changes budgets within a transaction of <see cref="WriteAsync"/>.</summary>
    internal void ReplaceBudgets(LedgerBook book, string origin, IReadOnlyList<Budget> budgets)
    {
        book.Save();   // what came before in this transaction
        BudgetRows.Replace(Connection, origin, budgets);
        book.Forget();
        book.Refresh();
    }

    private protected LedgerOwner Owner => _owner;

    /// <summary>What the database says, in words an operator can act on; anything else as it is.</summary>
    private protected abstract Exception Explain(Exception failed);

    /// <summary>What is done every second; what it throws is tried again a second later.</summary>
    private protected abstract Task KeepAsync();

    /// <summary>From now on nothing comes but what is queued already.</summary>
    private protected virtual void Stop() { }

    /// <summary>Closes what the ledger opened.</summary>
    private protected abstract void Leave();

    private protected void BeginUpkeep() => _keeping = KeepAllAsync();

    private protected static int Close(LedgerBook book, DbConnection connection, long owner, long nowMs)
    {
        var charged = book.SettleCut(owner, nowMs);
        LedgerOwner.Remove(connection, owner);
        return charged;
    }

    private int Close(LedgerBook book, long owner, long nowMs) => Close(book, Connection, owner, nowMs);

    private Task<T> Add<T>(LedgerWork<T> work)
    {
        _writer.Add(work, isAwaited: true);
        return work.Task;
    }

    private static Settlement Checked(Settlement settlement) => settlement.CostUsd >= 0 && settlement.Usage.Total >= 0 ? settlement : throw new ArgumentException("A bill is negative.", nameof(settlement));

    private async Task KeepAllAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            try
            {
                _writer.AddOwed();
                await KeepAsync();
            }
            catch (Exception busy) when (busy is DbException or StoreException or IOException || Explain(busy) is StoreException)
            {
                // Upkeep that fails now is done a second later; whoever reserves or settles is told of a store that stays broken.
            }
        }
    }
}
