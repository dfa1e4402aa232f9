namespace Hydra.Model;

/// <summary>
/// A circuit breaker as a pure state machine: closed; open after so many failures within the window; half-open with one
/// probe after the cooldown. A caller is named by a number, so that an answer to a call made before the breaker opened
/// is not taken for the probe's. Times are Unix milliseconds given by the caller. Not for sharing between threads.
/// </summary>
public sealed class Breaker(BreakerSpec spec)
{
    private const long Nobody = -1;

    private readonly Queue<long> _failures = new();
    private long _probe = Nobody;

    /// <summary>When a probe may pass; 0 while the breaker is closed.</summary>
    public long OpenUntilMs { get; private set; }
    public bool IsProbing => _probe != Nobody;
    /// <summary>Failures that the closed breaker remembers.</summary>
    public int FailureCount => _failures.Count;

    private long CooldownMs => Math.Max(1, (long)spec.Cooldown.TotalMilliseconds);

    /// <summary>Whether a call may not pass now.</summary>
    public bool Refuses(long nowMs) => OpenUntilMs != 0 && (nowMs < OpenUntilMs || IsProbing);

    /// <summary>When one that was refused does well to ask again: after the cooldown, also that of a probe which may fail.</summary>
    public long AskAgainMs(long nowMs) => nowMs < OpenUntilMs ? OpenUntilMs : nowMs + CooldownMs;

    /// <summary>A call passes; in the half-open state it is the one probe.</summary>
    public void Enter(long caller)
    {
        if (OpenUntilMs != 0) _probe = caller;
    }

    public void Succeeded(long caller)
    {
        if (OpenUntilMs != 0 && caller != _probe) return;
        _failures.Clear();
        OpenUntilMs = 0;
        _probe = Nobody;
    }

    public void Failed(long caller, long nowMs)
    {
        if (OpenUntilMs != 0 && caller != _probe) return;
        while (_failures.TryPeek(out var oldest) && nowMs - oldest > spec.Window.TotalMilliseconds) _failures.Dequeue();
        _failures.Enqueue(nowMs);
        if (OpenUntilMs == 0 && _failures.Count < spec.Failures) return;
        OpenUntilMs = nowMs + CooldownMs;
        _probe = Nobody;
    }

    /// <summary>Nobody who could answer is there any more.</summary>
    public void ForgetProbe() => _probe = Nobody;

    /// <summary>A call ended without saying anything of the other side (cancelled, cut by a crash, refused by budget).</summary>
    public void Abandoned(long caller)
    {
        if (caller == _probe) _probe = Nobody;
    }
}
