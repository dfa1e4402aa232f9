using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

/// <summary>What people are shown, with the hash that binds their decision to it.</summary>
internal sealed record WaitPayload(string Prompt, Value Value, string Sha256)
{
    public static WaitPayload Of(string prompt, IReadOnlyList<string> show, ITemplateScope scope)
    {
        var shown = new ValueMap.Builder();
        foreach (var id in show) shown[id] = OutputOf(id, scope);
        var value = Value.Of(ValueMap.Of(("prompt", prompt), ("shown", shown.Build())));
        var brief = prompt.Length <= WaitRequest.PromptLengthMax ? prompt : prompt[..(WaitRequest.PromptLengthMax - 1)] + "…";
        return new WaitPayload(brief, value, StepKey.Of(value));
    }

    /// <summary>A node's output; null where it gave none.</summary>
    public static Value OutputOf(string id, ITemplateScope scope)
    {
        if (!id.Contains('-') && scope.TryGet(id, out var output)) return output;
        return scope.TryGet("nodes", out var nodes) && nodes.AsObject.GetOrNull(id) is { IsObject: true } record ? record.AsObject.GetOrNull("output") : Value.Null;
    }
}

/// <summary>How long a wait lasts and when people are reminded.</summary>
internal sealed record WaitTimes(TimeSpan Timeout, TimeSpan? Remind)
{
    public long TimeoutMs => (long)Math.Ceiling(Timeout.TotalMilliseconds);
    public long DeadlineMs(long nowMs) => nowMs + TimeoutMs;
    public long RemindAtMs(long nowMs) => Remind is { } after ? nowMs + (long)Math.Ceiling(after.TotalMilliseconds) : 0;
}
