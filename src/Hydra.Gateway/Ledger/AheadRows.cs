using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// The ledger's rows as the writer sees them. Among other processes each transaction is one of the store. A process that is alone on the
/// store notes what it does in a file of its own, which costs one write for all that came together, and writes it to the store
/// in batches, beside the calls. Used by one writer at a time; batches lie under the store's own lock.
/// </summary>
/// <remarks>The store and the notes together are the ledger at every moment: a batch says in its own transaction which notes it holds.</remarks>
internal sealed class AheadRows(SqliteLedgerRows store, LedgerOwner owner) : ILedgerTransactions
{
    /// <summary>Calls noted before they are written to the store, while it keeps up.</summary>
    private const int LaterCount = 1_000;
    /// <summary>Calls noted at most; beyond them each waits for the store.</summary>
    private const int LaterMax = 100_000;

    private readonly Lock _storeGate = new();
    private readonly Dictionary<long, OpenCall> _open = [];
    private readonly Staged _staged = new();
    private Later _later = new();
    private volatile Later? _writing;
    private LedgerNotes? _notes;
    private bool _isDirect, _willBeAlone;
    private int _isQueued;

    /// <summary>Whether calls are noted first, because no other process uses the store.</summary>
    public bool IsAlone { get; private set; }
    /// <summary>Whether something is noted that the store does not know.</summary>
    public bool HasNoted => IsAlone && _notes!.HasAny;

    /// <summary>Begins a transaction.</summary>
    /// <param name="needsStore">Whether something in it reads or writes the store itself.</param>
    public void Begin(bool needsStore)
    {
        if (IsAlone && !needsStore && _later.Count < LaterMax) return;
        _storeGate.Enter();
        _isDirect = true;
        if (IsAlone) WriteAll_NeedsLock();
        store.Begin();
        _willBeAlone = IsAlone;
    }

    /// <summary>Makes what was done durable against the end of this process.</summary>
    public void Commit()
    {
        if (_willBeAlone && !IsAlone) TakeOver();
        if (_isDirect) store.Commit();
        else Note();
        Keep();
        if (!_isDirect)
        {
            WriteLater();
            return;
        }
        IsAlone = _willBeAlone;
        Leave();
    }

    public void Rollback()
    {
        _staged.Clear();
        _notes?.Drop();
        if (!_isDirect) return;
        store.Rollback();
        Leave();
    }

    /// <summary>From this transaction of the store on calls are noted first, unless another process has come.</summary>
    public void GoAlone()
    {
        if (IsAlone || store.CountOwners() != 1) return;
        _notes ??= new LedgerNotes(owner.LockFile);
        store.SetAhead(owner.Id, _notes.Generation - 1);
        _willBeAlone = true;
    }

    /// <summary>From this transaction of the store on everything is in the store.</summary>
    public void GoAmongOthers()
    {
        LedgerOwner.GoAmongOthers(store.Connection, owner.Id);
        _willBeAlone = false;
    }

    /// <summary>What is open at the end of the last transaction among others, whatever else came in it.</summary>
    private void TakeOver()
    {
        _open.Clear();
        foreach (var row in store.ReservationsOf(owner.Id)) _open.Add(row.Id, new OpenCall(row) { IsStored = true });
    }

    /// <summary>Begins to write to the store what was noted, where that is much.</summary>
    private void WriteLater()
    {
        if (!IsAlone || _later.Count < LaterCount) return;
        try
        {
            if (_writing is null) Turn();
        }
        catch (IOException)
        {
            return;   // the notes go on in the same file
        }
        if (Interlocked.Exchange(ref _isQueued, 1) == 1) return;   // one thread waits for a slow store, not one a call
        ThreadPool.UnsafeQueueUserWorkItem(static rows =>
        {
            try
            {
                lock (rows._storeGate) rows.WriteWaiting_NeedsLock();
            }
            catch (SqliteException)
            {
                // It stays noted, and is tried again with the next calls, by the upkeep, or by whoever reads the notes.
            }
            finally
            {
                Volatile.Write(ref rows._isQueued, 0);
            }
        }, this, preferLocal: false);
    }

    /// <summary>Alone, nobody else writes.</summary>
    public long Version() => _isDirect ? store.Version() : -1;
    public long BudgetsVersion() => OfStore(static store => store.BudgetsVersion());
    public IReadOnlyList<BudgetRow> ReadBudgets() => OfStore(static store => store.ReadBudgets());

    public Counter? FindCounter(long budget, long startMs)
    {
        if (!_isDirect)
        {
            if (_later.Counters.TryGetValue((budget, startMs), out var known)) return known;
            if (_writing is { } writing && writing.Counters.TryGetValue((budget, startMs), out known)) return known;
        }
        lock (_storeGate) return store.FindCounter(budget, startMs);
    }

    public Counter Fold(BudgetScope scope, long startMs, long endMs)
    {
        lock (_storeGate)
        {
            if (!_isDirect) WriteAll_NeedsLock();
            return store.Fold(scope, startMs, endMs);
        }
    }

    public void SaveCounter(long budget, long startMs, Counter counter)
    {
        if (_isDirect) store.SaveCounter(budget, startMs, counter);
        else _staged.Counters.Add(((budget, startMs), counter));
    }

