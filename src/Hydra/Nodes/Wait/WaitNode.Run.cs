using System.Globalization;
using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class WaitNode : ILeafNodeType
{
    private sealed record WaitPlan(CompiledValue Seconds, CompiledValue Until, string? Event, WaitTimes Times);

    public bool RunsInline => true;

    public object Plan(NodeSpec node, PlanContext context) =>
        new WaitPlan(CompiledValue.Of(node.Fields.GetOrNull("seconds"), context), CompiledValue.Of(node.Fields.GetOrNull("until"), context), node.Fields.GetOrNull("for_event").TextOrNull,
            new WaitTimes(TimeSpan.FromSeconds(node.Fields.TryGetValue("timeout_seconds", out var seconds) ? seconds.AsNumber : 604_800), null));

    /// <summary>Suspends once; entered again, the wait is over. The result is the time at which it ended (ISO 8601, UTC), or the event's value.</summary>
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (WaitPlan)attempt.Node.Fields!;
        var nowMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (plan.Event is { } awaited) return new(ForEvent(awaited, plan.Times, attempt, line, nowMs));
        if (attempt.ResumedAtMs > 0) return new(Over(attempt.ResumedAtMs));
        if (attempt.Services.IsDryRun) return new(Over(nowMs));
        var untilMs = plan.Until.Evaluate(attempt.Scope) is { IsNull: false } until ? ReadTime(until) : nowMs + ReadSeconds(plan.Seconds.Evaluate(attempt.Scope));
        return new(untilMs <= nowMs ? Over(nowMs) : new AttemptOutcome.Suspend(untilMs));
    }

    private static AttemptOutcome ForEvent(string name, WaitTimes times, NodeAttempt attempt, ILine line, long nowMs)
    {
        if (attempt.Decision is { IsApproved: true } came) return LeafContract.Hold(attempt.Node.Settings, new AttemptOutcome.Completed(came.Answer));
        if (attempt.Decision is not null) return new AttemptOutcome.Failed(ErrorCode.Timeout, $"no event '{name}' came within timeout_seconds {times.Timeout.TotalSeconds:0.###}");
        if (attempt.Services.IsDryRun) return new AttemptOutcome.Completed($"[dry run] {name}");
        var payload = WaitPayload.Of(name, [], attempt.Scope);
        return new AttemptOutcome.Wait(new WaitRequest
        {
            Kind = WaitKind.Event, Prompt = payload.Prompt, Payload = line.Keep(payload.Value), PayloadSha256 = payload.Sha256, AnswerType = AnswerType.Text,
            DeadlineMs = times.DeadlineMs(nowMs), TimeoutMs = times.TimeoutMs, OnTimeout = WaitExpiry.Fail,
        });
    }

    private static AttemptOutcome.Completed Over(long atMs) => new(DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));

    private static long ReadTime(Value until)
    {
        if (DateTimeOffset.TryParse(until.ToDisplayText(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)) return at.ToUnixTimeMilliseconds();
        throw new CallFailedException(ErrorCode.BadRequest, $"`until` gave {Excerpt.Describe(until)}, which is no time. Write it like 2026-01-31T12:00:00Z");
    }

    private static long ReadSeconds(Value seconds)
    {
        var number = seconds.IsNumeric ? seconds.AsNumber
            : double.TryParse(seconds.TextOrNull, NumberStyles.Float, CultureInfo.InvariantCulture, out var read) ? read : double.NaN;
        if (number is >= 0 and <= CommonFields.SecondsMax) return (long)Math.Ceiling(number * 1000);
        throw new CallFailedException(ErrorCode.BadRequest, $"`seconds` gave {Excerpt.Describe(seconds)}; a number from 0 to {CommonFields.SecondsMax:0} is needed");
    }
}
