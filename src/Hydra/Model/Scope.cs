namespace Hydra.Model;

/// <summary>
/// One opened graph in the tree of a run: the root, a map's items, a loop's round, a nested workflow. Its instances are
/// one range of numbers, item by item, so ten thousand items are one object.
/// </summary>
public sealed class Scope(int id, int parent, Plan plan, ScopeOpening opening, int first, float rank, int depth)
{
    public int Id { get; } = id;
    /// <summary>The composite's instance; −1 for the root.</summary>
    public int Parent { get; } = parent;
    public Plan Plan { get; set; } = plan;
    public ScopeOpening Opening { get; } = opening;
    /// <summary>Number of the first instance.</summary>
    public int First { get; } = first;
    /// <summary>Remaining path of the composite beyond this scope, in seconds: added to the ranks inside.</summary>
    public float Rank { get; } = rank;
    public int Depth { get; } = depth;
    /// <summary>The scope that the same composite opened before this one; −1: it is the first.</summary>
    public int Before { get; init; } = -1;

    public int NodesPerItem => Plan.Nodes.Length;
    public int InstanceCount => Opening.Count * NodesPerItem;
    /// <summary>The next item whose turn has not come.</summary>
    public int NextItem { get; set; }
    public int ItemsOpen { get; set; }
    public int ItemsEnded { get; set; }
    public int ItemsFailed { get; set; }
    /// <summary>The first of the items that never got their turn; null when none was cut.</summary>
    public int? CutFrom { get; set; }
    public bool HasFailures { get; set; }
    /// <summary>More items have failed than may: none that has not started is to start.</summary>
    public bool IsHopeless { get; set; }
    /// <summary>A fork does the composite anew, or goes back to an earlier round: the scope is about to go.</summary>
    public bool IsDropped { get; set; }
    /// <summary>Ended items that a resume reopened and that wait for their turn; null: none ever did.</summary>
    public Queue<int>? Returning { get; set; }
    /// <summary>Instances of each open item that have not ended; null when an item is one instance.</summary>
    public int[]? LeftInItem { get; init; }
    public bool HasEnded => ItemsEnded == Opening.Count;

    public int NodeIndexOf(int instance) => NodesPerItem == 1 ? 0 : (instance - First) % NodesPerItem;
    public int ItemOf(int instance) => NodesPerItem == 1 ? instance - First : (instance - First) / NodesPerItem;
    public int InstanceOf(int item, int node) => First + (item * NodesPerItem) + node;
}
