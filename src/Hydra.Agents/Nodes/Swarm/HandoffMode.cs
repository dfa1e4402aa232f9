using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>One peer works at a time, and hands the work on by a contract or answers.</summary>
internal static class HandoffMode
{
    private const string Bound = "swarm";

    /// <summary>How often the same work may go to the same peer before that counts as going round in a circle.</summary>
    private const int SameHandoffsMax = 2;

    /// <remarks>(1) The first turn. (2) A peer that failed. (3) What it said is not accepted. (4) It answered. (5) It hands on.</remarks>
    public static Advance Next(Swarm swarm)
    {
        var turns = swarm.History.Turns;
        if (turns.Count == 0) return Give(swarm, new SwarmTurn(swarm.Plan.Entry, swarm.Plan.Entry, swarm.Goal, "", ValueMap.Empty, []), []);      // (1)
        var last = turns[^1];
        var answer = turns.LastOrDefault(turn => !turn.Answer.IsNull)?.Answer ?? Value.Null;
        if (last.Said is null) return AfterFailure(swarm, last, answer);                                                                        // (2)
        var isFull = HandoffsOf(turns) >= swarm.Plan.HandoffsMax;
        var problems = ProblemsOf(swarm, last, isFull);
        if (problems.Count > 0)                                                                                                                 // (3)
        {
            if (Repairs(turns) < SwarmNode.RepairsMax) return Give(swarm, last.Turn, problems);
            return isFull && last.Handoff is not null
                ? SwarmEnd.Short(swarm, answer, "max_handoffs", $"max_handoffs {swarm.Plan.HandoffsMax} is used up, and '{last.Turn.Agent}' wants to hand on: {Excerpt.Of(last.Handoff["task"].ToDisplayText())}")
                : SwarmEnd.Short(swarm, answer, "invalid_output", $"what '{last.Turn.Agent}' says is not accepted: {string.Join(" · ", problems)}");
        }
        if (last.Handoff is null) return SwarmEnd.Completed(swarm, last.Answer, "answer");                                                      // (4)
        if (swarm.IsReached(answer, last.Said)) return SwarmEnd.Completed(swarm, answer, "until");
        if (swarm.Context.StopWhenHeld) return SwarmEnd.Short(swarm, answer, "stop_when", "stopped by stop_when");
        var next = TurnOf(last);                                                                                                                // (5)
        return turns.Count(turn => turn.Turn.Agent == next.Agent && turn.Turn.Key == next.Key) >= SameHandoffsMax
            ? SwarmEnd.Short(swarm, answer, "no_progress", $"'{next.Agent}' was handed the same work {SameHandoffsMax} times already: {Excerpt.Of(next.Task)}")
            : Give(swarm, next, []);
    }

    /// <summary>A peer that failed leaves nothing behind: the work goes to who takes over, or back to who handed it on.</summary>
    private static Advance AfterFailure(Swarm swarm, PlayedTurn last, Value answer)
    {
        var turns = swarm.History.Turns;
        var problem = ChildResults.Words(last.Outcome);
        var failure = ChildResults.FailureOf(swarm.Context, swarm.Context.Last!);
        if (HandoffsOf(turns) >= swarm.Plan.HandoffsMax) return SwarmEnd.Short(swarm, answer, "max_handoffs", $"max_handoffs {swarm.Plan.HandoffsMax} is used up, and '{last.Turn.Agent}' failed: {problem}");
        if (swarm.Plan.EscalateTo is { } boss && last.Turn.Agent != boss) return Give(swarm, last.Turn with { Id = boss, Agent = boss, From = last.Turn.Agent }, [$"'{last.Turn.Agent}' failed at this: {problem}"]);
        var back = last.Turn.From;
        var wasTold = turns.SkipLast(1).Any(turn => turn.Said is null && turn.Turn.Agent == last.Turn.Agent);
        if (back.Length == 0 || wasTold) return SwarmEnd.Short(swarm, answer, "failure", $"'{last.Turn.Agent}' failed: {problem}", failure?.Code);
        var before = turns.Last(turn => turn.Turn.Agent == back).Turn;
        return Give(swarm, before, [$"'{last.Turn.Agent}', to whom you handed this on, failed: {problem}. Do it in another way."]);
    }

