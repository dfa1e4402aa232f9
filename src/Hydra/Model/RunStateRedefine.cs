namespace Hydra.Model;

// A fork with another definition: what it keeps is carried over by path. Nodes inside kept composites are the same.
public sealed partial class RunState
{
    /// <summary>Puts the plan of the fork in the place of its parent's. Returns what is to be done anew, new nodes among it.</summary>
    private SortedSet<int> Redefine(Plan next, SortedSet<int> anew, bool hasDropped)
    {
        var root = Scopes[0];
        if (hasDropped || !HasSameNodes(root.Plan, next)) anew = Renumber(next, anew);
        SetLimits(Limits with { Budget = BudgetSpec.Edited(Limits.Budget, Plan.Workflow.Budget, next.Workflow.Budget) });
        Plan = next;
        foreach (var scope in Scopes) scope.Plan = scope.Parent < 0 ? next : PlanOf(scope.Opening, scope.Parent);
        return anew;
    }

    /// <summary>The graph that an instance opens with this.</summary>
    public Plan PlanOf(ScopeOpening opening, int parent) => opening.Kind switch
    {
        _ when opening.Proposed is { } fragment => (Plan.Proposals ?? throw new InvalidOperationException("This plan was made without a compiler for proposed fragments."))
            .PlanOf(NodeOf(parent), ScopeOf(parent).Plan.Workflow, fragment),
        ScopeKind.Undo => NodeOf(parent).Undo!,
        ScopeKind.Revision => RevisionPlanOf(parent),
        _ => NodeOf(parent).Fragments[opening.Fragment],
    };

    private static bool HasSameNodes(Plan known, Plan next)
    {
        if (known.Nodes.Length != next.Nodes.Length) return false;
        for (var i = 0; i < known.Nodes.Length; i++)
        {
            if (known.Nodes[i].Id != next.Nodes[i].Id) return false;
        }
        return true;
    }

    private SortedSet<int> Renumber(Plan next, SortedSet<int> anew)
    {
        var (moved, count, scopes) = Map(next);
        var (status, scopeOf, left, counted, readyAt, endedAt, attempt, output, detail) = (_status, _scopeOf, _left, _counted, _readyAt, _endedAt, _attempt, _output, _detail);
        var before = InstanceCount;
        _status = [];
        _scopeOf = [];
        _left = [];
        _counted = [];
        _readyAt = [];
        _endedAt = [];
        _attempt = [];
        _output = [];
        _detail = [];
        InstanceCount = 0;
        Grow(count);
        Array.Fill(_status, NodeStatus.Pending, 0, next.Nodes.Length);
        for (var i = 0; i < before; i++)
        {
            if (moved[i] is not (>= 0 and var to)) continue;
            _status[to] = status[i];
            _left[to] = left[i];
            _counted[to] = counted[i];
            _readyAt[to] = readyAt[i];
            _endedAt[to] = endedAt[i];
            _attempt[to] = attempt[i];
            _output[to] = output[i];
            _detail[to] = detail[i];
            _scopeOf[to] = scopes[scopeOf[i]]!.Id;
            if (detail[i] is { Scope: >= 0 } open) open.Scope = scopes[open.Scope]?.Id ?? -1;
        }
        Scopes.Clear();
        foreach (var scope in scopes)
        {
            if (scope is not null) Scopes.Add(scope);
        }
        for (var i = 0; i < Timed.Count; i++) Timed[i] = (moved[Timed[i].Node], Timed[i].Account);
        var waits = OpenWaits.Select(wait => moved[wait]).Where(wait => wait >= 0).ToList();
        OpenWaits.Clear();
        WaitsDue.Clear();
        OverdueAt.Clear();
        foreach (var wait in waits)
        {
            OpenWaits.Add(wait);
            WaitsDue.Enqueue(wait, _detail[wait]!.Wait!.NextDueMs);
        }
        Moved = moved;
        return CarryOver(next, anew, moved);
    }

    /// <summary>Old number to new number, and old scope to new scope; −1 and null: gone.</summary>
    private (int[] Moved, int Count, Scope?[] Scopes) Map(Plan next)
    {
        var moved = new int[InstanceCount];
        var scopes = new Scope?[Scopes.Count];
        var count = 0;
        var id = 0;
        foreach (var scope in Scopes)
        {
            var isGone = scope.IsDropped || (scope.Parent >= 0 && moved[scope.Parent] < 0);
            if (isGone)
            {
                Array.Fill(moved, -1, scope.First, scope.InstanceCount);
                continue;
            }
            var isRoot = scope.Parent < 0;
            for (var i = 0; i < scope.InstanceCount; i++) moved[scope.First + i] = isRoot ? next.IndexOf(scope.Plan.Nodes[i].Id.Text) : count + i;
            scopes[scope.Id] = new Scope(id++, isRoot ? -1 : moved[scope.Parent], isRoot ? next : scope.Plan, scope.Opening, count, scope.Rank, scope.Depth)
            {
                Before = scope.Before >= 0 ? scopes[scope.Before]?.Id ?? -1 : -1,
                NextItem = scope.NextItem,
                ItemsOpen = scope.ItemsOpen,
                ItemsEnded = scope.ItemsEnded,
                ItemsFailed = scope.ItemsFailed,
                CutFrom = scope.CutFrom,
                HasFailures = scope.HasFailures,
                IsHopeless = scope.IsHopeless,
                Returning = scope.Returning,
                LeftInItem = isRoot ? next.Nodes.Length == 1 ? null : new int[1] : scope.LeftInItem,
            };
            count += isRoot ? next.Nodes.Length : scope.InstanceCount;
        }
        return (moved, count, scopes);
    }

    private static SortedSet<int> CarryOver(Plan next, SortedSet<int> anew, int[] moved)
    {
        var carried = new SortedSet<int>();
        var known = new HashSet<int>(moved);
        foreach (var instance in anew)
        {
            if (moved[instance] >= 0) carried.Add(moved[instance]);
        }
        for (var node = 0; node < next.Nodes.Length; node++)
        {
            if (!known.Contains(node)) carried.Add(node);
        }
        return carried;
    }
}
