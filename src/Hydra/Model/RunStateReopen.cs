namespace Hydra.Model;

// A resumed run gives what failed new attempts: ends are taken back, and with them the skips they caused.
public sealed partial class RunState
{
    /// <summary>
    /// Instances that a resume reopens, in order of their numbers: leaves that failed, hit a budget or were cancelled, and
    /// composites that failed by their own decision; never inside something that ended well without them.
    /// </summary>
    public IReadOnlyList<int> Reopenable()
    {
        var found = new List<int>();
        for (var i = 0; i < InstanceCount; i++)
        {
            if (!HasEndedBadly(i) || !HasBegun(i)) continue;
            if (_detail[i] is { IsLoser: true } || !IsUncaughtFailure(i)) continue;
            if (IsReachable(i) && !(NodeOf(i).Composite is not null && HasBadChild(i))) found.Add(i);
        }
        return found;
    }

    private bool HasEndedBadly(int instance) => _status[instance] is NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled;

    private bool HasBadChild(int composite)
    {
        if (_detail[composite] is not { Scope: >= 0 } detail) return false;
        var scope = Scopes[detail.Scope];
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            if (HasEndedBadly(i) && IsUncaughtFailure(i)) return true;
        }
        return false;
    }

    private bool IsReachable(int instance)
    {
        for (var scope = ScopeOf(instance); scope.Parent >= 0; scope = ScopeOf(scope.Parent))
        {
            if (Detail(scope.Parent).Scope != scope.Id) return false;
            if (IsFinal(scope.Parent) && !HasEndedBadly(scope.Parent)) return false;
        }
        return true;
    }

    private void Reopen(int instance)
    {
        TakeBack(instance);
        var detail = Detail(instance);
        detail.Error = null;
        detail.Variant = 0;
        detail.AttemptsInVariant = 0;
        detail.Incarnation = 0;
        detail.Steps = null;
        detail.IsCancelling = false;
        detail.StopWhenHeld = false;
        if (NodeOf(instance).Composite is null) Queue(instance);
        else
        {
            _status[instance] = NodeStatus.Open;
            if (detail.Scope < 0 || Scopes[detail.Scope].HasEnded) AwaitAdvance(instance);
        }
        for (var scope = ScopeOf(instance); scope.Parent >= 0; scope = ScopeOf(scope.Parent))
        {
            if (IsFinal(scope.Parent)) TakeBack(scope.Parent);
            _status[scope.Parent] = NodeStatus.Open;
            Detail(scope.Parent).IsCancelling = false;
            Detail(scope.Parent).AwaitsAdvance = false;
        }
    }

    /// <summary>Makes an end unhappen: the instance, the skips that followed from it, and what scopes counted of them.</summary>
    private void TakeBack(int instance)
    {
        var scope = ScopeOf(instance);
        var item = scope.ItemOf(instance);
        var first = scope.InstanceOf(item, 0);
        var taken = new List<int> { instance };
        var seen = new HashSet<int> { instance };
        var touched = new HashSet<int>();
        for (var at = 0; at < taken.Count; at++)
        {
            foreach (var dependant in scope.Plan.DependantsOf(taken[at] - first))
            {
                var next = first + dependant;
                if (_status[next] == NodeStatus.Skipped && _detail[next]!.SkippedBecause != SkipCause.When && seen.Add(next)) taken.Add(next);
                else if (_status[next] == NodeStatus.Pending) touched.Add(next);
            }
        }
        ReopenItem(scope, item, taken.Count);
        foreach (var back in taken)
        {
            _status[back] = NodeStatus.Pending;
            _endedAt[back] = 0;
            _output[back] = null;
            if (back != instance) _readyAt[back] = 0;
        }
        foreach (var back in taken)
        {
            if (back != instance) Recount(back, first);
        }
        foreach (var pending in touched.Except(seen)) Recount(pending, first);
    }

    private void ReopenItem(Scope scope, int item, int taken)
    {
        var wasClosed = scope.LeftInItem is not { } left || left[item] == 0;
        if (scope.LeftInItem is not null) scope.LeftInItem[item] += taken;
        if (!wasClosed) return;
        if (ItemHasFailed(scope, item)) scope.ItemsFailed--;
        scope.ItemsEnded--;
        scope.ItemsOpen++;
        if (scope.CutFrom is not { } cut) return;
        for (var i = scope.InstanceOf(cut, 0); i < scope.First + scope.InstanceCount; i++)
        {
            _status[i] = NodeStatus.Dormant;
            _endedAt[i] = 0;
        }
        scope.ItemsEnded -= scope.Opening.Count - cut;
        scope.NextItem = cut;
        scope.CutFrom = null;
    }

    private void Recount(int instance, int first)
    {
        var scope = ScopeOf(instance);
        var settings = NodeOf(instance).Settings;
        var left = 0;
        var counted = 0;
        var skipped = 0;
        foreach (var parent in scope.Plan.ParentsOf(instance - first))
        {
            if (!IsFinal(first + parent)) left++;
            else if (ContributionOf(first + parent, settings.AcceptDegraded) == Contribution.Counts) counted++;
            else if (ContributionOf(first + parent, settings.AcceptDegraded) == Contribution.Soft) skipped++;
        }
        _left[instance] = left;
        _counted[instance] = counted;
        if (skipped > 0 || _detail[instance] is not null) Detail(instance).ParentsSkipped = skipped;
    }
}
