namespace Hydra.Model;

/// <summary>The model calls of one agent over a whole run, under the limits of its <c>max_concurrency</c> and <c>rpm</c>.</summary>
/// <param name="concurrencyMax">Calls at once; null: no limit.</param>
/// <param name="rpm">Calls in any 60 s; null: no limit.</param>
public sealed class AgentLoad(int? concurrencyMax, int? rpm)
{
    private readonly Queue<long> _recent = new();

    /// <summary>Calls whose answer is not known yet.</summary>
    public int OpenCount { get; private set; }

    /// <summary>The load of the agent that makes a call; null: it has no limits.</summary>
    public static AgentLoad? Of(StepCall call, WorkflowSpec workflow)
    {
        if (call.Kind != StepKind.Model || call.Agent.Length == 0) return null;
        var fields = workflow.AgentFieldsOf(NameOf(call.Agent));
        var concurrency = fields?.GetOrNull("max_concurrency") is { Kind: ValueKind.Integer } most ? (int)most.AsInteger : (int?)null;
        var rpm = fields?.GetOrNull("rpm") is { Kind: ValueKind.Integer } rate ? (int)rate.AsInteger : (int?)null;
        return concurrency is null && rpm is null ? null : new AgentLoad(concurrency, rpm);
    }

    /// <summary>The agent's name in an identity such as <c>critic sha256:…</c>.</summary>
    public static string NameOf(string identity) => identity.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end ? identity[..end] : identity;

    /// <summary>Whether one more call may be made now.</summary>
    /// <param name="opensAtMs">When the rate lets the next one through; null: the answer of an open call must come first.</param>
    public bool Allows(long nowMs, out long? opensAtMs)
    {
        opensAtMs = null;
        Forget(nowMs);
        if (_recent.Count >= rpm) opensAtMs = _recent.Peek() + RunState.RateWindowMs;
        return opensAtMs is null && !(OpenCount >= concurrencyMax);
    }

    /// <summary>A call is made.</summary>
    public void Enter(long atMs)
    {
        OpenCount++;
        if (rpm is null) return;
        Forget(atMs);
        _recent.Enqueue(atMs);
    }

    /// <summary>A call has ended.</summary>
    public void Leave() => OpenCount--;

    private void Forget(long nowMs)
    {
        while (_recent.TryPeek(out var oldest) && nowMs - oldest >= RunState.RateWindowMs) _recent.Dequeue();
    }
}
