using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>What spans of a run are to hold.</summary>
public sealed record SpanOptions
{
    /// <summary>Prompts and answers are put on the spans. Default: false, they carry references alone.</summary>
    public bool CaptureContent { get; init; }
    /// <summary>Reads content that lies in artifacts; null: only content inside the journal can be captured.</summary>
    public Func<ValueRef, Value>? Read { get; init; }
    /// <summary>Only what ended after this, in milliseconds since the run began (<see cref="RunTrace.EarlierEndMs"/>): the rest was sent when the run had ended before. Default: everything.</summary>
    public double EndedAfterMs { get; init; } = -1;

    /// <summary>Options by the standard's own environment variable.</summary>
    public static SpanOptions From(Func<string, string?> environment, Func<ValueRef, Value>? read = null) => new()
    {
        CaptureContent = environment(SpanNames.CaptureContent)?.Trim().ToLowerInvariant() is "true" or "1" or "span_only" or "span_and_event",
        Read = read,
    };
}

/// <summary>
/// A run as spans: the workflow, below it nodes, below them attempts, below them calls; composites are the parents of what
/// they opened. What has not ended has no span, save the run itself, which then ends with its last frame.
/// </summary>
public static class RunSpans
{
    /// <summary>The spans, parents first, made one by one.</summary>
    public static IEnumerable<TraceSpan> Of(RunTrace trace, SpanOptions? options = null)
    {
        var build = new SpanBuilder(trace, options ?? new SpanOptions());
        return build.All();
    }
}

internal sealed class SpanBuilder(RunTrace trace, SpanOptions options)
{
    private readonly string _traceId = SpanIds.TraceOf(trace.Run, trace.StartedAtMs);

    public IEnumerable<TraceSpan> All()
    {
        yield return Workflow();
        foreach (var span in Below(trace.Scopes[0])) yield return span;
    }

    /// <summary>Node by node, each with what lies below it.</summary>
    private IEnumerable<TraceSpan> Below(Scope scope)
    {
        foreach (var node in trace.NodesOf(scope))
        {
            if (node.QueuedMs is null && node.EndedMs is null) continue;
            foreach (var span in OwnSpans(node)) yield return span;
            foreach (var opened in trace.ScopesOf(node))
            {
                foreach (var span in Below(opened)) yield return span;
            }
        }
    }

    private IEnumerable<TraceSpan> OwnSpans(NodeTrace node)
    {
        var path = node.Path;
        if (node.EndedMs is { } ended && ended > options.EndedAfterMs) yield return Node(node, path, ended);
        foreach (var attempt in node.Attempts)
        {
            if (attempt.EndedMs is { } over && over > options.EndedAfterMs) yield return Attempt(node, path, attempt, over);
            foreach (var step in attempt.Steps)
            {
                if (step is { EndedMs: { } answered, Result: { } result } && answered > options.EndedAfterMs) yield return Step(path, attempt, step, result, answered);
            }
        }
    }

    private TraceSpan Workflow() => Span(SpanIds.WorkflowOf(_traceId), null, $"{SpanNames.InvokeWorkflow} {trace.Workflow}", 0, trace.EndedMs ?? trace.LastMs,
        new SpanAttributes()
            .Add(SpanNames.OperationName, SpanNames.InvokeWorkflow)
            .Add(SpanNames.WorkflowName, trace.Workflow)
            .Add(SpanNames.RunId, trace.Run)
            .Text(SpanNames.DefinitionHash, trace.DefinitionHash)
            .Add(SpanNames.RunStatus, WireNames.Of(trace.Status))
            .Text(SpanNames.RunReason, trace.Reason)
            .Count(SpanNames.RunResumes, trace.Resumes)
            .Spent(trace.Spent)
            .Tags(trace.Tags)
            .Text(SpanNames.ErrorType, trace.Status is RunStatus.Failed or RunStatus.Stopped or RunStatus.Cancelled ? WireNames.Of(trace.Status) : null),
        trace.Status is RunStatus.Failed or RunStatus.Stopped or RunStatus.Cancelled ? trace.Reason : null);

