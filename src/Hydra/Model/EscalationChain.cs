namespace Hydra.Model;

/// <summary>Who takes over from an agent whose attempts are used up: its <c>escalates_to</c>, then that one's, and so on.</summary>
public static class EscalationChain
{
    /// <summary>Most agents that take over one after another.</summary>
    public const int LengthMax = 8;

    /// <param name="fieldsOf">The keys of an agent (<see cref="AgentFields"/>); null: nobody knows it.</param>
    /// <param name="wrong">What is wrong with the chain, as a sentence; null: nothing.</param>
    /// <returns>The agents in their order, as far as the chain is sound.</returns>
    public static IReadOnlyList<string> Of(string agent, Func<string, ValueMap?> fieldsOf, out string? wrong)
    {
        wrong = null;
        var chain = new List<string>();
        for (var at = agent; fieldsOf(at)?.GetOrNull("escalates_to").TextOrNull is { } next; at = next)
        {
            if (next == agent || chain.Contains(next)) wrong = $"the escalation of agent '{agent}' leads round in a circle: {string.Join(" → ", chain.Prepend(agent).Append(next))}. Let the last one have no `escalates_to`.";
            else if (fieldsOf(next) is null) wrong = $"the agent '{at}' escalates to '{next}', whom nobody knows. Name an agent that is there, or remove `escalates_to`.";
            else if (chain.Count == LengthMax) wrong = $"the escalation of agent '{agent}' is longer than {LengthMax} agents. Shorten it.";
            if (wrong is not null) return chain;
            chain.Add(next);
        }
        return chain;
    }
}
