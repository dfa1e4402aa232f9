using System.Text.Json;
using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Journal;

/// <summary>Reads what <see cref="EventWriter"/> wrote. Fields it does not know are an error: they belong to a newer version.</summary>
public static class EventReader
{
    public static IReadOnlyList<RunEvent> Read(ReadOnlySpan<byte> utf8)
    {
        var events = new List<RunEvent>();
        foreach (var item in ValueJson.Parse(utf8).AsList) events.Add(Event(item.AsObject, events.Count == 0 ? null : events[^1]));
        return events;
    }

    private static RunEvent Event(ValueMap map, RunEvent? before)
    {
        var name = map["e"].AsText;
        return name switch
        {
            "started" => new RunEvent.Started(Node(map), Int(map, "a"), Int(map, "inc"), Int(map, "var")),
            "ended" => new RunEvent.Ended(Node(map), Enum(map, "status", NodeStatus.Completed), Output(map, before), Error(map), map.GetOrNull("signal")),
            "skipped" => new RunEvent.Skipped(Node(map), Enum(map, "because", SkipCause.When)),
            "intent" => new RunEvent.StepIntended(Node(map), Int(map, "step"), Call(map)),
            "result" => new RunEvent.StepEnded(Node(map), Int(map, "step"), Result(map)),
            "attempt_failed" => new RunEvent.AttemptFailed(Node(map), Error(map)!, Int(map, "var"), Long(map, "at") ?? 0),
            "suspended" => new RunEvent.Suspended(Node(map), Long(map, "until") ?? 0),
            "overdue" => new RunEvent.Overdue(Node(map)),
            "decided" => new RunEvent.Decided(Node(map)),
            "reopened" => new RunEvent.Reopened(Node(map)),
            "interrupted" => new RunEvent.AttemptInterrupted(Node(map)),
            "cancelling" => new RunEvent.Cancelling(Node(map), Error(map), Flag(map, "keep")),
            "expanded" => new RunEvent.Expanded(Node(map), new ScopeOpening(Enum(map, "kind", ScopeKind.Items), Int(map, "frag"), Int(map, "ord"),
                Int(map, "count"), Reference(map, "bind"), Int(map, "cap"), (int)(Long(map, "tolerate") ?? -1)) { Proposed = Reference(map, "proposed") }),
            "stopping" => new RunEvent.Stopping(Enum(map, "status", RunStatus.Failed), Text(map, "reason")),
            "run_ended" => new RunEvent.RunEnded(Enum(map, "status", RunStatus.Failed), Text(map, "reason")),
            "run_started" => new RunEvent.RunStarted(Text(map, "run"), Text(map, "workflow"), Text(map, "definition"), Reference(map, "bundle")!, Limits(map)),
            "run_resumed" => new RunEvent.RunResumed(Int(map, "epoch"), Limits(map)),
            "reused" => new RunEvent.Reused(Node(map), Text(map, "run"), Text(map, "path")),
            "asked" => new RunEvent.Asked(Text(map, "verb"), Text(map, "by"), Text(map, "reason"), Flag(map, "rollback")),
            "assumed" => new RunEvent.Assumed(Node(map), Flag(map, "happened"), Reference(map, "out"), Text(map, "by")),
            "rolling_back" => new RunEvent.RollingBack(Enum(map, "status", RunStatus.Failed), Text(map, "reason"), Flag(map, "all")),
            "forked" => new RunEvent.Forked(Text(map, "run"), Text(map, "parent"), Long(map, "up_to") ?? 0,
                Reference(map, "bundle") is { } bundle ? new ForkDefinition(Text(map, "definition"), bundle) : null),
            "invalidated" => new RunEvent.Invalidated([.. map["nodes"].Items.Select(node => (int)node.AsInteger)])
            {
                Named = map.TryGetValue("named", out var named) ? [.. named.Items.Select(node => (int)node.AsInteger)] : [],
            },
            "output_set" => new RunEvent.OutputSet(Node(map), Reference(map, "out")!),
            "wait_opened" or "wait_answered" or "wait_reminded" or "wait_expired" => WaitEvents.Read(name, map),
            _ => throw new JsonException($"The event '{name}' is not known to this version of Hydra; use the version that wrote the run, or a newer one."),
        };
    }

    private static ValueRef? Output(ValueMap map, RunEvent? before)
    {
        if (map.GetOrNull("out").TextOrNull != EventWriter.AnswerBefore) return Reference(map, "out");
        return before is RunEvent.StepEnded { Result.Response: { } answer } ? answer : throw new JsonException("An output refers to the answer before it, and there is none.");
    }

