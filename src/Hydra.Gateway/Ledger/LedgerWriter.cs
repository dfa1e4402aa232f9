namespace Hydra.Gateway.Ledger;

/// <summary>
/// The one writer of the ledger. What arrives while a transaction is written is written together by the next one. Without load a caller
/// writes its own transaction, with no hop to another thread; with load one loop serves all.
/// </summary>
internal sealed class LedgerWriter(ILedgerTransactions rows, LedgerOwner owner, Func<Exception, Exception> explain, TimeProvider clock)
{
    /// <summary>Works in one transaction: it holds other processes up for some milliseconds at most.</summary>
    private const int BatchMax = 512;
    /// <summary>Settlements kept for another try while the store cannot be written; beyond that, reservations stand at their bound.</summary>
    private const int OwedMax = 100_000;

    private readonly Lock _queueing = new();
    private readonly LedgerBook _book = new(rows);
    private readonly List<LedgerWork> _batch = [];
    private readonly Queue<LedgerWork> _waiting = [];
    private readonly Queue<LedgerWork> _owed = [];
    private bool _isWriting;
    private TaskCompletionSource? _idle;

    /// <summary>Queues work. The caller writes it itself when nobody else is writing, unless it does not wait for it.</summary>
    public void Add(LedgerWork work, bool isAwaited)
    {
        lock (_queueing)
        {
            _waiting.Enqueue(work);
            if (_isWriting) return;
            _isWriting = true;
        }
        if (isAwaited && WriteBatch()) return;
        ThreadPool.UnsafeQueueUserWorkItem(static writer => writer.WriteAll(), this, preferLocal: false);
    }

    /// <summary>Tries again what could not be written before.</summary>
    public void AddOwed()
    {
        lock (_queueing)
        {
            while (_owed.TryDequeue(out var work)) _waiting.Enqueue(work);
            if (_isWriting || _waiting.Count == 0) return;
            _isWriting = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static writer => writer.WriteAll(), this, preferLocal: false);
    }

    /// <summary>Completes when nothing waits and nobody writes.</summary>
    public Task WhenIdle()
    {
        lock (_queueing)
        {
            if (!_isWriting) return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private void WriteAll()
    {
        while (!WriteBatch()) { }
    }

    /// <returns>Whether nothing is left, so that this writer has stopped.</returns>
    private bool WriteBatch()
    {
        lock (_queueing)
        {
            while (_batch.Count < BatchMax && _waiting.TryDequeue(out var work)) _batch.Add(work);
        }
        try
        {
            Write();
        }
        catch (Exception failed)
        {
            // Whatever it was, nothing of the batch was written, and each caller is told: this loop has no one else to tell.
            FailAll(explain(RolledBack(failed)));
        }
        _batch.Clear();
        lock (_queueing)
        {
            if (_waiting.Count > 0) return false;
            _isWriting = false;
            _idle?.TrySetResult();
            _idle = null;
            return true;
        }
    }

    /// <summary>A store that cannot even roll back says so again at the next transaction; the callers of this one must not wait for it.</summary>
    /// <returns>The failure that came first, which each caller is told.</returns>
    private Exception RolledBack(Exception failed)
    {
        _book.Forget();
        try
        {
            rows.Rollback();
            return failed;
        }
        catch (Exception)
        {
            return failed;
        }
    }

    private void Write()
    {
        rows.Begin(_batch.Exists(static work => work.NeedsStore));
        _book.Refresh();
        var nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < _batch.Count; i++)
        {
            var work = _batch[i];
            try
            {
                work.Apply(_book, owner, nowMs);
            }
            catch (Exception refused) when (refused is InvalidOperationException or OperationCanceledException)
            {
                // Thrown before anything was written: it concerns this caller alone.
                work.Fail(refused);
                _batch.RemoveAt(i--);
            }
        }
        _book.Save();
        rows.Commit();
        foreach (var work in _batch) work.Complete();
    }

    private void FailAll(Exception failure)
    {
        foreach (var work in _batch)
        {
            work.Fail(failure);
            if (!work.IsOwed) continue;
            lock (_queueing)
            {
                if (_owed.Count < OwedMax) _owed.Enqueue(work);
            }
        }
    }
}