    private static Advance Give(Swarm swarm, SwarmTurn turn, IReadOnlyList<string> problems)
    {
        var isFull = HandoffsOf(swarm.History.Turns) >= swarm.Plan.HandoffsMax;
        IReadOnlyCollection<string>? allowed = turn.Handoff.GetOrNull("inputs") is { IsList: true } inputs ? [.. inputs.Items.Select(key => key.ToDisplayText())] : null;
        var properties = swarm.AnswerFields.With("handoff", HandoffSchema);
        return swarm.Open([turn], "Swarm/handoff", Bound, _ => ValueMap.Of(
            ("you", turn.Agent), ("goal", swarm.Goal), ("task", turn.Task), ("expected", turn.Handoff.GetOrNull("expected_output")), ("constraints", turn.Handoff.GetOrNull("constraints")),
            ("context", swarm.History.Context.Shown(allowed)), ("trail", swarm.History.Trail()), ("targets", Crew.Describe(isFull ? [] : TargetsOf(swarm.Plan, turn.Agent))), ("problems", Value.OfTexts(problems))), properties);
    }

    private static IReadOnlyList<CrewMember> TargetsOf(SwarmPlan plan, string agent) =>
        [.. plan.Members.Where(member => member.Name != agent && (plan.Handoffs is null || (plan.Handoffs.TryGetValue(agent, out var allowed) && allowed.Contains(member.Name))))];

    private static List<string> ProblemsOf(Swarm swarm, PlayedTurn turn, bool isFull)
    {
        var problems = turn.Refused.ToList();
        if (turn.Handoff is not { } handoff)
        {
            if (turn.Answer.IsNull) problems.Add(isFull ? "there is no `answer`. Nobody is left to hand on to: give one." : "there is neither `answer` nor `handoff`. Give one of them.");
            return problems;
        }
        var to = handoff["to"].AsText;
        var targets = TargetsOf(swarm.Plan, turn.Turn.Agent);
        if (isFull) problems.Add("no hand-off is left. Give your `answer`.");
        else if (targets.All(target => target.Name != to)) problems.Add($"you may not hand work to '{to}'.{DidYouMean.Hint(to, targets.Select(target => target.Name))} {(targets.Count == 0 ? "Give your `answer`." : $"Choose among {string.Join(", ", targets.Select(target => target.Name))}.")}");
        foreach (var key in handoff.GetOrNull("inputs") is { IsList: true } inputs ? inputs.Items.Select(key => key.ToDisplayText()) : [])
        {
            if (!swarm.History.Context.Keys.Contains(key)) problems.Add($"the hand-off names the shared note '{key}', which does not exist.{DidYouMean.Hint(key, swarm.History.Context.Keys)} Write it first, or leave it out.");
        }
        return problems;
    }

    private static SwarmTurn TurnOf(PlayedTurn from)
    {
        var handoff = from.Handoff!;
        return new SwarmTurn(handoff["to"].AsText, handoff["to"].AsText, handoff["task"].ToDisplayText(), from.Turn.Agent, handoff, []);
    }

    /// <summary>Turns that went to somebody else than the one before.</summary>
    private static int HandoffsOf(List<PlayedTurn> turns)
    {
        var count = 0;
        for (var i = 1; i < turns.Count; i++)
        {
            if (turns[i].Turn.Agent != turns[i - 1].Turn.Agent) count++;
        }
        return count;
    }

    private static int Repairs(List<PlayedTurn> turns)
    {
        var count = 0;
        for (var i = turns.Count - 1; i > 0 && turns[i].Turn.Agent == turns[i - 1].Turn.Agent && turns[i].Turn.Key == turns[i - 1].Turn.Key; i--) count++;
        return count;
    }

    private static readonly Value HandoffSchema = Value.ParseJson("""
        {"type": ["object", "null"], "required": ["to", "task"], "properties": {
          "to": {"type": "string"}, "task": {"type": "string"}, "expected_output": {"type": "string"}, "constraints": {"type": "string"},
          "inputs": {"type": "array", "items": {"type": "string"}}, "max_tokens": {"type": "integer", "minimum": 1}}}
        """);
}
