using System.Collections.Concurrent;

namespace Hydra.Model;

// Revisions: a gate has the nodes on the way to it done again, in a scope below itself. The first versions stay as they ended.
public sealed partial class RunState
{
    /// <summary>Instance of the graph as written to its revisions, oldest first. Attempts read it while the loop goes on, so a list is replaced, never changed.</summary>
    private readonly ConcurrentDictionary<int, int[]> _revisions = new();

    private bool IsRevision(int instance) => ScopeOf(instance).Opening.Kind == ScopeKind.Revision;

    /// <summary>The first version of the node that a revision stands for, in the graph as written; any other instance is its own.</summary>
    public int BaseOf(int instance)
    {
        var scope = ScopeOf(instance);
        if (scope.Opening.Kind != ScopeKind.Revision) return instance;
        var gate = BaseOf(scope.Parent);
        var around = ScopeOf(gate);
        return around.InstanceOf(around.ItemOf(gate), scope.Plan.BaseIndex![scope.NodeIndexOf(instance)]);
    }

    /// <summary>Versions of a node after the first, oldest first.</summary>
    public IReadOnlyList<int> RevisionsOf(int first) => _revisions.TryGetValue(first, out var found) ? found : [];

    /// <summary>1 for the first version of a node, then 2, 3, …</summary>
    public int VersionOf(int instance) => IsRevision(instance) ? Array.IndexOf(_revisions[BaseOf(instance)], instance) + 2 : 1;

    /// <summary>The version before; −1: the instance is the first.</summary>
    public int PreviousOf(int instance)
    {
        if (!IsRevision(instance)) return -1;
        var first = BaseOf(instance);
        var at = Array.IndexOf(_revisions[first], instance);
        return at == 0 ? first : _revisions[first][at - 1];
    }

    /// <summary>The newest version of a node that has ended; the first when none has.</summary>
    public int LatestOf(int first)
    {
        if (!_revisions.TryGetValue(first, out var revisions)) return first;
        for (var i = revisions.Length - 1; i >= 0; i--)
        {
            if (IsFinal(revisions[i])) return revisions[i];
        }
        return first;
    }

    /// <summary>The version of a node that the instance reads: the newest that had ended when it became ready.</summary>
    public int VersionSeenBy(int instance, int first)
    {
        if (!_revisions.TryGetValue(first, out var revisions)) return first;
        for (var i = revisions.Length - 1; i >= 0; i--)
        {
            if (Sees(instance, revisions[i])) return revisions[i];
        }
        return first;
    }

    /// <summary>How many revisions the gate has had already, by rejections one after another.</summary>
    public int RevisionsBefore(int gate)
    {
        var scope = ScopeOf(gate);
        return scope.Opening.Kind == ScopeKind.Revision && BaseOf(scope.Parent) == BaseOf(gate) ? scope.Opening.Ordinal - 1 : 0;
    }

    /// <summary>Instances on which this one waits, those outside of its revision included.</summary>
    public IEnumerable<int> ParentsOf(int instance)
    {
        var first = BaseOf(instance);
        var around = ScopeOf(first);
        var scope = ScopeOf(instance);
        var parents = around.Plan.ParentsOf(around.NodeIndexOf(first)).ToArray();
        foreach (var parent in parents)
        {
            var inside = instance == first ? -1 : Array.IndexOf(scope.Plan.BaseIndex!, parent);
            yield return inside >= 0 ? scope.First + inside : VersionSeenBy(instance, around.InstanceOf(around.ItemOf(first), parent));
        }
    }

    private Plan RevisionPlanOf(int gate)
    {
        var first = BaseOf(gate);
        var around = ScopeOf(first);
        return around.Plan.RevisionOf(around.NodeIndexOf(first));
    }

    private void OpenRevision(RunEvent.Expanded e)
    {
        Release(e.Node, null, 0);
        var detail = Detail(e.Node);
        if (detail.Steps is not null) RuleUses.Forget(PathOf(e.Node));
        detail.Steps = null;
        detail.Reenters = false;
        detail.AwaitsAdvance = false;
        _status[e.Node] = NodeStatus.Open;
        detail.Scope = Open(e.Node, PlanOf(e.Opening, e.Node), e.Opening);
    }

    private void AddRevisions(Scope scope)
    {
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            var first = BaseOf(i);
            _revisions[first] = [.. RevisionsOf(first), i];
        }
    }

    /// <summary>After a fork, which may have given up scopes and numbers.</summary>
    private void FindRevisions()
    {
        _revisions.Clear();
        foreach (var scope in Scopes)
        {
            if (scope.Opening.Kind == ScopeKind.Revision && !scope.IsDropped) AddRevisions(scope);
        }
    }

    /// <summary>A parent outside of the revision that was not skipped: the node has something to go on.</summary>
    private bool HasParentOutside(int instance)
    {
        if (!IsRevision(instance)) return false;
        foreach (var parent in ParentsOf(instance))
        {
            if (_scopeOf[parent] != _scopeOf[instance] && _status[parent] != NodeStatus.Skipped) return true;
        }
        return false;
    }

    private string RevisedPathOf(int instance)
    {
        var first = BaseOf(instance);
        // `polish#2` is the second round already where a round is one node.
        var mark = _detail[first] is { Scope: >= 0 } detail && Scopes[detail.Scope] is { Opening.Kind: ScopeKind.Round, Plan.IsInline: true } ? "##" : "#";
        return $"{PathOf(first)}{mark}{VersionOf(instance)}";
    }
}
