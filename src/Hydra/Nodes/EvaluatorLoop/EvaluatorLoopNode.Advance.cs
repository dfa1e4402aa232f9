using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class EvaluatorLoopNode : ICompositeNodeType
{
    private const int EscalationFragment = 1;
    /// <summary>Key among a round's bindings that no template can name: the best candidate of the rounds before.</summary>
    private const string BestKey = "$best";

    private sealed record RoundsPlan(int RoundsMax, double? Threshold, string OnExhausted);

    /// <param name="Score">Null when the evaluator gave none.</param>
    private sealed record Candidate(Value Output, double? Score, int Round);

    public object Plan(NodeSpec node, PlanContext context) => new RoundsPlan(
        node.Fields.TryGetValue("max_iterations", out var rounds) ? (int)rounds.AsInteger : 3,
        node.Fields.TryGetValue("threshold", out var threshold) ? threshold.AsNumber : null,
        node.Fields.GetOrNull("on_exhausted").TextOrNull ?? "accept_best");

    public Advance Advance(AdvanceContext context)
    {
        var plan = (RoundsPlan)context.Node.Fields!;
        if (context.Last is not { } round) return Open(context, 1, Value.EmptyText, "", null);

        // (1) A round that failed has no verdict.
        var earlier = BestOf(round.Bindings.AsObject);
        if (ChildResults.FailureOf(context, round) is { } failure)
            return context.StopWhenHeld && earlier is not null ? Done(Lesser(plan, earlier, "stopped by stop_when", "")) : Done(failure);

        // (2) The candidate and what the evaluator says of it.
        var output = OutputOf(round, Generator);
        var answer = OutputOf(round, Evaluator);
        var number = round.Opening.Ordinal;
        var verdict = context.IsDryRun ? new Verdict(true, "", null) : Verdict.Read(answer, plan.Threshold);
        if (verdict is null)
            return Done(new AttemptOutcome.Failed(ErrorCode.InvalidOutput, $"'{context.Path}#{number}/{Evaluator}' gave {Excerpt.Describe(answer)}, which is no verdict: an object {{approved, feedback, score?}} is needed"));
        if (verdict.IsApproved) return Done(new AttemptOutcome.Completed(output, SignalOf(approved: true, verdict.Score, number)));

        // (3) Another round with its feedback, as long as there are some.
        var candidate = new Candidate(output, verdict.Score, number);
        var best = earlier is null || candidate.Score is null || candidate.Score >= (earlier.Score ?? 0) ? candidate : earlier;
        if (context.StopWhenHeld) return Done(Lesser(plan, best, "stopped by stop_when", verdict.Feedback));
        if (number < plan.RoundsMax) return Open(context, number + 1, output, verdict.Feedback, best);

        // (4) Used up.
        var exhausted = $"not approved in {number} {(number == 1 ? "round" : "rounds")}";
        if (plan.OnExhausted == "escalate" && round.Opening.Fragment != EscalationFragment && context.Node.Fragments.Length > EscalationFragment)
            return Open(context, number + 1, output, verdict.Feedback, best, EscalationFragment);
        if (plan.OnExhausted == "fail" || (plan.OnExhausted == "escalate" && context.Node.Fragments.Length <= EscalationFragment))
            return Done(new AttemptOutcome.Failed(ErrorCode.InvalidOutput, $"{exhausted}; last feedback: {Excerpt.Of(verdict.Feedback, 300)}"));
        return Done(Lesser(plan, plan.OnExhausted == "accept_last" ? candidate : best, exhausted, verdict.Feedback));
    }

    private static Advance.Open Open(AdvanceContext context, int number, Value previous, string feedback, Candidate? best, int fragment = 0)
    {
        var names = ValueMap.Of(("iteration", number), ("previous_output", previous), ("evaluator_feedback", feedback));
        if (best is not null)
            names = names.With(BestKey, ValueMap.Of(("output", best.Output), ("score", best.Score is { } score ? score : Value.Null), ("round", best.Round)));
        return new(new ScopeOpening(ScopeKind.Round, fragment, number, 1, context.Keep(names)));
    }

    private static Candidate? BestOf(ValueMap bindings)
    {
        if (bindings.GetOrNull(BestKey) is not { IsObject: true } kept) return null;
        var best = kept.AsObject;
        return new Candidate(best["output"], best["score"] is { IsNumeric: true } score ? score.AsNumber : null, (int)best["round"].AsInteger);
    }

    private static AttemptOutcome.Degraded Lesser(RoundsPlan plan, Candidate candidate, string why, string feedback)
    {
        var score = candidate.Score is { } known ? $" with score {known:0.##}{(plan.Threshold is { } wanted ? $" of {wanted:0.##}" : "")}" : "";
        var last = feedback.Length == 0 ? "" : $"; last feedback: {Excerpt.Of(feedback, 300)}";
        return new(candidate.Output, $"{why}; this is round {candidate.Round}{score}{last}", SignalOf(approved: false, candidate.Score, candidate.Round));
    }

    private static Value SignalOf(bool approved, double? score, int round) =>
        ValueMap.Of(("approved", approved), ("score", score is { } known ? known : Value.Null), ("iterations", round));

    private static Value OutputOf(EndedScope round, NodeId id) => ChildResults.OutputOf(round.Children.First(child => child.Id == id.Text));

    private static Advance.End Done(AttemptOutcome outcome) => new(outcome);
}
