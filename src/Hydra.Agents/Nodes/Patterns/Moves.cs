using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>A pattern's next move. All that it opens are rounds, numbered through, whatever they hold.</summary>
internal static class Moves
{
    public static Advance.Open Open(AdvanceContext context, int fragment, ValueMap names) =>
        new(new ScopeOpening(ScopeKind.Round, fragment, NextOrdinal(context), 1, context.Keep(names)));

    public static Advance.Open Open(AdvanceContext context, ValueRef fragment, ValueMap names) =>
        new(new ScopeOpening(ScopeKind.Round, 0, NextOrdinal(context), 1, context.Keep(names)) { Proposed = fragment });

    public static Advance.End Done(AttemptOutcome outcome) => new(outcome);

    private static int NextOrdinal(AdvanceContext context) => (context.Last?.Opening.Ordinal ?? 0) + 1;
}
