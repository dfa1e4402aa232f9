namespace Hydra.Model;

/// <summary>
/// A circuit breaker as a pure state machine: closed; open after so many failures within the window; half-open with one
/// probe after the cooldown. Times are Unix milliseconds given by the caller. Not for sharing between threads.
/// </summary>
public sealed class Breaker(BreakerSpec spec)
{
    private readonly Queue<long> _failures = new();
    private bool _isProbing;

    /// <summary>When a probe may pass; 0 while the breaker is closed.</summary>
    public long OpenUntilMs { get; private set; }

    /// <summary>Whether a call may not pass now.</summary>
    public bool Refuses(long nowMs) => OpenUntilMs != 0 && (nowMs < OpenUntilMs || _isProbing);

    /// <summary>A call passes; in the half-open state it is the one probe.</summary>
    public void Enter() => _isProbing = OpenUntilMs != 0;

    public void Succeeded()
    {
        _failures.Clear();
        OpenUntilMs = 0;
        _isProbing = false;
    }

    public void Failed(long nowMs)
    {
        while (_failures.TryPeek(out var oldest) && nowMs - oldest > spec.Window.TotalMilliseconds) _failures.Dequeue();
        _failures.Enqueue(nowMs);
        if (!_isProbing && _failures.Count < spec.Failures) return;
        OpenUntilMs = nowMs + Math.Max(1, (long)spec.Cooldown.TotalMilliseconds);
        _isProbing = false;
    }

    /// <summary>A probe ended without saying anything of the other side (cancelled, refused by budget).</summary>
    public void Abandoned() => _isProbing = false;
}
