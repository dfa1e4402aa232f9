using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Journal;

/// <summary>
/// Events as JSON, version 1. Names on the wire are chosen here and never follow type names; a field at its default is
/// left out. <see cref="EventReader"/> reads every version ever written.
/// </summary>
public static class EventWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes all events of a frame as one JSON array.</summary>
    public static void Write(IBufferWriter<byte> buffer, IReadOnlyList<RunEvent> events)
    {
        using (var json = WriterTo(buffer)) Append(buffer, json, events, 0);
        End(buffer, events);
    }

    /// <summary>A writer for <see cref="Append"/>.</summary>
    internal static Utf8JsonWriter WriterTo(IBufferWriter<byte> buffer) => new(buffer, Options);

    /// <summary>Writes the events of a frame that is not complete from the one numbered <paramref name="from"/> on, behind those before it.</summary>
    internal static void Append(IBufferWriter<byte> buffer, Utf8JsonWriter json, IReadOnlyList<RunEvent> events, int from)
    {
        for (var i = from; i < events.Count; i++)
        {
            buffer.Write(i == 0 ? "["u8 : ","u8);
            Write(json, events[i], i == 0 ? null : events[i - 1]);
            json.Flush();
            json.Reset();
        }
    }

    /// <summary>Ends the array; nothing more can be appended.</summary>
    public static void End(IBufferWriter<byte> buffer, IReadOnlyList<RunEvent> events) => buffer.Write(events.Count == 0 ? "[]"u8 : "]"u8);

    /// <param name="before">The event before it in the frame.</param>
    private static void Write(Utf8JsonWriter json, RunEvent happened, RunEvent? before)
    {
        json.WriteStartObject();
        switch (happened)
        {
            case RunEvent.Started e:
                Head(json, "started"u8, e.Node);
                json.WriteNumber("a"u8, e.Attempt);
                if (e.Incarnation != 0) json.WriteNumber("inc"u8, e.Incarnation);
                if (e.Variant != 0) json.WriteNumber("var"u8, e.Variant);
                break;
            case RunEvent.Ended e:
                Head(json, "ended"u8, e.Node);
                if (e.Status != NodeStatus.Completed) json.WriteString("status"u8, WireNames.Of(e.Status));
                if (e.Output is not null && IsAnswerOf(before, e)) json.WriteString("out"u8, AnswerBefore);
                else if (e.Output is not null) Reference(json, "out"u8, e.Output);
                if (e.Error is not null) Error(json, e.Error);
                if (!e.Signal.IsNull) Data(json, "signal"u8, e.Signal);
                break;
            case RunEvent.Skipped e:
                Head(json, "skipped"u8, e.Node);
                json.WriteString("because"u8, WireNames.Of(e.Because));
                break;
            case RunEvent.StepIntended e:
                Head(json, "intent"u8, e.Node);
                if (e.Step != 0) json.WriteNumber("step"u8, e.Step);
                Call(json, e.Call);
                break;
            case RunEvent.StepEnded e:
                Head(json, "result"u8, e.Node);
                if (e.Step != 0) json.WriteNumber("step"u8, e.Step);
                Result(json, e.Result);
                break;
            case RunEvent.AttemptFailed e:
                Head(json, "attempt_failed"u8, e.Node);
                Error(json, e.Error);
                if (e.NextVariant != 0) json.WriteNumber("var"u8, e.NextVariant);
                if (e.RetryAtMs != 0) json.WriteNumber("at"u8, e.RetryAtMs);
                break;
            case RunEvent.Suspended e:
                Head(json, "suspended"u8, e.Node);
                json.WriteNumber("until"u8, e.UntilMs);
                break;
            case RunEvent.Overdue e: Head(json, "overdue"u8, e.Node); break;
            case RunEvent.Decided e: Head(json, "decided"u8, e.Node); break;
            case RunEvent.Reopened e: Head(json, "reopened"u8, e.Node); break;
            case RunEvent.AttemptInterrupted e: Head(json, "interrupted"u8, e.Node); break;
            case RunEvent.Cancelling e:
                Head(json, "cancelling"u8, e.Node);
                if (e.Error is not null) Error(json, e.Error);
                if (e.KeepsResult) json.WriteBoolean("keep"u8, true);
                break;
            case RunEvent.Expanded e:
                Head(json, "expanded"u8, e.Node);
                Opening(json, e.Opening);
                break;
            case RunEvent.Stopping e:
                json.WriteString("e"u8, "stopping"u8);
                json.WriteString("status"u8, WireNames.Of(e.Status));
                json.WriteString("reason"u8, e.Reason);
                break;
            case RunEvent.RunEnded e:
                json.WriteString("e"u8, "run_ended"u8);
                json.WriteString("status"u8, WireNames.Of(e.Status));
                json.WriteString("reason"u8, e.Reason);
                break;
            case RunEvent.RunStarted e:
                json.WriteString("e"u8, "run_started"u8);
                json.WriteNumber("v"u8, RunEvent.FormatVersion);
                json.WriteString("run"u8, e.Run);
                json.WriteString("workflow"u8, e.Workflow);
                json.WriteString("definition"u8, e.DefinitionHash);
                Reference(json, "bundle"u8, e.Bundle);
                Limits(json, e.Limits);
                break;
            case RunEvent.RunResumed e:
                json.WriteString("e"u8, "run_resumed"u8);
                json.WriteNumber("epoch"u8, e.Epoch);
                Limits(json, e.Limits);
                break;
            case RunEvent.Reused e:
                Head(json, "reused"u8, e.Node);
                json.WriteString("run"u8, e.Run);
                json.WriteString("path"u8, e.Path);
                break;
            case RunEvent.Asked e:
                json.WriteString("e"u8, "asked"u8);
                json.WriteString("verb"u8, e.Verb);
                json.WriteString("by"u8, e.By);
                json.WriteString("reason"u8, e.Reason);
                if (e.Rollback) json.WriteBoolean("rollback"u8, true);
                break;
            case RunEvent.Assumed e:
                Head(json, "assumed"u8, e.Node);
                if (e.Happened) json.WriteBoolean("happened"u8, true);
                if (e.Output is not null) Reference(json, "out"u8, e.Output);
                json.WriteString("by"u8, e.By);
                break;
            case RunEvent.RollingBack e:
                json.WriteString("e"u8, "rolling_back"u8);
                json.WriteString("status"u8, WireNames.Of(e.Status));
                json.WriteString("reason"u8, e.Reason);
                if (e.All) json.WriteBoolean("all"u8, true);
                break;
            case RunEvent.Forked e:
                json.WriteString("e"u8, "forked"u8);
                json.WriteNumber("v"u8, 1);
                json.WriteString("run"u8, e.Run);
                json.WriteString("parent"u8, e.Parent);
                json.WriteNumber("up_to"u8, e.UpTo);
                if (e.Definition is null) break;
                json.WriteString("definition"u8, e.Definition.Hash);
                Reference(json, "bundle"u8, e.Definition.Bundle);
                break;
            case RunEvent.Invalidated e:
                json.WriteString("e"u8, "invalidated"u8);
                json.WriteStartArray("nodes"u8);
                foreach (var node in e.Nodes) json.WriteNumberValue(node);
                json.WriteEndArray();
                if (e.Named.Count == 0) break;
                json.WriteStartArray("named"u8);
                foreach (var node in e.Named) json.WriteNumberValue(node);
                json.WriteEndArray();
                break;
            case RunEvent.OutputSet e:
                Head(json, "output_set"u8, e.Node);
                Reference(json, "out"u8, e.Output);
                break;
            case RunEvent.WaitOpened or RunEvent.WaitAnswered or RunEvent.WaitReminded or RunEvent.WaitExpired: WaitEvents.Write(json, happened); break;
            default: throw new ArgumentException($"No wire form for {happened.GetType().Name}.", nameof(happened));
        }
        json.WriteEndObject();
    }

    /// <summary>Stands for an output that is the answer of the call whose result is the event before: what a model says is kept once.</summary>
    internal const string AnswerBefore = "res";

    private static bool IsAnswerOf(RunEvent? before, RunEvent.Ended ended) =>
        before is RunEvent.StepEnded { Result.Response: { Inline.IsText: true } answer } result && result.Node == ended.Node
            && ended.Output is { Inline.IsText: true } output && output.Inline.AsText == answer.Inline.AsText && output.Labels == answer.Labels;

    internal static void Head(Utf8JsonWriter json, ReadOnlySpan<byte> name, int node)
    {
        json.WriteString("e"u8, name);
        json.WriteNumber("n"u8, node);
    }

    internal static void Data(Utf8JsonWriter json, ReadOnlySpan<byte> name, Value value)
    {
        json.WritePropertyName(name);
        ValueJson.Write(json, value);
    }

    /// <summary>An inline value as <c>{"v":…}</c>, an artifact as <c>{"sha256":…,"bytes":…}</c>.</summary>
    internal static void Reference(Utf8JsonWriter json, ReadOnlySpan<byte> name, ValueRef reference)
    {
        json.WriteStartObject(name);
        if (reference.Artifact is { } artifact)
        {
            json.WriteString("sha256"u8, artifact.Hex);
            json.WriteNumber("bytes"u8, reference.Bytes);
            if (reference.IsText) json.WriteBoolean("text"u8, true);
        }
        else Data(json, "v"u8, reference.Inline);
        Labelled(json, reference.Labels);
        json.WriteEndObject();
    }

    private static void Labelled(Utf8JsonWriter json, Labels labels)
    {
        if (labels.Flags != 0) json.WriteNumber("labels"u8, labels.Flags);
        if (labels.Readers is { } readers) Data(json, "readers"u8, Value.OfTexts(readers));
        if (labels.TypedFields.Count > 0) Data(json, "typed"u8, Value.OfTexts(labels.TypedFields));
    }

    private static void Error(Utf8JsonWriter json, NodeError error)
    {
        json.WriteString("code"u8, error.Code.Name);
        json.WriteString("msg"u8, error.Message);
        Labelled(json, error.Labels);
    }

    private static void Call(Utf8JsonWriter json, StepCall call)
    {
        if (call.Kind != StepKind.Model) json.WriteString("kind"u8, "tool"u8);
        json.WriteString("name"u8, call.Name);
        json.WriteString("key"u8, call.Key);
        if (call.PromptTokensMax != 0) json.WriteNumber("prompt_max"u8, call.PromptTokensMax);
        if (call.TokensMax != 0) json.WriteNumber("tokens_max"u8, call.TokensMax);
        if (call.UsdMax is { } usd) json.WriteNumber("usd_max"u8, usd.Amount);
        if (call.Provider.Length > 0) json.WriteString("provider"u8, call.Provider);
        if (call.Effect != EffectClass.Pure) json.WriteString("effect"u8, WireNames.Of(call.Effect));
        if (call.Agent.Length > 0) json.WriteString("agent"u8, call.Agent);
        if (call.After is { } after) json.WriteNumber("after"u8, after);
        if (call.Ruling is { } ruling) Ruling(json, ruling);
        if (call.Request is not null) Reference(json, "req"u8, call.Request);
    }

    private static void Ruling(Utf8JsonWriter json, PolicyRuling ruling)
    {
        json.WriteStartObject("policy"u8);
        json.WriteString("decision"u8, WireNames.Of(ruling.Decision));
        json.WriteString("rule"u8, ruling.Rule);
        if (ruling.Reason.Length > 0) json.WriteString("reason"u8, ruling.Reason);
        if (ruling.Wait.Length > 0) json.WriteString("wait"u8, ruling.Wait);
        if (ruling.By.Length > 0) json.WriteString("by"u8, ruling.By);
        json.WriteEndObject();
    }

    private static void Result(Utf8JsonWriter json, StepResult result)
    {
        if (result.Response is not null) Reference(json, "res"u8, result.Response);
        json.WriteStartArray("tokens"u8);
        foreach (var count in result.Usage.ToCounts()) json.WriteNumberValue(count);
        json.WriteEndArray();
        if (result.Cost.Amount != 0) json.WriteNumber("usd"u8, result.Cost.Amount);
        json.WriteNumber("ms"u8, Math.Round(result.DurationMs, 3));
        if (result.FirstTokenMs != 0) json.WriteNumber("first_ms"u8, Math.Round(result.FirstTokenMs, 3));
        if (result.AnsweredBy is not null) json.WriteString("by"u8, result.AnsweredBy);
        if (result.FinishReason is not null) json.WriteString("finish"u8, result.FinishReason);
        if (result.IsBound) json.WriteBoolean("bound"u8, true);
        if (result.IsRefused) json.WriteBoolean("refused"u8, true);
        if (result.Error is not null) Error(json, result.Error);
    }

    private static void Opening(Utf8JsonWriter json, ScopeOpening opening)
    {
        json.WriteString("kind"u8, WireNames.Of(opening.Kind));
        if (opening.Fragment != 0) json.WriteNumber("frag"u8, opening.Fragment);
        if (opening.Ordinal != 0) json.WriteNumber("ord"u8, opening.Ordinal);
        json.WriteNumber("count"u8, opening.Count);
        if (opening.ConcurrencyMax != 0) json.WriteNumber("cap"u8, opening.ConcurrencyMax);
        if (opening.FailuresMax != -1) json.WriteNumber("tolerate"u8, opening.FailuresMax);
        if (opening.Bindings is not null) Reference(json, "bind"u8, opening.Bindings);
        if (opening.Proposed is not null) Reference(json, "proposed"u8, opening.Proposed);
    }

    private static void Limits(Utf8JsonWriter json, RunLimits limits)
    {
        json.WriteStartObject("limits"u8);
        json.WriteNumber("max_concurrent"u8, limits.MaxConcurrent);
        if (limits.Rpm is { } rpm) json.WriteNumber("rpm"u8, rpm);
        if (limits.Tpm is { } tpm) json.WriteNumber("tpm"u8, tpm);
        if (limits.Budget is { } budget)
        {
            json.WriteStartObject("budget"u8);
            if (budget.MaxTokens is { } tokens) json.WriteNumber("tokens"u8, tokens);
            if (budget.MaxUsd is { } usd) json.WriteNumber("usd"u8, usd.Amount);
            if (budget.MaxModelCalls is { } models) json.WriteNumber("model_calls"u8, models);
            if (budget.MaxToolCalls is { } tools) json.WriteNumber("tool_calls"u8, tools);
            if (budget.MaxSteps is { } steps) json.WriteNumber("steps"u8, steps);
            if (budget.MaxContextTokens is { } context) json.WriteNumber("context"u8, context);
            if (budget.MaxTime is { } time) json.WriteNumber("ms"u8, (long)time.TotalMilliseconds);
            if (budget.MaxRetries is { } retries) json.WriteNumber("retries"u8, retries);
            json.WriteString("on_exceeded"u8, WireNames.Of(budget.OnExceeded));
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
