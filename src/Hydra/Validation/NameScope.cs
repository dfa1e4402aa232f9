using Hydra.Model;

namespace Hydra.Validation;

/// <summary>What a name means where it is written.</summary>
internal enum NameKind { Unknown, Bound, Input, Ancestor, Itself, NotAncestor }

/// <summary>One graph with the names around it: a workflow, or a fragment inside a composite.</summary>
internal sealed class NameScope(WorkflowSpec workflow, IReadOnlyList<NodeSpec> nodes, FragmentSpec? fragment, NameScope? outer, int composite)
{
    public WorkflowSpec Workflow { get; } = workflow;
    public GraphIndex Graph { get; } = new(nodes);
    public FragmentSpec? Fragment { get; } = fragment;
    public NameScope? Outer { get; } = outer;
    /// <summary>Number of the composite in <see cref="Outer"/>.</summary>
    public int Composite { get; } = composite;

    /// <summary>Nodes that some gate may have done again.</summary>
    public IReadOnlySet<int> Revised { get; set; } = new HashSet<int>();

    /// <summary>Whether the node, or a composite around it, may be done again.</summary>
    public bool IsRevised(int node)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Revised.Contains(node)) return true;
            node = scope.Composite;
        }
        return false;
    }

    /// <summary>What <paramref name="name"/> means to node <paramref name="node"/>; for an ancestor, also where it stands.</summary>
    public NameKind Resolve(string name, int node, out NameScope home, out int index)
    {
        index = -1;
        home = this;
        var user = Graph.Nodes[node].Id.Text;
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            home = scope;
            if (scope.Fragment is { } fragment && (fragment.Names.Contains(name) || (fragment.NodeNames.TryGetValue(user, out var own) && own.Contains(name)))) return NameKind.Bound;
            index = scope.Graph.IndexOf(name);
            if (index == node) return NameKind.Itself;
            if (index >= 0) return scope.Graph.IsAncestor(index, node) ? NameKind.Ancestor : NameKind.NotAncestor;
            if (scope.Outer is null) break;
            node = scope.Composite;
            user = scope.Outer.Graph.Nodes[node].Id.Text;
        }
        return Workflow.Inputs?.ContainsKey(name) == true ? NameKind.Input : NameKind.Unknown;
    }

    /// <summary>Id of the stand-in that reads what a round leaves behind, in its composite's name.</summary>
    public const string AfterRound = "_after_round";

    /// <summary>What messages call a node: its path through the composites around it.</summary>
    public string NameOf(int node)
    {
        var id = Graph.Nodes[node].Id.Text;
        if (Outer is null) return id;
        var around = Outer.NameOf(Composite);
        return Fragment!.IsInline || id == AfterRound ? around : $"{around}/{id}";
    }

    /// <summary>Every node id that could be meant here, nearest scope first.</summary>
    public IEnumerable<string> Ids()
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            foreach (var id in scope.Graph.Ids) yield return id;
        }
    }

    public bool Binds(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Fragment is { } fragment && fragment.Names.Contains(name)) return true;
        }
        return false;
    }

    public IEnumerable<string> BoundNames()
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            foreach (var name in scope.Fragment?.Names ?? []) yield return name;
        }
    }
}
