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

    /// <summary>A failure with what ended the pattern and what it left undone, for its receipt.</summary>
    /// <param name="by">The limit, in the words that its pattern uses for a degraded end.</param>
    public static Advance.End Failed(AttemptOutcome.Failed failure, string by, IEnumerable<string> undone) =>
        new(failure with { Signal = ValueMap.Of(("ended_by", by), ("undone", Value.OfTexts([.. undone]))) });

    public static Advance.End Failed(ErrorCode code, string message, string by, IEnumerable<string> undone) => Failed(new AttemptOutcome.Failed(code, message), by, undone);

    /// <summary>What ends a pattern that a call's failure ends: the limit that the call ran into, else <c>failure</c>.</summary>
    public static string LimitOf(ErrorCode code) => code == ErrorCode.Budget || code == ErrorCode.Timeout || code == ErrorCode.UnknownOutcome ? code.Name : "failure";

    private static int NextOrdinal(AdvanceContext context) => (context.Last?.Opening.Ordinal ?? 0) + 1;
}
