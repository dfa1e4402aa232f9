using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>The text form of a <see cref="RunTrace"/>: one line a node, indented lines for what lies below it.</summary>
public static class TraceText
{
    public static void Write(TextWriter text, RunTrace trace)
    {
        text.Write($"run {trace.Run}: {trace.Workflow} {(trace.HasEnded ? WireNames.Of(trace.Status) : "running")}");
        text.Write(trace.Reason.Length > 0 ? $": {OneLine(trace.Reason)}\n" : "\n");
        text.Write($"  {Took(trace)}, {Count(trace.FrameCount, "frame")}{(trace.Resumes == 0 ? "" : $", resumed {trace.Resumes}×")}, {Of(trace.Spent)}\n");
        foreach (var node in trace.Nodes) Write(text, node);
    }

    private static string Took(RunTrace trace) => trace.EndedMs is { } ended ? $"took {Seconds(ended)}" : $"{Seconds(trace.LastMs)} so far";

    public static void Write(TextWriter text, NodeTrace node)
    {
        text.Write($"{node.Path} {node.Type} {WireNames.Of(node.Status)}");
        if (node.Because is { } because) text.Write($" ({because})");
        if (node.InheritedFrom is { } origin) text.Write($" (inherited from {origin})");
        if (node.QueuedMs is { } queued) text.Write($" {Span(queued, node.StartedMs, node.EndedMs)}");
        if (node.ModelAsked is { } asked) text.Write($" {asked}{(node.ModelAnswered is { } answered && answered != asked ? $" → {answered}" : "")}");
        if (node.Spent.Calls > 0) text.Write($" {Of(node.Spent)}");
        text.Write('\n');
        if (node.Attempts is [{ Number: 1, Error: null, Steps.Count: 0 }])
        {
            WriteEnd(text, node);
            return;
        }
        foreach (var attempt in node.Attempts) Write(text, node, attempt);
        WriteEnd(text, node);
    }

    private static void WriteEnd(TextWriter text, NodeTrace node)
    {
        if (node.Error is { } error) text.Write($"  {error.Code}: {OneLine(error.Message)}\n");
        if (node.Output is { } output) text.Write($"  → {Of(output)}\n");
    }

    private static void Write(TextWriter text, NodeTrace node, AttemptTrace attempt)
    {
        var variant = attempt.Variant == 0 ? "" : $" by {Of(node.Node.Variants[attempt.Variant])}";
        var incarnation = attempt.Incarnation == 0 ? "" : $" incarnation {attempt.Incarnation}";
        text.Write($"  attempt {attempt.Number}{incarnation}{variant} {(attempt.End == AttemptEnd.None ? "open" : WireNames.Of(attempt.End))} {Span(attempt.StartedMs, null, attempt.EndedMs)}");
        if (attempt.Error is { } error) text.Write($", {error.Code}: {OneLine(error.Message)}");
        if (attempt.RetryDelayMs is > 0 and var delay) text.Write($", next after {Seconds(delay)}");
        text.Write('\n');
        foreach (var step in attempt.Steps) Write(text, step);
    }

    private static void Write(TextWriter text, StepTrace step)
    {
        text.Write($"    {step.Index} {WireNames.Of(step.Call.Kind)} {step.Call.Name}");
        if (step.Call.Provider.Length > 0) text.Write($" ({step.Call.Provider})");
        if (step.Result is not { } result)
        {
            text.Write($" open since {Seconds(step.StartedMs)}\n");
            return;
        }
        text.Write(result.IsBound ? " cut" : $" {Seconds(result.DurationMs)}");
        if (result.FirstTokenMs > 0) text.Write($", first token {Seconds(result.FirstTokenMs)}");
        if (result.Usage.Total > 0) text.Write($", {Of(result.Usage)}");
        if (result.Cost.Amount > 0) text.Write($", {result.Cost} USD");
        if (result.HasUnknownCost(step.Call)) text.Write(", price unknown");
        if (result.FinishReason is { } finish) text.Write($", {finish}");
        if (result.IsBound) text.Write(", charged at its bound");
        if (result is { IsBound: false, Error: { } error }) text.Write($", {error.Code}: {OneLine(error.Message)}");
        text.Write('\n');
    }

    /// <summary>Milliseconds as seconds with three digits: <c>1.204 s</c>.</summary>
    public static string Seconds(double ms) => $"{ms / 1000:0.000} s";

    public static string Of(Spend spent) =>
        spent.Calls == 0 ? "no calls" : $"{Calls(spent)}, {Of(spent.Tokens)}, {spent.Usd} USD{spent.UnpricedText}";

    private static string Calls(Spend spent)
    {
        if (spent.ToolCalls == 0) return Count(spent.ModelCalls, "model call");
        return spent.ModelCalls == 0 ? Count(spent.ToolCalls, "tool call") : $"{Count(spent.ModelCalls, "model call")}, {Count(spent.ToolCalls, "tool call")}";
    }

    public static string Of(TokenUsage usage)
    {
        if (usage.Total == 0) return "0 tokens";
        var parts = new List<string>(5);
        Add("in", usage.Input);
        Add("out", usage.Output);
        Add("cache read", usage.CacheRead);
        Add("cache write", usage.CacheWrite);
        Add("cache write 1h", usage.CacheWriteHour);
        Add("reasoning", usage.Reasoning);
        Add("audio in", usage.InputAudio);
        Add("audio out", usage.OutputAudio);
        return $"{Count(usage.Total, "token")} ({string.Join(", ", parts)})";

        void Add(string name, long count)
        {
            if (count > 0) parts.Add($"{count:N0} {name}");
        }
    }

    /// <summary>A value as a reference: an artifact by hash and size, an inline value by kind and size.</summary>
    public static string Of(ValueRef reference)
    {
        var labels = reference.Labels.IsNone ? "" : $" [{reference.Labels}]";
        if (reference.Artifact is { } artifact) return $"sha256:{artifact.Hex} ({reference.Bytes:N0} bytes){labels}";
        return reference.Inline.TextOrNull is { } inline ? $"inline text ({Count(inline.Length, "character")}){labels}" : $"inline {WireNames.Of(reference.Inline.Kind)}{labels}";
    }

    public static string Of(Variant variant) => variant.Kind == VariantKind.Written ? "the node as written" : $"{WireNames.Of(variant.Kind)} {variant.Name}";

    public static string Count(long count, string what) => $"{count:N0} {what}{(count == 1 ? "" : "s")}";

    internal static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static string Span(long from, long? started, long? ended)
    {
        var wait = started is { } at && at > from ? $" (waited {Seconds(at - from)})" : "";
        return ended is { } end ? $"{Seconds(from)} to {Seconds(end)}{wait}" : $"since {Seconds(from)}{wait}";
    }
}