    public void AddReservation(ReservationRow row)
    {
        if (_isDirect) store.AddReservation(row);
        else _notes!.AddHeld(row);
        _staged.Held.Add(row);
    }

    public bool RemoveReservation(long id)
    {
        if (_isDirect)
        {
            if (!store.RemoveReservation(id)) return false;
            _staged.Gone.Add(id, false);
            return true;
        }
        return _open.ContainsKey(id) && _staged.Gone.TryAdd(id, false);
    }

    public IReadOnlyList<ReservationRow> ReservationsOf(long owner) => store.ReservationsOf(owner);

    public void AddCharge(ChargeRow charge)
    {
        if (_isDirect)
        {
            store.AddCharge(charge);
            return;
        }
        _notes!.AddSettled(charge);
        _staged.Charges.Add(charge);
        _staged.Gone[charge.Id] = true;
    }

    public void AddAlert(long budget, long startMs, int percent, long atMs)
    {
        if (_isDirect) store.AddAlert(budget, startMs, percent, atMs);
        else _staged.Alerts.Add((budget, startMs, percent, atMs));
    }

    public void Dispose()
    {
        _notes?.Dispose();
        store.Dispose();
    }

    private T OfStore<T>(Func<SqliteLedgerRows, T> read)
    {
        lock (_storeGate) return read(store);
    }

    private void Leave()
    {
        _isDirect = false;
        _storeGate.Exit();
    }

    private void Note()
    {
        foreach (var (id, isBilled) in _staged.Gone)
        {
            if (!isBilled) _notes!.AddReleased(_open[id].Row);
        }
        _notes!.Write();
    }

    /// <summary>The transaction stands: what it did is remembered for the next batch.</summary>
    private void Keep()
    {
        if (IsAlone)
        {
            foreach (var row in _staged.Held) _open.Add(row.Id, new OpenCall(row) { IsStored = _isDirect });
            foreach (var id in _staged.Gone.Keys)
            {
                if (_open.Remove(id, out var call) && call.IsStored && !_isDirect) _later.Gone.Add(id);
            }
            _later.Charges.AddRange(_staged.Charges);
            _later.Alerts.AddRange(_staged.Alerts);
            foreach (var (place, counter) in _staged.Counters) _later.Counters[place] = counter;
        }
        _staged.Clear();
    }

    /// <summary>Closes a batch with its notes; those that are still open go with it.</summary>
    private void Turn()
    {
        _notes!.Turn();
        var batch = _later;
        batch.Generation = _notes.Generation - 1;
        foreach (var call in _open.Values)
        {
            if (call.IsStored) continue;
            call.IsStored = true;
            batch.Held.Add(call.Row);
        }
        _later = new Later();
        _writing = batch;
    }

    private void WriteAll_NeedsLock()
    {
        WriteWaiting_NeedsLock();
        if (!IsAlone) return;
        Turn();
        WriteWaiting_NeedsLock();
    }

    private void WriteWaiting_NeedsLock()
    {
        if (_writing is not { } batch) return;
        store.Begin();
        try
        {
            foreach (var row in batch.Held) store.AddReservation(row);
            foreach (var charge in batch.Charges) store.AddCharge(charge);
            foreach (var id in batch.Gone) store.RemoveReservation(id);
            foreach (var (place, counter) in batch.Counters) store.SaveCounter(place.Budget, place.StartMs, counter);
            foreach (var (budget, startMs, percent, atMs) in batch.Alerts) store.AddAlert(budget, startMs, percent, atMs);
            store.SetAhead(owner.Id, batch.Generation);
            store.Commit();
        }
        catch
        {
            store.Rollback();
            throw;
        }
        _writing = null;
    }

    private sealed class OpenCall(ReservationRow row)
    {
        public ReservationRow Row { get; } = row;
        /// <summary>Whether the store holds it, or the batch that is being written does.</summary>
        public bool IsStored { get; set; }
    }

    /// <summary>What the transaction under way has done.</summary>
    private sealed class Staged
    {
        public List<ReservationRow> Held { get; } = [];
        /// <summary>Whether each was billed; else it was given back.</summary>
        public Dictionary<long, bool> Gone { get; } = [];
        public List<ChargeRow> Charges { get; } = [];
        public List<((long Budget, long StartMs) Place, Counter Counter)> Counters { get; } = [];
        public List<(long Budget, long StartMs, int Percent, long AtMs)> Alerts { get; } = [];

        public void Clear()
        {
            Held.Clear();
            Gone.Clear();
            Charges.Clear();
            Counters.Clear();
            Alerts.Clear();
        }
    }

    /// <summary>What is noted and not yet in the store.</summary>
    private sealed class Later
    {
        /// <summary>The notes that say the same.</summary>
        public long Generation { get; set; }
        public List<ReservationRow> Held { get; } = [];
        public List<ChargeRow> Charges { get; } = [];
        public List<long> Gone { get; } = [];
        public Dictionary<(long Budget, long StartMs), Counter> Counters { get; } = [];
        public List<(long Budget, long StartMs, int Percent, long AtMs)> Alerts { get; } = [];
        public int Count => Charges.Count + Gone.Count;
    }
}
