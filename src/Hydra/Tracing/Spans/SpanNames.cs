namespace Hydra.Tracing;

/// <summary>
/// Every name that a span of Hydra carries. Names beginning with <c>gen_ai</c>, <c>error</c> and <c>server</c> are those of
/// the OpenTelemetry GenAI conventions v1.41, all of status "Development"; what the conventions do not name stands under
/// <c>hydra.</c>.
/// </summary>
public static class SpanNames
{
    /// <summary>The conventions that the names below belong to.</summary>
    public const string SchemaUrl = "https://opentelemetry.io/schemas/1.41.0";
    public const string ScopeName = "hydra";
    /// <summary>Environment variable that opts in to prompts and answers on spans.</summary>
    public const string CaptureContent = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    // Values of gen_ai.operation.name.
    public const string InvokeWorkflow = "invoke_workflow";
    public const string InvokeAgent = "invoke_agent";
    public const string Chat = "chat";
    public const string ExecuteTool = "execute_tool";

    // GenAI conventions v1.41.
    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string WorkflowName = "gen_ai.workflow.name";
    public const string AgentName = "gen_ai.agent.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestStream = "gen_ai.request.stream";
    public const string ResponseModel = "gen_ai.response.model";
    public const string ResponseFinishReasons = "gen_ai.response.finish_reasons";
    /// <summary>Seconds.</summary>
    public const string ResponseTimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    /// <summary>All prompt tokens, those of the cache included.</summary>
    public const string UsageInputTokens = "gen_ai.usage.input_tokens";
    /// <summary>All generated tokens, reasoning included.</summary>
    public const string UsageOutputTokens = "gen_ai.usage.output_tokens";
    public const string UsageCacheReadTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string UsageCacheCreationTokens = "gen_ai.usage.cache_creation.input_tokens";
    public const string UsageReasoningTokens = "gen_ai.usage.reasoning.output_tokens";
    public const string ToolName = "gen_ai.tool.name";
    public const string ToolType = "gen_ai.tool.type";
    public const string ErrorType = "error.type";
    // Content, opt-in.
    public const string SystemInstructions = "gen_ai.system_instructions";
    public const string InputMessages = "gen_ai.input.messages";
    public const string OutputMessages = "gen_ai.output.messages";
    public const string ToolCallArguments = "gen_ai.tool.call.arguments";
    public const string ToolCallResult = "gen_ai.tool.call.result";

    // Hydra's own: the run.
    public const string RunId = "hydra.run.id";
    public const string RunStatus = "hydra.run.status";
    public const string RunReason = "hydra.run.reason";
    public const string RunResumes = "hydra.run.resumes";
    public const string DefinitionHash = "hydra.definition.hash";
    /// <summary>Prefix of the tags of runs and nodes.</summary>
    public const string Tag = "hydra.tag.";
    // The node.
    public const string NodePath = "hydra.node.path";
    public const string NodeType = "hydra.node.type";
    public const string NodeStatus = "hydra.node.status";
    public const string NodeBecause = "hydra.node.because";
    public const string NodeAttempts = "hydra.node.attempts";
    /// <summary>Milliseconds from ready to begun.</summary>
    public const string NodeQueuedMs = "hydra.node.queued_ms";
    // The attempt.
    public const string AttemptNumber = "hydra.attempt.number";
    public const string AttemptIncarnation = "hydra.attempt.incarnation";
    public const string AttemptEnd = "hydra.attempt.end";
    public const string AttemptRetryDelayMs = "hydra.attempt.retry_delay_ms";
    /// <summary>What stood in for the node as written: <c>model gpt-x</c>, <c>agent writer</c>, …</summary>
    public const string Variant = "hydra.variant";
    // The call.
    public const string StepIndex = "hydra.step.index";
    public const string Effect = "hydra.tool.effect";
    // Money and tokens, of runs, nodes and calls.
    public const string CostUsd = "hydra.cost.usd";
    /// <summary>True when the call was cut and charged at its bound.</summary>
    public const string CostIsBound = "hydra.cost.is_bound";
    public const string ReservedUsd = "hydra.reserved.usd";
    public const string ReservedTokens = "hydra.reserved.tokens";
    public const string TokensTotal = "hydra.tokens.total";
    public const string ModelCalls = "hydra.calls.model";
    public const string ToolCalls = "hydra.calls.tool";
    // The gateway.
    public const string GatewayDoor = "hydra.gateway.door";
    public const string GatewayCache = "hydra.gateway.cache";
    public const string GatewayAttempts = "hydra.gateway.attempts";
    public const string GatewayFallbacks = "hydra.gateway.fallbacks";
    public const string GatewayDeployment = "hydra.gateway.deployment";
    /// <summary>Why that deployment was asked.</summary>
    public const string GatewayRoute = "hydra.gateway.route";
    public const string GatewayKey = "hydra.gateway.key";
    public const string GatewayTeam = "hydra.gateway.team";
    /// <summary>Milliseconds that the gateway itself took.</summary>
    public const string GatewayOverheadMs = "hydra.gateway.overhead_ms";
    // References to content: of requests, responses and outputs, after one of these prefixes.
    public const string Request = "hydra.request.";
    public const string Response = "hydra.response.";
    public const string Output = "hydra.output.";
    /// <summary>Hash of the artifact.</summary>
    public const string Sha256 = "sha256";
    /// <summary>Size of the artifact in bytes.</summary>
    public const string Bytes = "bytes";
    /// <summary>True: the content lies in the journal itself.</summary>
    public const string Inline = "inline";
}
