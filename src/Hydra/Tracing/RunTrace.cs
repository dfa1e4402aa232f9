using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// What happened in a run, drawn from its journal alone: the same frames give the same trace, also while the run goes on
/// or after its process has died. Everything that explains a run (text, spans, receipts, lineage, graphs) starts here.
/// </summary>
/// <remarks>Below 900 bytes for a node with one attempt and one call. Read-only once made; safe for many readers.</remarks>
public sealed class RunTrace
{
    private readonly Dictionary<string, int> _byPath = new(StringComparer.Ordinal);

    private readonly Dictionary<int, List<Scope>> _byParent = [];

    internal RunTrace(Plan plan)
    {
        Plan = plan;
        State = new RunState(plan);
    }

    /// <summary>Folds a run's frames, from the first on. <paramref name="bundle"/>: what the run was pinned to, for tags; may be left out.</summary>
    public static RunTrace Of(Plan plan, IEnumerable<Frame> frames, Value bundle = default) => new TraceFold(plan).Run(frames, bundle);

    public Plan Plan { get; }
    internal RunState State { get; }

    /// <summary>The run's id; empty when there was no frame.</summary>
    public string Run => State.RunName;
    public string Workflow => Plan.Name;
    public string DefinitionHash { get; internal set; } = "";
    public RunStatus Status => State.Status;
    /// <summary>Why the run ended or is ending, in words.</summary>
    public string Reason => State.Reason;
    public bool HasEnded => State.HasEnded;
    /// <summary>Unix milliseconds.</summary>
    public long StartedAtMs => State.StartedAtMs;
    /// <summary>Milliseconds from the beginning to the end; null while the run goes on.</summary>
    public long? EndedMs { get; internal set; }
    /// <summary>Milliseconds from the beginning to the last frame.</summary>
    public long LastMs { get; internal set; }
    /// <summary>Frames read.</summary>
    public long FrameCount => State.NextSequence;
    /// <summary>How often a process took the run up again.</summary>
    public int Resumes { get; internal set; }
    /// <summary>When the run had ended before it was last taken up again, in milliseconds since it began; null when its process died, or never stopped.</summary>
    public long? EarlierEndMs { get; internal set; }
    public RunLimits Limits => State.Limits;
    public Spend Spent { get; internal set; } = Spend.Nothing;
    /// <summary>Reserved for calls that are open, at their bound.</summary>
    public MicroUsd ReservedUsd => State.RunAccount.ReservedUsd;
    public IReadOnlyDictionary<string, string> Tags { get; internal set; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public ValueRef? Bundle => State.Bundle;

    /// <summary>Every instance, by number: parents before what they opened, items in order.</summary>
    public IReadOnlyList<NodeTrace> Nodes { get; internal set; } = [];
    /// <summary>Every opened graph, in the order opened; the first is the workflow.</summary>
    public IReadOnlyList<Scope> Scopes => State.Scopes;

    /// <summary>The graphs that a composite opened, in order; none for a leaf.</summary>
    public IReadOnlyList<Scope> ScopesOf(NodeTrace node)
    {
        lock (_byParent)
        {
            if (_byParent.Count == 0)
            {
                foreach (var scope in Scopes)
                {
                    if (!_byParent.TryGetValue(scope.Parent, out var opened)) _byParent[scope.Parent] = opened = [];
                    opened.Add(scope);
                }
            }
            return _byParent.TryGetValue(node.Instance, out var found) ? found : [];
        }
    }

    /// <summary>The instances of one opened graph, item by item and in file order.</summary>
    public IEnumerable<NodeTrace> NodesOf(Scope scope)
    {
        for (var i = 0; i < scope.InstanceCount; i++) yield return Nodes[scope.First + i];
    }

    /// <summary>Finds a node by path; null when the run has none of that name. The first call reads all paths once.</summary>
    public NodeTrace? Find(string path)
    {
        lock (_byPath)
        {
            if (_byPath.Count == 0)
            {
                _byPath.EnsureCapacity(Nodes.Count);
                foreach (var node in Nodes)
                {
                    if (!State.IsDropped(node.Instance)) _byPath[node.Path] = node.Instance;
                }
            }
            return _byPath.TryGetValue(path, out var instance) ? Nodes[instance] : null;
        }
    }

    /// <summary>The trace's one text form: the run, then each node with its attempts and calls.</summary>
    public override string ToString()
    {
        using var text = new StringWriter();
        TraceText.Write(text, this);
        return text.ToString();
    }
}
