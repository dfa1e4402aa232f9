using Hydra.Schemas;
using Hydra.Templates;

namespace Hydra.Model;

/// <summary>
/// A graph ready to run: immutable, resolved, in flat arrays. A workflow is one plan; so is every fragment that a
/// composite opens. Parents and dependants of node <c>i</c> are slices of shared arrays, in file order.
/// </summary>
public sealed class Plan
{
    public required string Name { get; init; }
    /// <summary>The fragment's name inside its composite (<c>body</c>, <c>round</c>); empty for a workflow.</summary>
    public string Fragment { get; init; } = "";
    public required WorkflowSpec Workflow { get; init; }
    public required PlannedNode[] Nodes { get; init; }
    /// <summary>Node i's parents are <c>Parents[ParentStart[i]..ParentStart[i+1]]</c>.</summary>
    public required int[] ParentStart { get; init; }
    public required int[] Parents { get; init; }
    public required int[] DependantStart { get; init; }
    public required int[] Dependants { get; init; }
    /// <summary>Longest remaining path from the node to the end, itself included, in seconds (1 s a node without an estimate).</summary>
    public required float[] Rank { get; init; }
    /// <summary>Wave of each node, from 0; for display only.</summary>
    public required int[] Wave { get; init; }
    public required int[] Roots { get; init; }
    public required int[] Sinks { get; init; }
    /// <summary>Names bound by the composite for the nodes inside.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
    /// <summary>Further names for nodes' outputs: name to node id.</summary>
    public IReadOnlyDictionary<string, string>? Aliases { get; init; }
    public bool IsInline { get; init; }
    /// <summary>For a fork whose definition was changed: the plan over which the frames before the change are folded.</summary>
    public Plan? Earlier { get; internal set; }
    /// <summary>A workflow of its own: nodes inside see its inputs only.</summary>
    public bool IsIsolated { get; init; }

    /// <summary>Compiles fragments that come up during the run; null: the run opens none. Set on a workflow's own plan.</summary>
    public IProposedGraphs? Proposals { get; init; }

    /// <summary>For the graph of a revision: each node's index in the graph around; null for all others.</summary>
    public int[]? BaseIndex { get; init; }

    /// <summary>The graph of the revisions that this gate may ask for.</summary>
    public Plan RevisionOf(int gate)
    {
        if (_revisions is null) Interlocked.CompareExchange(ref _revisions, [], null);
        return _revisions.GetOrAdd(gate, static (at, around) => RevisionPlan.Of(around, at), this);
    }

    public ReadOnlySpan<int> ParentsOf(int node) => Parents.AsSpan(ParentStart[node], ParentStart[node + 1] - ParentStart[node]);
    public ReadOnlySpan<int> DependantsOf(int node) => Dependants.AsSpan(DependantStart[node], DependantStart[node + 1] - DependantStart[node]);

    public int WaveCount => Wave.Length == 0 ? 0 : Wave.Max() + 1;
    /// <summary>Length of the longest path through the graph, in seconds.</summary>
    public float CriticalPathSeconds => Roots.Length == 0 ? 0 : Roots.Max(root => Rank[root]);

    /// <summary>Finds a node by the name under which templates see its output: its id or an alias; −1 when there is none.</summary>
    public int IndexOfOutput(string name) =>
        IndexOf(name) is >= 0 and var at ? at : Aliases is not null && Aliases.TryGetValue(name, out var id) ? IndexOf(id) : -1;

    /// <summary>Finds a node by id; −1 when there is none.</summary>
    public int IndexOf(string id)
    {
        _index ??= Nodes.ToDictionary(node => node.Id.Text, node => node.Index, StringComparer.Ordinal);
        return _index.TryGetValue(id, out var at) ? at : -1;
    }

    private Dictionary<string, int>? _index;
    private System.Collections.Concurrent.ConcurrentDictionary<int, Plan>? _revisions;
}

/// <summary>A node with every default applied, every template compiled, every name resolved.</summary>
public sealed class PlannedNode
{
    public required int Index { get; init; }
    public required NodeSpec Spec { get; init; }
    public required INodeType Type { get; init; }
    public required NodeSettings Settings { get; init; }
    /// <summary>What the node's type compiled from its own fields.</summary>
    public object? Fields { get; init; }
    /// <summary>The templates that were compiled with it; null for nodes that no planner made.</summary>
    public PlanContext? Texts { get; init; }
    /// <summary>The graphs this node may open, in the order of <see cref="INodeType.Fragments"/>.</summary>
    public Plan[] Fragments { get; init; } = [];
    /// <summary>The node that undoes this one, as a graph; null when it has none.</summary>
    public Plan? Undo { get; init; }
    /// <summary>What to try in turn: the node as written, then its fallbacks, then its escalation.</summary>
    public Variant[] Variants { get; init; } = Variant.AsWritten;
    /// <summary>Resource names this node holds while it runs; null when nothing conflicts with it.</summary>
    public string[]? Resources { get; init; }

    public NodeId Id => Spec.Id;
    public ICompositeNodeType? Composite => Type as ICompositeNodeType;
}

public enum VariantKind : byte { Written, Model, Agent, Node, Escalation }

/// <summary>One way of doing a node's work.</summary>
/// <param name="Name">The model or agent that stands in; empty for the node as written.</param>
/// <param name="Node">For <see cref="VariantKind.Node"/>: the node that is run in place.</param>
public sealed record Variant(VariantKind Kind, string Name, PlannedNode? Node = null)
{
    public static readonly Variant[] AsWritten = [new(VariantKind.Written, "")];
}

/// <summary>The policy of a node with nothing left open. Nodes written alike share one.</summary>
public sealed record NodeSettings
{
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public string? BreakerName { get; init; }
    public BreakerSpec? Breaker { get; init; }
    public EffectClass Effect { get; init; }
    public UnknownOutcomePolicy OnUnknown { get; init; }
    public float EstimateSeconds { get; init; } = 1;
    /// <summary>How long an attempt runs before it is reported as overdue: 150 % of the estimate its author gave; null: none was given.</summary>
    public TimeSpan? OverdueAfter { get; init; }
    public Template? StopWhen { get; init; }
    public JoinSpec Join { get; init; } = JoinSpec.All;
    public bool CancelLosers { get; init; }
    public bool AcceptDegraded { get; init; } = true;
    public Template? When { get; init; }
    public SkipPolicy? OnSkip { get; init; }
    public int MaxAttempts { get; init; } = 1;
    public TimeSpan Backoff { get; init; }
    public BackoffKind BackoffKind { get; init; }
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(60);
    public bool Jitter { get; init; }
    /// <summary>Null: every retryable code.</summary>
    public IReadOnlyList<ErrorCode>? RetryOn { get; init; }
    public TimeSpan? Timeout { get; init; }
    public TimeSpan? IdleTimeout { get; init; }
    public BudgetSpec? Budget { get; init; }
    public FailurePolicy OnFailure { get; init; }
    public Value? FallbackValue { get; init; }
    public JsonSchema? OutputSchema { get; init; }
    public Value? OutputSchemaSource { get; init; }
    public int RepairAttempts { get; init; } = 1;
    public CacheSpec? Cache { get; init; }
    public int Priority { get; init; }
    public Labels Labels { get; init; }
    /// <inheritdoc cref="NodePolicy.TrustsTypedFields"/>
    public bool TrustsTypedFields { get; init; }
}