    private TraceSpan Node(NodeTrace node, string path, long endedMs)
    {
        var (operation, name) = NameOf(node);
        var isBad = node.Status is NodeStatus.Failed or NodeStatus.BudgetExceeded;
        var startedMs = node.StartedMs ?? endedMs;
        var parent = node.Parent < 0 ? SpanIds.WorkflowOf(_traceId) : SpanIds.NodeOf(_traceId, trace.Nodes[node.Parent].Path);
        return Span(SpanIds.NodeOf(_traceId, path), parent, operation is null ? $"node {name}" : $"{operation} {name}", startedMs, endedMs,
            new SpanAttributes()
                .Text(SpanNames.OperationName, operation)
                .Text(operation == SpanNames.InvokeAgent ? SpanNames.AgentName : SpanNames.WorkflowName, operation is null ? null : name)
                .Add(SpanNames.NodePath, path)
                .Add(SpanNames.NodeType, node.Type)
                .Add(SpanNames.NodeStatus, WireNames.Of(node.Status))
                .Text(SpanNames.NodeBecause, node.Because)
                .Count(SpanNames.NodeAttempts, node.AttemptCount)
                .Count(SpanNames.NodeQueuedMs, startedMs - (node.QueuedMs ?? startedMs))
                .Text(SpanNames.Variant, node.Variant.Kind == VariantKind.Written ? null : TraceText.Of(node.Variant))
                .Spent(node.Spent)
                .Reference(SpanNames.Output, node.Output)
                .Tags(node.Node.Settings.Tags)
                .Text(SpanNames.ErrorType, isBad ? node.Error?.Code.Name ?? "failed" : null),
            isBad ? node.Error?.Message ?? "" : null);
    }

    /// <summary>An agent's node is an agent, a subgraph's a workflow, any other has no name in the conventions.</summary>
    private (string? Operation, string Name) NameOf(NodeTrace node)
    {
        // An inline body goes by its composite's name, as its path does.
        var id = node.Scope.Plan.IsInline ? trace.Nodes[node.Parent].Node.Id.Text : node.Node.Id.Text;
        if (node.Type == ModelCallFields.NodeType) return (SpanNames.InvokeAgent, node.Node.Spec.Fields.GetOrNull("agent").TextOrNull ?? id);
        return node.Node.Spec.Linked is { } linked ? (SpanNames.InvokeWorkflow, linked.Name) : (null, id);
    }

    private TraceSpan Attempt(NodeTrace node, string path, AttemptTrace attempt, long endedMs)
    {
        var variant = node.Node.Variants[attempt.Variant];
        var isBad = attempt.End is AttemptEnd.Failed or AttemptEnd.BudgetExceeded or AttemptEnd.Cut;
        return Span(SpanIds.AttemptOf(_traceId, path, attempt.Number, attempt.Incarnation), SpanIds.NodeOf(_traceId, path), "attempt", attempt.StartedMs, endedMs,
            new SpanAttributes()
                .Add(SpanNames.NodePath, path)
                .Add(SpanNames.AttemptNumber, attempt.Number)
                .Add(SpanNames.AttemptIncarnation, attempt.Incarnation)
                .Add(SpanNames.AttemptEnd, WireNames.Of(attempt.End))
                .Text(SpanNames.Variant, variant.Kind == VariantKind.Written ? null : TraceText.Of(variant))
                .Add(SpanNames.AttemptRetryDelayMs, attempt.RetryDelayMs is { } delay ? delay : Value.Null)
                .Text(SpanNames.ErrorType, isBad ? attempt.Error?.Code.Name ?? WireNames.Of(attempt.End) : null),
            isBad ? attempt.Error?.Message ?? "the process died while the attempt ran" : null);
    }

    private TraceSpan Step(string path, AttemptTrace attempt, StepTrace step, StepResult result, double endedMs)
    {
        var isModel = step.Call.Kind == StepKind.Model;
        var attributes = isModel ? Chat(step, result) : Tool(step.Call, result);
        attributes.Add(SpanNames.NodePath, path).Add(SpanNames.StepIndex, step.Index).Reference(SpanNames.Request, step.Call.Request).Reference(SpanNames.Response, result.Response);
        if (result.IsBound) attributes.Add(SpanNames.CostIsBound, true);
        attributes.Text(SpanNames.ErrorType, result.Error?.Code.Name);
        return Span(SpanIds.StepOf(_traceId, path, attempt.Number, step.Index), SpanIds.AttemptOf(_traceId, path, attempt.Number, attempt.Incarnation),
            $"{(isModel ? SpanNames.Chat : SpanNames.ExecuteTool)} {step.Call.Name}", step.StartedMs, endedMs, attributes, result.Error?.Message, isModel ? SpanKind.Client : SpanKind.Internal);
    }

