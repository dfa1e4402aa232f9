using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>The document that <c>hydra run --json</c> prints.</summary>
public static class RunReportJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true };

    /// <summary>Writes the document; nodes are written one by one, so a large run needs no large document in memory.</summary>
    /// <param name="outputs">Outputs of the sinks by node id.</param>
    /// <param name="trace">Null when nothing was started.</param>
    /// <param name="reason">Why nothing was started; else the trace's own reason stands.</param>
    /// <param name="waits">What waits for people, as a list; left out where there is none.</param>
    public static void Write(Stream stream, RunTrace? trace, int exitCode, ValueMap outputs, IReadOnlyList<Problem> problems, string reason = "", Value waits = default)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartObject();
        if (trace is not null)
        {
            json.WriteString("run_id"u8, trace.Run);
            json.WriteString("workflow"u8, trace.Workflow);
            json.WriteString("definition_hash"u8, trace.DefinitionHash);
        }
        else json.WriteNull("run_id"u8);
        if (trace?.ForkedFrom is { } parent) json.WriteString("forked_from"u8, parent);
        json.WriteString("status"u8, trace is null ? "rejected" : WireNames.Of(trace.Status));
        json.WriteNumber("exit_code"u8, exitCode);
        json.WriteString("reason"u8, trace is null ? reason : trace.Reason);
        json.WritePropertyName("outputs"u8);
        ValueJson.Write(json, outputs);
        json.WriteStartObject("nodes"u8);
        foreach (var node in trace?.Nodes ?? [])
        {
            Write(json, node);
            if (json.BytesPending > 1 << 16) json.Flush();
        }
        json.WriteEndObject();
        json.WritePropertyName("spent"u8);
        ValueJson.Write(json, (trace?.Spent ?? Spend.Nothing).ToValue());
        if (trace is { State.RollbackAs: not null }) Write(json, RollbackReceipt.Of(trace.State));
        if (trace is not null) json.WriteNumber("took_ms"u8, trace.EndedMs ?? trace.LastMs);
        if (waits.IsList)
        {
            json.WritePropertyName("waits"u8);
            ValueJson.Write(json, waits);
        }
        json.WriteStartArray("problems"u8);
        foreach (var problem in problems) Write(json, problem);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RollbackReceipt receipt)
    {
        json.WriteStartObject("rollback"u8);
        json.WriteStartArray("undone"u8);
        foreach (var path in receipt.Undone) json.WriteStringValue(path);
        json.WriteEndArray();
        json.WriteStartArray("not_undone"u8);
        foreach (var (path, error) in receipt.NotUndone)
        {
            json.WriteStartObject();
            json.WriteString("node"u8, path);
            json.WriteString("code"u8, error?.Code.Name ?? "");
            json.WriteString("message"u8, error?.Message ?? "");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, NodeTrace node)
    {
        json.WriteStartObject(node.Path);
        json.WriteString("type"u8, node.Type);
        json.WriteString("status"u8, WireNames.Of(node.Status == NodeStatus.Dormant ? NodeStatus.Pending : node.Status));
        if (node.Because is { } because) json.WriteString("because"u8, because);
        if (node.InheritedFrom is { } origin) json.WriteString("inherited_from"u8, origin);
        json.WriteNumber("attempts"u8, node.AttemptCount);
        json.WriteNumber("cost_usd"u8, node.Spent.Usd.Usd);
        json.WriteNumber("tokens"u8, node.Spent.Tokens.Total);
        Time(json, "queued_ms"u8, node.QueuedMs);
        Time(json, "started_ms"u8, node.StartedMs);
        Time(json, "ended_ms"u8, node.EndedMs);
        if (node.ModelAsked is { } asked)
        {
            json.WriteString("model"u8, asked);
            if (node.ModelAnswered is { } answered) json.WriteString("answered_by"u8, answered);
        }
        if (node.Error is { } error)
        {
            json.WriteStartObject("error"u8);
            json.WriteString("code"u8, error.Code.Name);
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? ms)
    {
        if (ms is { } known) json.WriteNumber(name, known);
        else json.WriteNull(name);
    }

    private static void Write(Utf8JsonWriter json, Problem problem)
    {
        json.WriteStartObject();
        json.WriteString("code"u8, problem.Code);
        json.WriteString("severity"u8, WireNames.Of(problem.Severity));
        json.WriteString("file"u8, problem.File);
        json.WriteNumber("line"u8, problem.At.Line);
        json.WriteNumber("column"u8, problem.At.Column);
        json.WriteString("message"u8, problem.Message);
        json.WriteEndObject();
    }
}
