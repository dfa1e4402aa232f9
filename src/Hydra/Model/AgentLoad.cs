namespace Hydra.Model;

/// <summary>The calls of one agent to models, or of one tool, over a whole run, under the limits of its <c>max_concurrency</c>, <c>rpm</c> and <c>max_calls</c>.</summary>
/// <param name="concurrencyMax">Calls at once; null: no limit.</param>
/// <param name="rpm">Calls in any 60 s; null: no limit.</param>
/// <param name="callsMax">Calls in the whole run; null: no limit.</param>
public sealed class AgentLoad(int? concurrencyMax, int? rpm, long? callsMax = null)
{
    private readonly Queue<long> _recent = new();
    private long _calls;

    /// <summary>Calls whose answer is not known yet.</summary>
    public int OpenCount { get; private set; }

    /// <summary>Calls in the whole run where they are used up; null: there may be more.</summary>
    public long? UsedUp => _calls >= callsMax ? callsMax : null;

    /// <summary>Whose load a call is: the agent that asks a model, or the tool that is called; null: nobody's.</summary>
    public static string? OwnerOf(StepCall call) => call.Kind == StepKind.Tool ? "tool:" + call.Name : call.Agent.Length > 0 ? call.Agent : null;

    /// <summary>The load of the agent that makes a call, or of the tool that is called; null: it has no limits.</summary>
    public static AgentLoad? Of(StepCall call, WorkflowSpec workflow)
    {
        if (call.Kind == StepKind.Tool) return OfTool(call.Name, workflow);
        if (call.Kind != StepKind.Model || call.Agent.Length == 0) return null;
        var fields = workflow.AgentFieldsOf(NameOf(call.Agent));
        var concurrency = fields?.GetOrNull("max_concurrency") is { Kind: ValueKind.Integer } most ? (int)most.AsInteger : (int?)null;
        var rpm = fields?.GetOrNull("rpm") is { Kind: ValueKind.Integer } rate ? (int)rate.AsInteger : (int?)null;
        return concurrency is null && rpm is null ? null : new AgentLoad(concurrency, rpm);
    }

    private static AgentLoad? OfTool(string name, WorkflowSpec workflow)
    {
        if (workflow.Extensions.GetOrNull("tools") is not { IsObject: true } tools) return null;
        // The tool of a server goes by the name that models are told.
        var declared = tools.AsObject.GetOrNull(name) is { IsObject: true } own ? own : tools.AsObject.FirstOrDefault(tool => tool.Key.Replace("/", "__", StringComparison.Ordinal) == name).Value;
        if (!declared.IsObject) return null;
        var rpm = declared.AsObject.GetOrNull("rpm") is { Kind: ValueKind.Integer } rate ? (int)rate.AsInteger : (int?)null;
        var most = declared.AsObject.GetOrNull("max_calls") is { Kind: ValueKind.Integer } calls ? calls.AsInteger : (long?)null;
        return rpm is null && most is null ? null : new AgentLoad(null, rpm, most);
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
        _calls++;
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
