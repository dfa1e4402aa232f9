using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>
/// Which failure is which: one table for all providers. What a body says wins over its status, because money, length and filters come
/// in any status. Pure.
/// </summary>
/// <remarks>
/// Sources: the providers' own error pages (platform.openai.com/docs/guides/error-codes, docs.anthropic.com/en/api/errors,
/// ai.google.dev/gemini-api/docs/troubleshooting, docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html,
/// learn.microsoft.com/azure/ai-services/openai/concepts/content-filter) and the sources of vLLM and llama.cpp.
/// </remarks>
internal static class ErrorTable
{
    private static readonly string[] Length =
    [
        "maximum context length", "prompt is too long", "context window", "input token count", "exceed context limit",
        "input is too long", "available context size", "maximum allowed length", "reduce the length of the messages",
        "too many input tokens", "larger than the maximum", "exceeds the maximum number of tokens",
    ];

    private static readonly string[] Filter =
    [
        "content management policy", "content policy", "content filtering policy", "usage policy",
        "flagged as potentially violating", "blocked by our safety", "safety system",
    ];

    private static readonly string[] Money =
    [
        "credit balance is too low", "insufficient balance", "insufficient credits", "exceeded your current quota",
        "reached your specified api usage limits", "spend limit", "billing hard limit",
    ];

    /// <param name="status">HTTP status; 200 or 0 for an error inside a stream.</param>
    /// <param name="isHtml">A page comes from a proxy or a wall, which knows nothing of keys.</param>
    public static (ErrorCode Code, ErrorClass Class) Classify(int status, ProviderError error, bool isHtml = false)
    {
        if (error.Is("context_length_exceeded", "exceed_context_size_error", "request_too_large")
            || error.Says(Length)) return (ErrorCode.ContextLength, ErrorClass.ContextWindow);
        if (error.Is("content_policy_violation", "content_filter", "ResponsibleAIPolicyViolation", "invalid_prompt",
            "GuardrailIntervened") || error.Says(Filter)) return (ErrorCode.ContentFiltered, ErrorClass.ContentPolicy);
        if (error.Is("budget_exceeded")) return (ErrorCode.Budget, ErrorClass.OutOfMoney);
        // Money, not rate: waiting does not help, so the user is told as of a key that no longer works.
        if (error.Is("insufficient_quota", "credit_balance_exhausted", "enforced_spend_limit_reached", "billing_error",
            "billing_hard_limit_reached", "billing_not_active") || error.Says(Money))
        {
            return (ErrorCode.Auth, ErrorClass.OutOfMoney);
        }
        if (error.Is("tool_use_failed")) return (ErrorCode.InvalidOutput, ErrorClass.RetrySame);   // Groq: the model's slip
        if (error.Is("API_KEY_INVALID", "UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException",
            "InvalidSignatureException")) return (ErrorCode.Auth, ErrorClass.CredentialDead);       // Google sends 400 here
        if (isHtml && status is (401 or 403)) return (ErrorCode.Auth, ErrorClass.NeverRetry);
        return status switch
        {
            402 => (ErrorCode.Auth, ErrorClass.OutOfMoney),
            401 or 403 => (ErrorCode.Auth, ErrorClass.CredentialDead),
            408 or 504 => (ErrorCode.Timeout, ErrorClass.RetrySame),
            413 => (ErrorCode.ContextLength, ErrorClass.ContextWindow),
            429 when error.Is("ModelNotReadyException") => (ErrorCode.ProviderError, ErrorClass.RetrySame),
            429 when error.Is("service_tier_capacity_exceeded", "engine_overloaded") => Overloaded,
            429 => (ErrorCode.RateLimited, ErrorClass.RateLimited),
            498 or 529 => Overloaded,                              // Groq's and Anthropic's own
            >= 500 when IsOverload(error) => Overloaded,
            409 or 424 or 425 or >= 500 => (ErrorCode.ProviderError, ErrorClass.RetrySame),
            >= 300 => (ErrorCode.BadRequest, ErrorClass.NeverRetry),
            _ => ByName(error),
        };
    }

    private static (ErrorCode, ErrorClass) Overloaded => (ErrorCode.ProviderError, ErrorClass.Overloaded);

    private static bool IsOverload(ProviderError error) =>
        error.Is("overloaded_error", "UNAVAILABLE", "ServiceUnavailableException") || error.Says("overloaded", "at capacity");

    /// <summary>Inside a stream the status says 200 and only the error's own name is left.</summary>
    private static (ErrorCode, ErrorClass) ByName(ProviderError error)
    {
        if (IsOverload(error)) return Overloaded;
        if (error.Is("rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED", "ThrottlingException"))
        {
            return (ErrorCode.RateLimited, ErrorClass.RateLimited);
        }
        if (error.Is("authentication_error", "permission_error", "invalid_api_key", "PERMISSION_DENIED",
            "UNAUTHENTICATED")) return (ErrorCode.Auth, ErrorClass.CredentialDead);
        if (error.Is("timeout_error", "ModelTimeoutException")) return (ErrorCode.Timeout, ErrorClass.RetrySame);
        if (error.Is("invalid_request_error", "not_found_error", "INVALID_ARGUMENT", "ValidationException"))
        {
            return (ErrorCode.BadRequest, ErrorClass.NeverRetry);
        }
        return (ErrorCode.ProviderError, ErrorClass.RetrySame);
    }
}
