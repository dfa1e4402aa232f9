using Hydra.Gateway.Resilience;

namespace Hydra.Gateway.Pipeline;

/// <summary>Waits at a bulkhead, which decides who goes. Safe to share between threads; the bulkhead lies under the given lock.</summary>
internal sealed class Turnstile(Bulkhead bulkhead, Lock gate, TimeProvider clock, Func<TimeSpan> now, TimeSpan waitMax)
{
    private readonly Dictionary<long, TaskCompletionSource> _waiting = [];
    private long _callers;

    /// <summary>Enters at once or after a wait; false: the line is full, or the wait was too long.</summary>
    public ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        long caller;
        lock (gate)
        {
            caller = ++_callers;
            switch (bulkhead.Enter(caller, now()))
            {
                case BulkheadAnswer.Entered: return new(true);
                case BulkheadAnswer.Refused: return new(false);
            }
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(caller, turn);
        }
        return new(WaitAsync(caller, turn, cancellationToken));
    }

    /// <summary>To be called under the lock: lets in whom the bulkhead named.</summary>
    public void Let_NeedsLock(IReadOnlyList<long> callers)
    {
        foreach (var caller in callers)
        {
            if (_waiting.Remove(caller, out var turn)) turn.SetResult();
        }
    }

    private async Task<bool> WaitAsync(long caller, TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        try
        {
            await turn.Task.WaitAsync(waitMax, clock, cancellationToken);
            return true;
        }
        catch (Exception gone) when (gone is TimeoutException or OperationCanceledException)
        {
            lock (gate)
            {
                // Let in at the very moment it gave up: it goes in, or hands its place on.
                if (!_waiting.Remove(caller))
                {
                    if (gone is TimeoutException) return true;
                    Let_NeedsLock(bulkhead.Leave());
                    throw;
                }
                bulkhead.GiveUp(caller);
            }
            if (gone is TimeoutException) return false;
            throw;
        }
    }
}
