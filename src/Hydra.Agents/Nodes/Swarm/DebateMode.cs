using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>All peers answer at the same time, see each other's answers, and answer again, until they agree or the rounds are over; then it is decided.</summary>
internal static class DebateMode
{
    private const string Bound = "debate", JudgeFragment = "judge";

    public static Advance Next(Swarm swarm)
    {
        var (plan, history, context) = (swarm.Plan, swarm.History, swarm.Context);
        if (context.Last is { Opening.Proposed: null } judged) return AfterJudge(swarm, judged);
        if (context.Last is null) return Round(swarm, []);
        var round = history.Turns.Where(turn => turn.Round == history.Rounds && turn.Said is not null && !turn.Answer.IsNull).ToList();
        if (round.Count == 0)
            return SwarmEnd.Short(swarm, Value.Null, "failure", "nobody gave an answer", ChildResults.FailureOf(context, context.Last)?.Code);
        var leader = Supported(round);
        var isAgreed = round.All(turn => turn.Answer == round[0].Answer) || (history.Rounds > 1 && round.All(turn => SupportOf(turn, round) == leader.Turn.Agent));
        var isOver = isAgreed || history.Rounds == plan.RoundsMax || swarm.IsReached(leader.Answer, leader.Said) || context.StopWhenHeld;
        if (!isOver) return Round(swarm, round);
        if (plan.Converge == "vote" || isAgreed) return Decide(swarm, round, leader, isAgreed ? "agreement" : "vote");
        var at = Array.FindIndex(context.Node.Fragments, fragment => fragment.Fragment == JudgeFragment);
        return Moves.Open(context, at, ValueMap.Of(("judging", ValueMap.Of(("answers", Answers(round))))));
    }

    private static Advance AfterJudge(Swarm swarm, EndedScope judged)
    {
        if (ChildResults.FailureOf(swarm.Context, judged) is { } failure) return Moves.Failed(failure with { Message = $"{failure.Message}. {SwarmEnd.Account(swarm.History)}" }, Moves.LimitOf(failure.Code), [JudgeFragment]);
        var said = ChildResults.ResultOf(judged).AsObject;
        var round = swarm.History.Turns.Where(turn => turn.Round == swarm.History.Rounds && turn.Said is not null && !turn.Answer.IsNull).ToList();
        var scores = said["scores"].AsObject;
        var winner = swarm.Plan.Converge == "judge" ? round.Find(turn => turn.Turn.Agent == said["winner"].AsText)
            : round.MaxBy(turn => scores.GetOrNull(turn.Turn.Agent) is { IsNumeric: true } score ? score.AsNumber : -1);
        return winner is null
            ? SwarmEnd.Short(swarm, Supported(round).Answer, "invalid_output", $"the judge names '{said["winner"].AsText}' the winner, who gave no answer; this is the answer most agents support")
            : Decide(swarm, round, winner, swarm.Plan.Converge);
    }

    private static Advance Decide(Swarm swarm, List<PlayedTurn> round, PlayedTurn winner, string by)
    {
        var silent = swarm.Plan.Members.Select(member => member.Name).Except(round.Select(turn => turn.Turn.Agent), StringComparer.Ordinal).ToList();
        return silent.Count == 0 ? SwarmEnd.Completed(swarm, winner.Answer, by) : SwarmEnd.Short(swarm, winner.Answer, by, $"without {string.Join(", ", silent)}, who failed to answer");
    }

    private static Advance Round(Swarm swarm, List<PlayedTurn> last)
    {
        var turns = swarm.Plan.Members.Select(member => new SwarmTurn(member.Name, member.Name, swarm.Goal, "", ValueMap.Empty, [])).ToList();
        var properties = swarm.AnswerFields.With("supports", ValueMap.Of(("type", "string")));
        return swarm.Open(turns, "Swarm/debate", Bound, turn => ValueMap.Of(("agent", turn.Agent), ("goal", swarm.Goal), ("answers", Answers(last))), properties);
    }

    private static Value Answers(List<PlayedTurn> round) => Value.Of(round.Select(turn => Value.Of(ValueMap.Of(("agent", turn.Turn.Agent), ("answer", turn.Answer.ToDisplayText())))));

    /// <summary>The answer with most voices; of equals the one of the agent named first.</summary>
    private static PlayedTurn Supported(List<PlayedTurn> round) => round.OrderByDescending(turn => round.Count(other => SupportOf(other, round) == turn.Turn.Agent)).First();

    /// <summary>Whom a peer supports: whom it names, else the first whose answer is its own.</summary>
    private static string SupportOf(PlayedTurn turn, List<PlayedTurn> round) =>
        turn.Said!.GetOrNull("supports").TextOrNull is { } named && round.Exists(other => other.Turn.Agent == named) ? named : round.First(other => other.Answer == turn.Answer).Turn.Agent;
}
