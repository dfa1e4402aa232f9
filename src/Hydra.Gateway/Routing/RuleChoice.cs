using Hydra.Model;

namespace Hydra.Gateway.Routing;

/// <summary>What the rule of a conditional, complexity or canary policy says of one call.</summary>
/// <param name="Use">Null: everybody.</param>
internal readonly record struct RuleChoice(RouteUse? Use, string? Note, bool IsCanary = false)
{
    public static RuleChoice Of(RoutePolicy policy, RouteRequest request, Random random) => policy.Strategy switch
    {
        RouteStrategy.Conditional => Conditional(policy, request),
        RouteStrategy.Complexity => Complexity(policy, request),
        RouteStrategy.Canary when policy.Canary is { } canary => Side(canary, request, random),
        _ => default,
    };

    private static RuleChoice Conditional(RoutePolicy policy, RouteRequest request)
    {
        foreach (var rule in policy.Rules)
        {
            if (rule.When.All(condition => Holds(condition, request.Metadata))) return new(rule.Use, $"rule '{rule.Name}' holds: {rule.Use.Text}");
        }
        return new(policy.Default, $"no rule holds: {policy.Default.Text}");
    }

    private static bool Holds(RouteCondition condition, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(condition.Key, out var value)) return condition.Kind == ConditionKind.NotEqualTo;
        return condition.Kind switch
        {
            ConditionKind.EqualTo or ConditionKind.OneOf => condition.Values.Contains(value),
            ConditionKind.NotEqualTo => !condition.Values.Contains(value),
            ConditionKind.StartsWith => condition.Values.Any(prefix => value.StartsWith(prefix, StringComparison.Ordinal)),
            _ => true,
        };
    }

    private static RuleChoice Complexity(RoutePolicy policy, RouteRequest request)
    {
        if (request.Complexity is not { } score) return new(policy.Default, $"not scored: {policy.Default.Text}");
        var step = policy.Steps.Where(step => score.Score >= step.AtLeast).MaxBy(step => step.AtLeast);
        var use = step?.Use ?? policy.Default;
        return new(use, $"complexity {score}: {use.Text}");
    }

    private static RuleChoice Side(CanaryOptions canary, RouteRequest request, Random random)
    {
        var at = request.StickyKey is { } key ? StableHash.Fraction(key, StableHash.Of(canary.Salt)) : random.NextDouble();
        var isCanary = at * 100 < canary.Percent;
        return new(null, $"{(request.StickyKey is null ? "drawn" : "key falls")} at {at * 100:0.##} of 100: {(isCanary ? "canary" : "not the canary")} ({canary.Percent:0.##} %)", isCanary);
    }
}
