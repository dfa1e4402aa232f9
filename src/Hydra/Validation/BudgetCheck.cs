using Hydra.Model;

namespace Hydra.Validation;

/// <summary>Limits that contradict each other, or let nothing run.</summary>
internal static class BudgetCheck
{
    public static void Check(BudgetSpec? budget, BudgetSpec? outer, SourcePosition at, string who, ProblemList problems)
    {
        if (budget is null) return;
        foreach (var (name, limit, outerLimit) in Limits(budget, outer))
        {
            if (limit == 0 && name is not ("max_retries" or "max_tool_calls"))
                problems.Warning(ProblemCodes.BadBudget, at, $"the budget of {who} has `{name}: 0`, so no model can be called. Raise it, or remove the line.");
            if (limit > outerLimit)
                problems.Warning(ProblemCodes.BadBudget, at, $"the budget of {who} has `{name}: {limit}`, more than the workflow's own {outerLimit}, which counts first. Lower it, or raise the workflow's.");
        }
        if (budget.MaxContextTokens > budget.MaxTokens)
            problems.Warning(ProblemCodes.BadBudget, at, $"the budget of {who} allows prompts of {budget.MaxContextTokens} tokens and {budget.MaxTokens} tokens in all. Lower `max_context_tokens`, or raise `max_tokens`.");
    }

    private static IEnumerable<(string Name, decimal Limit, decimal? Outer)> Limits(BudgetSpec budget, BudgetSpec? outer)
    {
        if (budget.MaxTokens is { } tokens) yield return ("max_tokens", tokens, outer?.MaxTokens);
        if (budget.MaxUsd is { } usd) yield return ("max_usd", usd.Usd, outer?.MaxUsd?.Usd);
        if (budget.MaxModelCalls is { } calls) yield return ("max_model_calls", calls, outer?.MaxModelCalls);
        if (budget.MaxToolCalls is { } tools) yield return ("max_tool_calls", tools, outer?.MaxToolCalls);
        if (budget.MaxSteps is { } steps) yield return ("max_steps", steps, outer?.MaxSteps);
        if (budget.MaxTime is { } time) yield return ("max_seconds", (decimal)time.TotalSeconds, (decimal?)outer?.MaxTime?.TotalSeconds);
        if (budget.MaxRetries is { } retries) yield return ("max_retries", retries, outer?.MaxRetries);
    }
}