    private SpanAttributes Chat(StepTrace step, StepResult result)
    {
        var call = step.Call;
        var usage = result.Usage;
        return new SpanAttributes()
            .Add(SpanNames.OperationName, SpanNames.Chat)
            .Text(SpanNames.ProviderName, call.Provider)
            .Add(SpanNames.RequestModel, call.Name)
            .Add(SpanNames.RequestStream, result.FirstTokenMs > 0 ? Value.True : Value.Null)
            .Text(SpanNames.ResponseModel, result.AnsweredBy)
            .Add(SpanNames.ResponseFinishReasons, result.FinishReason is { } finish ? Value.OfTexts([finish]) : Value.Null)
            .Add(SpanNames.ResponseTimeToFirstChunk, result.FirstTokenMs > 0 ? result.FirstTokenMs / 1000 : Value.Null)
            .Add(SpanNames.UsageInputTokens, usage.Prompt)
            .Add(SpanNames.UsageOutputTokens, usage.Generated)
            .Count(SpanNames.UsageCacheReadTokens, usage.CacheRead)
            .Count(SpanNames.UsageCacheCreationTokens, usage.CacheWrite + usage.CacheWriteHour)
            .Count(SpanNames.UsageReasoningTokens, usage.Reasoning)
            .Usd(SpanNames.CostUsd, result.Cost)
            .Add(SpanNames.ReservedUsd, call.UsdMax is { } reserved ? (double)reserved.Usd : Value.Null)
            .Add(SpanNames.ReservedTokens, call.TokensMax)
            .Text(SpanNames.InputMessages, AskedBy(step) is { } asked ? SpanContent.Messages(asked, "user") : null)
            .Text(SpanNames.OutputMessages, ContentOf(result.Response) is { } answered ? SpanContent.Messages(answered, "assistant") : null);
    }

    private SpanAttributes Tool(StepCall call, StepResult result) => new SpanAttributes()
        .Add(SpanNames.OperationName, SpanNames.ExecuteTool)
        .Add(SpanNames.ToolName, call.Name)
        .Add(SpanNames.ToolType, "function")
        .Add(SpanNames.Effect, WireNames.Of(call.Effect))
        .Text(SpanNames.ToolCallArguments, ContentOf(call.Request)?.ToDisplayText())
        .Text(SpanNames.ToolCallResult, ContentOf(result.Response)?.ToDisplayText());

    /// <summary>Content where it was opted in to and can be read; secrets never.</summary>
    private Value? ContentOf(ValueRef? reference)
    {
        if (!options.CaptureContent || reference is null || reference.Labels.IsSecret) return null;
        return reference.Artifact is null ? reference.Inline : options.Read?.Invoke(reference);
    }

    /// <summary>All messages of a call, also those it goes on from; null as <see cref="ContentOf"/> is.</summary>
    private Value? AskedBy(StepTrace step)
    {
        if (step.Call.After is null || ContentOf(step.Call.Request) is null) return ContentOf(step.Call.Request);
        var isWhole = true;
        var asked = step.Asked.Request(part =>
        {
            var content = ContentOf(part);
            isWhole &= content is not null;
            return content ?? Value.Of([]);
        });
        return isWhole ? asked : null;
    }

    private TraceSpan Span(string id, string? parent, string name, double startMs, double endMs, SpanAttributes attributes, string? error, SpanKind kind = SpanKind.Internal) => new()
    {
        TraceId = _traceId,
        SpanId = id,
        ParentId = parent,
        Name = name,
        Kind = kind,
        StartNs = UnixNs(startMs),
        EndNs = UnixNs(Math.Max(startMs, endMs)),
        Attributes = attributes.All,
        IsError = error is not null,
        ErrorMessage = error,
    };

    private long UnixNs(double sinceBeganMs) => (trace.StartedAtMs * 1_000_000) + (long)Math.Round(sinceBeganMs * 1_000_000);
}
