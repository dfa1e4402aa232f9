namespace Hydra.Model;

/// <summary>A graph that came up while the run went on: nodes as data in the workflow format, as a file would hold them under <c>nodes</c>.</summary>
/// <param name="Name">What the fragment is called (<c>plan</c>, <c>dispatch</c>).</param>
public sealed record Proposal(string Name, Value Nodes)
{
    /// <summary>Names that the composite binds for the nodes inside.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
    /// <summary>Agents defined in place, besides those of the workflow: fields by name.</summary>
    public ValueMap Agents { get; init; } = ValueMap.Empty;

    /// <summary>As the journal keeps it.</summary>
    public Value ToValue() => ValueMap.Of(("name", Name), ("names", Value.OfTexts(Names)), ("agents", Agents), ("nodes", Nodes));

    public static Proposal Read(Value kept) => new(kept.AsObject["name"].AsText, kept.AsObject["nodes"])
    {
        Names = [.. kept.AsObject["names"].Items.Select(name => name.AsText)],
        Agents = kept.AsObject["agents"].AsObject,
    };
}

/// <summary>What a proposed graph may hold. A proposal that a composite made by itself, not a model, needs no rules.</summary>
public sealed record ProposalRules
{
    public required IReadOnlyList<string> AllowedTypes { get; init; }
    /// <summary>Agents that its nodes may name.</summary>
    public required IReadOnlyList<string> AllowedAgents { get; init; }
    /// <summary>Tools that its nodes may list or call.</summary>
    public required IReadOnlyList<string> AllowedTools { get; init; }
    /// <summary>Most nodes, those written in place inside others included.</summary>
    /// <value>1 to 1,000. Default: 50.</value>
    public int NodesMax { get; init; } = 50;
    /// <summary>How deep nodes may lie within nodes; 1: none inside another.</summary>
    /// <value>1 to 10. Default: 3.</value>
    public int DepthMax { get; init; } = 3;
}

/// <summary>A proposal that was looked at: a fragment to open, or everything that is wrong with it.</summary>
/// <param name="Problems">Each names its node; empty when the fragment may be opened.</param>
public sealed record ProposedGraph(ValueRef? Fragment, IReadOnlyList<string> Problems);

/// <summary>Turns proposals into plans, as files are: parsed, validated, compiled. What was accepted is pinned in the journal, so a replay asks nobody.</summary>
public interface IProposedGraphs
{
    /// <param name="visible">Names that the templates inside may read besides those of the proposal and its nodes.</param>
    /// <param name="rules">Null: the composite made it itself.</param>
    ProposedGraph Check(PlannedNode composite, WorkflowSpec around, Proposal proposal, ProposalRules? rules, IEnumerable<string> visible, Func<Value, ValueRef> keep);

    /// <summary>The plan of a fragment that was accepted. Throws <see cref="StoreException"/> where its definition cannot be read.</summary>
    Plan PlanOf(PlannedNode composite, WorkflowSpec around, ValueRef fragment);
}