    internal static int Node(ValueMap map) => (int)map["n"].AsInteger;
    internal static int Int(ValueMap map, string name) => (int)(Long(map, name) ?? 0);
    internal static long? Long(ValueMap map, string name) => map.TryGetValue(name, out var value) ? value.AsInteger : null;
    internal static string Text(ValueMap map, string name) => map.GetOrNull(name).TextOrNull ?? "";
    internal static bool Flag(ValueMap map, string name) => map.TryGetValue(name, out var value) && value.AsBoolean;
    private static double Number(ValueMap map, string name) => map.TryGetValue(name, out var value) ? value.AsNumber : 0;

    internal static T Enum<T>(ValueMap map, string name, T byDefault) where T : struct, Enum
    {
        if (!map.TryGetValue(name, out var value)) return byDefault;
        return WireNames.TryParse<T>(value.AsText, out var parsed) ? parsed : throw new JsonException($"'{value.AsText}' is no {typeof(T).Name}.");
    }

    internal static ValueRef? Reference(ValueMap map, string name)
    {
        if (!map.TryGetValue(name, out var value)) return null;
        var inner = value.AsObject;
        var labels = LabelsOf(inner);
        return inner.TryGetValue("sha256", out var hash)
            ? ValueRef.Of(new ArtifactId(hash.AsText), Long(inner, "bytes") ?? 0, Flag(inner, "text"), labels)
            : ValueRef.Of(inner["v"], labels);
    }

    private static Labels LabelsOf(ValueMap map) => Labels.Of(Int(map, "labels"), TextsOrNull(map, "readers"), TextsOrNull(map, "typed"));

    private static IReadOnlyList<string>? TextsOrNull(ValueMap map, string name) => map.TryGetValue(name, out var list) ? [.. list.Items.Select(item => item.AsText)] : null;

    private static NodeError? Error(ValueMap map)
    {
        if (!map.TryGetValue("code", out var name)) return null;
        return ErrorCode.TryParse(name.AsText, out var code) ? new NodeError(code, Text(map, "msg")) { Labels = LabelsOf(map) } : throw new JsonException($"'{name.AsText}' is no error code.");
    }

    private static StepCall Call(ValueMap map) => new(Enum(map, "kind", StepKind.Model), Text(map, "name"), Text(map, "key"),
        Long(map, "prompt_max") ?? 0, Long(map, "tokens_max") ?? 0, Long(map, "usd_max") is { } usd ? new MicroUsd(usd) : null, Reference(map, "req"))
    {
        Provider = Text(map, "provider"),
        Effect = Enum(map, "effect", EffectClass.Pure),
        Agent = Text(map, "agent"),
        After = (int?)Long(map, "after"),
        Ruling = map.GetOrNull("policy") is { IsObject: true } policy ? Ruling(policy.AsObject) : null,
    };

    private static PolicyRuling Ruling(ValueMap map) =>
        new(Enum(map, "decision", PolicyDecision.Allow), Text(map, "rule"), Text(map, "reason")) { Wait = Text(map, "wait"), By = Text(map, "by") };

    private static StepResult Result(ValueMap map)
    {
        var usage = TokenUsage.OfCounts(map["tokens"].AsList);
        return new StepResult(Reference(map, "res"), usage, new MicroUsd(Long(map, "usd") ?? 0), Error(map), Number(map, "ms"))
        {
            FirstTokenMs = Number(map, "first_ms"),
            AnsweredBy = map.GetOrNull("by").TextOrNull,
            FinishReason = map.GetOrNull("finish").TextOrNull,
            IsBound = Flag(map, "bound"),
            IsRefused = Flag(map, "refused"),
        };
    }

    private static RunLimits Limits(ValueMap map)
    {
        var limits = map["limits"].AsObject;
        BudgetSpec? budget = null;
        if (limits.TryGetValue("budget", out var value))
        {
            var inner = value.AsObject;
            budget = new BudgetSpec
            {
                MaxTokens = Long(inner, "tokens"),
                MaxUsd = Long(inner, "usd") is { } usd ? new MicroUsd(usd) : null,
                MaxModelCalls = Long(inner, "model_calls"),
                MaxToolCalls = Long(inner, "tool_calls"),
                MaxSteps = Long(inner, "steps"),
                MaxContextTokens = Long(inner, "context"),
                MaxTime = Long(inner, "ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
                MaxRetries = Long(inner, "retries"),
                OnExceeded = Enum(inner, "on_exceeded", BudgetPolicy.Stop),
            };
        }
        return new RunLimits(Int(limits, "max_concurrent"), (int?)Long(limits, "rpm"), Long(limits, "tpm"), budget);
    }
}
