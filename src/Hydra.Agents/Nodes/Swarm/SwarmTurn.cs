using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>What one peer was given to do.</summary>
/// <param name="Id">The node that did it, within its round.</param>
/// <param name="From">Who handed it over or posted it; empty: the swarm's author.</param>
/// <param name="Handoff">The contract as it was handed over: <c>expected_output</c>, <c>inputs</c>, <c>constraints</c>, <c>max_tokens</c>.</param>
/// <param name="Skills">Skills that the work takes.</param>
internal sealed record SwarmTurn(string Id, string Agent, string Task, string From, ValueMap Handoff, IReadOnlyList<string> Skills)
{
    public string Key => string.Join(' ', Task.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    public Value ToValue() => ValueMap.Of(("id", Id), ("agent", Agent), ("task", Task), ("from", From), ("handoff", Handoff), ("skills", Value.OfTexts(Skills)));
    public static SwarmTurn Of(Value kept) => kept.AsObject is var map
        ? new(map["id"].AsText, map["agent"].AsText, map["task"].AsText, map["from"].AsText, map["handoff"].AsObject, [.. map["skills"].Items.Select(skill => skill.AsText)]) : throw new InvalidOperationException();
}

/// <summary>A turn that has ended.</summary>
/// <param name="Said">Null: it failed, and nothing of it counts.</param>
/// <param name="Refused">Why its writes to the shared context were not taken.</param>
internal sealed record PlayedTurn(SwarmTurn Turn, ChildOutcome Outcome, ValueMap? Said, IReadOnlyList<string> Refused, int Round)
{
    public Value Answer => Said?.GetOrNull("answer") ?? Value.Null;
    public ValueMap? Handoff => Said?.GetOrNull("handoff") is { IsObject: true } handoff ? handoff.AsObject : null;
}

/// <summary>All turns of a swarm so far, read from the rounds that it opened, and what they have written together.</summary>
internal sealed class SwarmHistory
{
    public const string TurnsName = "$turns";

    public required SharedContext Context { get; init; }
    public List<PlayedTurn> Turns { get; } = [];
    public int Rounds { get; private set; }

    public static SwarmHistory Of(AdvanceContext context, ValueMap initial)
    {
        var history = new SwarmHistory { Context = new SharedContext(initial) };
        foreach (var scope in context.History.Where(scope => scope.Opening.Proposed is not null))
        {
            history.Rounds++;
            foreach (var turn in scope.Bindings.AsObject[TurnsName].Items.Select(SwarmTurn.Of))
            {
                var child = scope.Children.First(child => child.Id == turn.Id);
                var said = child.HasOutput ? child.Output().AsObject : null;
                history.Turns.Add(new PlayedTurn(turn, child, said, said is null ? [] : history.Context.Write(said.GetOrNull("writes")), history.Rounds));
            }
        }
        return history;
    }

    /// <summary>Who did what, in order.</summary>
    public Value Trail() => Value.Of(Turns.Select(turn =>
    {
        var map = ValueMap.Of(("agent", turn.Turn.Agent), ("task", turn.Turn.Task), ("status", WireNames.Of(turn.Outcome.Status)));
        if (turn.Turn.From.Length > 0) map = map.With("from", turn.Turn.From);
        if (turn.Handoff is { } handoff) map = map.With("to", handoff.GetOrNull("to"));
        return Value.Of(turn.Outcome.Error is null ? map : map.With("problem", ChildResults.Words(turn.Outcome)));
    }));
}
