using Hydra.Model;

namespace Hydra.Agents.Routing;

/// <summary>The tier that answers a task, and why.</summary>
/// <param name="StepsUpTo">The agent's own tier, which takes over when an attempt of a lower one fails; null: the tier is no lower.</param>
public sealed record TierChoice(string Tier, string? StepsUpTo, string Reason);

/// <summary>
/// Chooses a task's tier of models: by how hard the planner says it is, else by its words, else it is the agent's own. What is tried on a lower
/// tier than the agent's goes up to that one after its first failed answer. Pure.
/// </summary>
public static class TierRouter
{
    /// <summary>How hard a task is, of its kind: a routine one is a known method applied again.</summary>
    public static IReadOnlyList<string> Complexities { get; } = ["routine", "usual", "hard"];

    /// <param name="task">Its name: a description names much that the task is not about.</param>
    /// <param name="complexity">One of <see cref="Complexities"/>; empty: nobody has said.</param>
    /// <param name="own">The agent's own model; null: it has none.</param>
    /// <returns>null: the agent's own.</returns>
    public static TierChoice? Choose(RoutingRules rules, string task, string complexity, string? own)
    {
        var ownAt = AgentFields.Tiers.ToList().IndexOf(own ?? Default);
        if (ownAt < 0) return null;   // a model that the agent names is no tier to step from
        if (complexity.Length > 0) return Of(Math.Clamp(ownAt + rules.Complexity.GetValueOrDefault(complexity), 0, AgentFields.Tiers.Count - 1), complexity);
        var best = rules.Tiers.Select(rule => (rule.Tier, Words: SpecialistRouter.Matches(task, rule.Words))).Where(rule => rule.Words.Count > 0).OrderByDescending(rule => rule.Words.Count).FirstOrDefault();
        return best.Tier is null ? null : Of(AgentFields.Tiers.ToList().IndexOf(best.Tier), SpecialistRouter.Quoted(best.Words));

        TierChoice? Of(int at, string because) => at == ownAt ? null
            : at > ownAt ? new(AgentFields.Tiers[at], null, $"model tier {AgentFields.Tiers[at]}: {because}")
            : new(AgentFields.Tiers[at], AgentFields.Tiers[ownAt], $"model tier {AgentFields.Tiers[at]}: {because}; {AgentFields.Tiers[ownAt]} when that fails");
    }

    /// <summary>The tier of an agent without a model.</summary>
    public const string Default = "balanced";
}
