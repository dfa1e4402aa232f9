using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>
/// The failure contract of agents: an answer that is a JSON object with one of eight error codes says that the task is not done. It ends
/// the attempt as a failure and never reaches a dependant as text.
/// </summary>
internal static class AgentFailure
{
    private const string CodeField = "error_code";

    /// <summary>The contract's code to the format's; what a further attempt may mend is retryable there.</summary>
    private static readonly Dictionary<string, ErrorCode> Codes = new(StringComparer.Ordinal)
    {
        ["BLOCKED_BY_DEPENDENCY"] = ErrorCode.BadRequest,
        ["MISSING_INPUT"] = ErrorCode.BadRequest,
        ["TOOL_FAILURE"] = ErrorCode.ToolFailed,
        ["MAX_ITERATIONS_REACHED"] = ErrorCode.InvalidOutput,
        ["INSUFFICIENT_CONTEXT"] = ErrorCode.BadRequest,
        ["SECURITY_VIOLATION"] = ErrorCode.PolicyDenied,
        ["HUMAN_INTERVENTION_REQUIRED"] = ErrorCode.PolicyDenied,
        ["UNKNOWN_FAILURE"] = ErrorCode.ToolFailed,
    };

    /// <summary>The failure that an answer tells of; null: it is an answer.</summary>
    public static AttemptOutcome.Failed? Read(string agent, string answer)
    {
        var text = answer.AsSpan().Trim();
        if (!text.StartsWith("{") || !answer.Contains(CodeField, StringComparison.Ordinal)) return null;
        if (!ValueJson.TryParse(text.ToString(), out var said) || !said.IsObject || said.AsObject.GetOrNull(CodeField).TextOrNull is not { } name || !Codes.TryGetValue(name, out var code)) return null;
        var told = said.AsObject;
        var more = string.Concat(Part("last successful step", "last_successful_step"), Part("context", "context_summary"), Part("suggested next", "suggested_next_step"));
        return new AttemptOutcome.Failed(code, $"{name}: '{agent}' says: {told.GetOrNull("message").TextOrNull ?? "nothing more"}{more}");

        string Part(string words, string field) => told.GetOrNull(field) is { IsNull: false } value && value.ToDisplayText() is { Length: > 0 } text ? $"; {words}: {text}" : "";
    }
}
