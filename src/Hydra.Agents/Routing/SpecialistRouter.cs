using System.Text;

namespace Hydra.Agents.Routing;

/// <summary>Who does a task, and why: the sentence stands in the plan and in <c>inspect</c>.</summary>
public sealed record RouteChoice(string Agent, string Reason);

/// <summary>Chooses specialists by rules: intent, then stack, then who is left; nobody gets more than its share of a parallel set. Pure.</summary>
/// <param name="mayChoose">Which agents there are.</param>
public sealed class SpecialistRouter(RoutingRules rules, Func<string, bool> mayChoose)
{
    private readonly Dictionary<(int Set, string Agent), int> _load = [];

    /// <param name="task">Name and description.</param>
    /// <param name="surroundings">What is known of the project: its stack decides where the task's own words do not.</param>
    /// <param name="set">The parallel set that the task stands in.</param>
    public RouteChoice Choose(string task, string surroundings = "", int set = 0)
    {
        var (agent, instead, reason) = ByIntent(task) ?? ByStack(task, surroundings) ?? (rules.Otherwise, [], "no rule matches");
        if (LoadOf(set, agent) >= rules.Workload)
        {
            var free = instead.FirstOrDefault(other => other != agent && mayChoose(other) && LoadOf(set, other) < rules.Workload);
            if (free is not null) (agent, reason) = (free, $"{reason}; '{agent}' has its {rules.Workload} tasks of this set already, so '{free}'");
        }
        _load[(set, agent)] = LoadOf(set, agent) + 1;
        return new RouteChoice(agent, reason);
    }

    private int LoadOf(int set, string agent) => _load.GetValueOrDefault((set, agent));

    private (string Agent, IReadOnlyList<string> Instead, string Reason)? ByIntent(string task)
    {
        var best = rules.Intents.Where(rule => mayChoose(rule.Agent)).Select(rule => (Rule: rule, Words: Matches(task, rule.Words))).Where(found => found.Words.Count > 0)
            .OrderByDescending(found => found.Words.Count).FirstOrDefault();
        return best.Rule is null ? null : (best.Rule.Agent, best.Rule.Instead, $"intent: {Quoted(best.Words)}");
    }

    private (string Agent, IReadOnlyList<string> Instead, string Reason)? ByStack(string task, string surroundings)
    {
        foreach (var (text, where) in new[] { (task, "the task"), (surroundings, "the project") })
        {
            foreach (var rule in rules.Stacks)
            {
                if (mayChoose(rule.Agent) && Matches(text, rule.Words) is { Count: > 0 } words) return (rule.Agent, rule.Instead, $"stack of {where}: {Quoted(words)}");
            }
        }
        return null;
    }

    /// <summary>The words of a rule that stand in a text as words.</summary>
    internal static IReadOnlyList<string> Matches(string text, IReadOnlyList<string> words)
    {
        var plain = new StringBuilder(" ");
        foreach (var c in text.ToLowerInvariant()) plain.Append(char.IsLetterOrDigit(c) || c == '/' ? c : ' ');
        var haystack = plain.Append(' ').ToString();
        return [.. words.Where(word => haystack.Contains($" {word} ", StringComparison.Ordinal) || haystack.Contains($" {word}s ", StringComparison.Ordinal))];
    }

    internal static string Quoted(IReadOnlyList<string> words) => string.Join(", ", words.Select(word => $"'{word}'"));
}
