namespace Hydra.Model;

// How an end travels: to dependants, to the item, to the scope and to the composite above.
public sealed partial class RunState
{
    private enum Contribution : byte { Counts, Ended, Soft, BlocksFailed, BlocksSkipped }

    /// <summary>Stands in place of the parents left once a join can no longer fire: no later parent may revive the node.</summary>
    private const int NeverFires = int.MinValue;

    private int Open(int parent, Plan plan, ScopeOpening opening)
    {
        var count = opening.Count * plan.Nodes.Length;
        var rank = 0f;
        var depth = 0;
        if (parent >= 0)
        {
            var above = ScopeOf(parent);
            rank = above.Rank + above.Plan.Rank[above.NodeIndexOf(parent)];
            depth = above.Depth + 1;
        }
        var first = InstanceCount;
        Grow(count);
        var scope = new Scope(Scopes.Count, parent, plan, opening, first, rank, depth)
        {
            LeftInItem = plan.Nodes.Length == 1 ? null : new int[opening.Count],
            Before = parent >= 0 && opening.Kind is not (ScopeKind.Undo or ScopeKind.Revision) ? _detail[parent]?.Scope ?? -1 : -1,
        };
        Scopes.Add(scope);
        Array.Fill(_scopeOf, scope.Id, first, count);
        if (opening.Kind == ScopeKind.Revision) AddRevisions(scope);
        if (plan.Nodes.Length == 0) scope.ItemsEnded = opening.Count;
        else ActivateItems(scope);
        return scope.Id;
    }

    /// <summary>Items whose turn has come take part: as many as the scope's own cap leaves room for.</summary>
    private void ActivateItems(Scope scope)
    {
        var cap = CapOf(scope);
        while (scope.Returning is { Count: > 0 } returning && scope.ItemsOpen < cap) ReturnItem(scope, returning.Dequeue());
        while (scope.NextItem < scope.Opening.Count && scope.ItemsOpen < cap)
        {
            var item = scope.NextItem++;
            scope.ItemsOpen++;
            if (scope.LeftInItem is { } left) left[item] = scope.NodesPerItem;
            var first = scope.InstanceOf(item, 0);
            var plan = scope.Plan;
            for (var node = 0; node < scope.NodesPerItem; node++)
            {
                _status[first + node] = NodeStatus.Pending;
                _left[first + node] = plan.ParentStart[node + 1] - plan.ParentStart[node];
            }
            foreach (var root in plan.Roots) BecomeReady(first + root);
        }
    }

    private static int CapOf(Scope scope) => scope.Opening.ConcurrencyMax > 0 ? scope.Opening.ConcurrencyMax : int.MaxValue;

    /// <summary>The join has fired.</summary>
    private void BecomeReady(int instance)
    {
        if (IsBeingCut(ScopeOf(instance)))
        {
            Doom(instance, SkipCause.Terminated);
            return;
        }
        _readyAt[instance] = ++_clock;
        var node = NodeOf(instance);
        if (node.Settings.CancelLosers) FindLosers(instance);
        if (node.Settings.When is not null)
        {
            _status[instance] = NodeStatus.Deciding;
            ToDecide.Enqueue(instance);
            return;
        }
        MakeReady(instance);
    }

    private void MakeReady(int instance)
    {
        if (NodeOf(instance).Composite is null)
        {
            Queue(instance);
            return;
        }
        _status[instance] = NodeStatus.Open;
        AwaitAdvance(instance);
    }

    private void AwaitAdvance(int instance)
    {
        Detail(instance).AwaitsAdvance = true;
        ToAdvance.Enqueue(instance);
    }

    /// <summary>The composite above is being ended: nothing more begins inside.</summary>
    private bool IsBeingCut(Scope scope) => scope.Parent >= 0 && scope.Opening.Kind != ScopeKind.Undo && _detail[scope.Parent] is { IsCancelling: true } or { StopWhenHeld: true };

    private void AfterEnd(int instance)
    {
        _endedAt[instance] = ++_clock;
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        var plan = scope.Plan;
        if (_status[instance] is NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled) scope.HasFailures = true;
        var dependants = plan.DependantsOf(index);
        if (dependants.Length > 0)
        {
            var item = instance - index;
            foreach (var dependant in dependants) ParentEnded(item + dependant, instance);
        }
        LeaveItem(scope, instance);
    }

    private void ParentEnded(int instance, int parent)
    {
        if (_status[instance] != NodeStatus.Pending || _readyAt[instance] != 0 || _left[instance] == NeverFires) return;
        _left[instance]--;
        var settings = NodeOf(instance).Settings;
        var contribution = ContributionOf(parent, settings.AcceptDegraded);
        if (contribution == Contribution.Counts) _counted[instance]++;
        else if (contribution == Contribution.Soft) Detail(instance).ParentsSkipped++;
        Judge(instance, settings, contribution);
    }

    private void Judge(int instance, NodeSettings settings, Contribution contribution)
    {
        var left = _left[instance];
        switch (settings.Join.Kind)
        {
            case JoinKind.All when contribution == Contribution.BlocksFailed: Doom(instance, SkipCause.UpstreamFailed); break;
            case JoinKind.All when contribution == Contribution.BlocksSkipped: Doom(instance, SkipCause.UpstreamSkipped); break;
            case JoinKind.All when left == 0:
                var scope = ScopeOf(instance);
                var parents = scope.Plan.ParentsOf(scope.NodeIndexOf(instance)).Length;
                if (_detail[instance] is { } detail && detail.ParentsSkipped == parents && !HasParentOutside(instance)) Doom(instance, SkipCause.UpstreamSkipped);
                else BecomeReady(instance);
                break;
            case JoinKind.Any when _counted[instance] > 0: BecomeReady(instance); break;
            case JoinKind.Any when left == 0: DoomJoin(instance); break;
            case JoinKind.AtLeast when _counted[instance] >= settings.Join.Count: BecomeReady(instance); break;
            case JoinKind.AtLeast when _counted[instance] + left < settings.Join.Count: DoomJoin(instance); break;
            case JoinKind.AllDone when left == 0: BecomeReady(instance); break;
        }
    }

