using System.Runtime.CompilerServices;
using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>How long the answers of a pure tool stand, and which acts of other tools end that.</summary>
/// <param name="TimeToLive">Null: the tool acts; its calls empty what bears its tags.</param>
/// <param name="VaryBy">Arguments by which answers differ; null: all of them.</param>
public sealed record ToolCacheSpec(TimeSpan? TimeToLive, IReadOnlyList<string>? VaryBy, IReadOnlyList<string> Tags)
{
    public static ToolCacheSpec? Of(Value declared)
    {
        if (!declared.IsObject) return null;
        var map = declared.AsObject;
        return new ToolCacheSpec(
            map.GetOrNull("ttl_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : null,
            map.GetOrNull("vary_by") is { IsList: true } names ? [.. names.Items.Select(name => name.AsText)] : null,
            map.GetOrNull("tags") is { IsList: true } tags ? [.. tags.Items.Select(tag => tag.AsText)] : []);
    }
}

/// <summary>
/// What the tools of a workflow have answered and how they have failed, in this process, for as long as the workflow is held. Safe to
/// use from many threads. Answers are kept for one run each; none reaches another run.
/// </summary>
internal sealed class ToolState
{
    /// <summary>Most answers kept; the oldest makes room.</summary>
    public const int AnswersMax = 1_000;

    private static readonly ConditionalWeakTable<WorkflowSpec, ToolState> States = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Breaker> _breakers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private long _callers;

    private sealed record Answer(Value Result, Labels Labels, IReadOnlyList<string> Tags, string Run, long UntilMs);

    public static ToolState Of(WorkflowSpec workflow) => States.GetOrCreateValue(workflow);

    /// <summary>What was answered to this call within its time; null: nothing. It has been asked in the same context.</summary>
    public (Value Result, Labels Labels)? Find(string key, long nowMs)
    {
        lock (_lock) return _answers.TryGetValue(key, out var answer) && nowMs < answer.UntilMs ? (answer.Result, answer.Labels) : null;
    }

    public void Keep(string run, string key, ToolCacheSpec cache, Value result, Labels labels, long nowMs)
    {
        if (cache.TimeToLive is not { Ticks: > 0 } ttl) return;
        lock (_lock)
        {
            if (_answers.TryAdd(key, null!)) _order.Enqueue(key);
            _answers[key] = new Answer(result, labels, cache.Tags, run, nowMs + (long)ttl.TotalMilliseconds);
            while (_order.Count > AnswersMax) _answers.Remove(_order.Dequeue());
        }
    }

    /// <summary>An act of a run: its answers with one of the tags stand no longer.</summary>
    public void Acted(string run, ToolCacheSpec cache)
    {
        lock (_lock)
        {
            foreach (var (key, answer) in _answers.ToList())
                if (answer.Run == run && answer.Tags.Intersect(cache.Tags, StringComparer.Ordinal).Any()) _answers[key] = answer with { UntilMs = 0 };
        }
    }

    /// <summary>The call's identity: run, tool, and the arguments that count.</summary>
    public static string KeyOf(string run, string tool, ToolCacheSpec cache, ValueMap arguments) =>
        StepKey.Of(ValueMap.Of(("run", run), ("tool", tool), ("arguments", cache.VaryBy is null ? arguments : ValueMap.Of(arguments.Where(pair => cache.VaryBy.Contains(pair.Key))))));

    /// <summary>A call passes the breaker, by a number that says later how it went; null: it may not pass now.</summary>
    public long? Enter(string name, BreakerSpec spec, long nowMs)
    {
        lock (_lock)
        {
            if (!_breakers.TryGetValue(name, out var breaker)) _breakers[name] = breaker = new Breaker(spec);
            if (breaker.Refuses(nowMs)) return null;
            breaker.Enter(++_callers);
            return _callers;
        }
    }

    /// <param name="failed">Null: the call was cut and says nothing of the tool.</param>
    public void Leave(string name, long caller, bool? failed, long nowMs)
    {
        lock (_lock)
        {
            var breaker = _breakers[name];
            if (failed is null) breaker.Abandoned(caller);
            else if (failed.Value) breaker.Failed(caller, nowMs);
            else breaker.Succeeded(caller);
        }
    }
}
