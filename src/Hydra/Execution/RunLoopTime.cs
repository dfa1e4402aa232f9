namespace Hydra.Execution;

// The time of the loop, and the one timer that wakes it when something is due.
internal sealed partial class RunLoop
{
    private ITimer? _timer;
    private long _timerDueMs = long.MaxValue;

    /// <summary>A clock set back must not turn time round.</summary>
    private long NowMs() => _state.NowMs(_services.Clock);

    private void ArmTimer()
    {
        var dueMs = _reducer.NextDueMs ?? long.MaxValue;
        var isArmed = dueMs == Volatile.Read(ref _timerDueMs);
        if (isArmed && dueMs == long.MaxValue) return;
        var nowMs = NowMs();
        if (isArmed && dueMs > nowMs) return;
        Volatile.Write(ref _timerDueMs, dueMs);
        if (dueMs == long.MaxValue) return;
        _timer!.Change(TimeSpan.FromMilliseconds(Math.Clamp(dueMs - nowMs, 0, 86_400_000)), Timeout.InfiniteTimeSpan);
    }
}