    private Contribution ContributionOf(int parent, bool acceptDegraded)
    {
        switch (_status[parent])
        {
            case NodeStatus.Completed: return Contribution.Counts;
            case NodeStatus.Degraded: return acceptDegraded ? Contribution.Counts : Contribution.BlocksFailed;
            case NodeStatus.Skipped:
                var cause = _detail[parent]!.SkippedBecause;
                if (cause is SkipCause.UpstreamFailed or SkipCause.Terminated) return Contribution.BlocksFailed;
                var onSkip = NodeOf(parent).Settings.OnSkip;
                if (onSkip is null) return Contribution.Soft;
                return onSkip.Propagate ? Contribution.BlocksSkipped : Contribution.Counts;
            default:
                return NodeOf(parent).Settings.OnFailure == FailurePolicy.Continue ? Contribution.Ended : Contribution.BlocksFailed;
        }
    }

    /// <summary>The join can no longer fire: because of a failure upstream, which then travels on, or because too little was done.</summary>
    private void DoomJoin(int instance)
    {
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        var accepts = scope.Plan.Nodes[index].Settings.AcceptDegraded;
        foreach (var parent in scope.Plan.ParentsOf(index))
        {
            if (IsFinal(instance - index + parent) && ContributionOf(instance - index + parent, accepts) == Contribution.BlocksFailed)
            {
                Doom(instance, SkipCause.UpstreamFailed);
                return;
            }
        }
        Doom(instance, SkipCause.Join);
    }

    private void Doom(int instance, SkipCause cause)
    {
        _left[instance] = NeverFires;
        Doomed.Enqueue((instance, cause));
    }

    /// <summary>A join that cancels losers fired: parents that still run and that nothing else needs.</summary>
    private void FindLosers(int instance)
    {
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        var first = instance - index;
        foreach (var parent in scope.Plan.ParentsOf(index))
        {
            if (IsFinal(first + parent)) continue;
            var isNeeded = IsPrinted(scope, parent);
            foreach (var other in scope.Plan.DependantsOf(parent)) isNeeded |= other != index && _readyAt[first + other] == 0 && !IsFinal(first + other);
            if (isNeeded) continue;
            Detail(first + parent).IsLoser = true;
            Losers.Enqueue(first + parent);
        }
    }

    /// <summary>Whether the workflow writes the node's output to a file.</summary>
    private static bool IsPrinted(Scope scope, int node)
    {
        if (scope.Parent >= 0) return false;
        foreach (var file in scope.Plan.Workflow.Outputs)
        {
            if (file.Node == scope.Plan.Nodes[node].Id) return true;
        }
        return false;
    }

    private void LeaveItem(Scope scope, int instance)
    {
        var item = scope.ItemOf(instance);
        if (scope.LeftInItem is { } left && --left[item] > 0)
        {
            // A plan's tasks are one item: each that ends may be what its `stop_when` waits for.
            if (scope is { Parent: >= 0, Opening.Proposed: not null } && _status[scope.Parent] == NodeStatus.Open && NodeOf(scope.Parent).Settings.StopWhen is not null) ToCheckStop.Enqueue(scope.Parent);
            return;
        }
        scope.ItemsOpen--;
        scope.ItemsEnded++;
        if (scope.HasFailures && ItemHasFailed(scope, item)) scope.ItemsFailed++;
        if (scope.Parent < 0) return;
        var parent = scope.Parent;
        if (scope.HasEnded)
        {
            if (_status[parent] == NodeStatus.Open) AwaitAdvance(parent);
            return;
        }
        var isHopeless = scope.Opening.FailuresMax >= 0 && scope.ItemsFailed > scope.Opening.FailuresMax;
        if (isHopeless && !scope.IsHopeless)
        {
            scope.IsHopeless = true;
            Hopeless.Enqueue(scope);
        }
        if (isHopeless || IsBeingCut(scope)) CutItems(scope);
        ActivateItems(scope);
        if (_status[parent] != NodeStatus.Open) return;
        if (scope.HasEnded) AwaitAdvance(parent);
        else if (NodeOf(parent) is { Composite: not null, Settings.StopWhen: not null }) ToCheckStop.Enqueue(parent);
    }

    /// <summary>Items whose turn has not come never get one: they end cancelled without an event of their own.</summary>
    public void CutItems(Scope scope)
    {
        if (scope.NextItem < scope.Opening.Count) scope.CutFrom ??= scope.NextItem;
        while (scope.NextItem < scope.Opening.Count)
        {
            var item = scope.NextItem++;
            for (var node = 0; node < scope.NodesPerItem; node++)
            {
                var instance = scope.InstanceOf(item, node);
                _status[instance] = NodeStatus.Cancelled;
                _endedAt[instance] = ++_clock;
            }
            scope.ItemsEnded++;
        }
    }

    public bool ItemHasFailed(Scope scope, int item)
    {
        for (var node = 0; node < scope.NodesPerItem; node++)
        {
            if (IsUncaughtFailure(scope.InstanceOf(item, node))) return true;
        }
        return false;
    }
}
