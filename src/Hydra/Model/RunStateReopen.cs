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
            if (IsUndo(i) != RollbackAs.HasValue) continue;   // once what it did is undone, only the undoing is tried again
            if (!HasBegun(i) || !IsUncaughtFailure(i)) continue;
            if (IsReachable(i) && !HasBadChild(i)) found.Add(i);
        }
        return found;
    }

    private bool HasBadChild(int composite)
    {
        if (_detail[composite] is not { Scope: >= 0 } detail) return false;
        var scope = Scopes[detail.Scope];
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            if (HasBegun(i) && IsUncaughtFailure(i)) return true;
        }
        return false;
    }

    /// <summary>Every composite above is at this scope still, and open or itself to be reopened.</summary>
    private bool IsReachable(int instance)
    {
        for (var scope = ScopeOf(instance); scope.Parent >= 0 && scope.Opening.Kind != ScopeKind.Undo; scope = ScopeOf(scope.Parent))
        {
            if (Detail(scope.Parent).Scope != scope.Id) return false;
            if (IsFinal(scope.Parent) && !IsUncaughtFailure(scope.Parent)) return false;
        }
        return true;
    }

    private void Reopen(int instance)
    {
        var detail = Detail(instance);
        var goesOn = detail.Reenters;
        TakeBack(instance);
        if (!goesOn)
        {
            detail.Variant = 0;
            detail.AttemptsInVariant = 0;
            detail.Incarnation = 0;
            detail.ResumedAtMs = 0;
        }
        var scope = ScopeOf(instance);
        var first = scope.InstanceOf(scope.ItemOf(instance), 0);
        if (IsReturning(scope, scope.ItemOf(instance))) _status[instance] = NodeStatus.Dormant;
        else ComeBack(instance, first);
        for (; scope.Parent >= 0 && scope.Opening.Kind != ScopeKind.Undo; scope = ScopeOf(scope.Parent))
        {
            if (IsFinal(scope.Parent)) TakeBack(scope.Parent);
            var above = Detail(scope.Parent);
            above.IsCancelling = false;
            above.StopWhenHeld = false;
            above.CancelError = null;
            above.AwaitsAdvance = false;
            _status[scope.Parent] = NodeStatus.Open;
            StartClock(scope.Parent);
            SetDeadline(scope.Parent, LastFrameMs);
            ActivateItems(scope);   // the items that its failure had cut
        }
    }

    /// <summary>An attempt that may go on does so at once; another one waits for parents that come back too.</summary>
    private void ComeBack(int instance, int first)
    {
        if (Detail(instance) is { Reenters: false, Scope: < 0 } && HasOpenParent(instance, first)) JoinAgain(instance, first);
        else GoOn(instance);
    }

    private bool HasOpenParent(int instance, int first)
    {
        foreach (var parent in ScopeOf(instance).Plan.ParentsOf(instance - first))
        {
            if (!IsFinal(first + parent)) return true;
        }
        return false;
    }

    /// <summary>Parents come back too: the node waits for them as it did at first, and takes its inputs anew.</summary>
    private void JoinAgain(int instance, int first)
    {
        _status[instance] = NodeStatus.Pending;
        _readyAt[instance] = 0;
        Recount(instance, first);
    }

    /// <summary>Lets a reopened instance take part again, at the place where it had ended.</summary>
    private void GoOn(int instance)
    {
        var detail = Detail(instance);
        var node = NodeOf(instance);
        if (node.Settings.When is not null && _attempt[instance] == 0 && detail.Scope < 0)
        {
            _status[instance] = NodeStatus.Deciding;
            ToDecide.Enqueue(instance);
        }
        else if (node.Composite is null && detail.Scope < 0) Queue(instance);
        else
        {
            _status[instance] = NodeStatus.Open;
            StartClock(instance);
            if (detail.Scope >= 0) SetDeadline(instance, LastFrameMs);
            if (detail.Scope < 0 || Scopes[detail.Scope].HasEnded) AwaitAdvance(instance);
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
        var touched = new List<int>();
        for (var at = 0; at < taken.Count; at++)
        {
            foreach (var dependant in scope.Plan.DependantsOf(taken[at] - first))
            {
                var next = first + dependant;
                // A gate whose revision was skipped has run itself.
                var wasDoomed = _status[next] == NodeStatus.Skipped && _detail[next] is { Scope: < 0, SkippedBecause: not (SkipCause.When or SkipCause.Rejected) };
                // Ready and not begun: its inputs would be those of the ends that are taken back.
                var isFresh = _status[next] is NodeStatus.Queued or NodeStatus.Deciding && _detail[next] is not { Reenters: true };
                if (!wasDoomed && !isFresh && _status[next] != NodeStatus.Pending) continue;
                if (!seen.Add(next)) continue;
                if (wasDoomed) taken.Add(next);
                else touched.Add(next);
            }
        }
        ReopenItem(scope, item, taken.Count);
        foreach (var back in taken)
        {
            _status[back] = NodeStatus.Pending;
            _endedAt[back] = 0;
            _output[back] = null;
            if (_detail[back] is { } detail)
            {
                detail.Error = null;
                detail.Signal = Value.Null;
                detail.SkippedBecause = default;
                detail.IsCancelling = false;
                detail.StopWhenHeld = false;
                detail.DeadlineMs = 0;
                detail.CancelError = null;
                detail.IsLoser = false;
                detail.Crashes = 0;
            }
            if (back != instance) _readyAt[back] = 0;
        }
        // Skips that had another reason besides are doomed once more.
        for (var at = 1; at < taken.Count; at++) Recount(taken[at], first);
        foreach (var waiting in touched) JoinAgain(waiting, first);
    }

    private void ReopenItem(Scope scope, int item, int taken)
    {
        var wasClosed = scope.LeftInItem is not { } left || left[item] == 0;
        if (scope.LeftInItem is not null) scope.LeftInItem[item] += taken;
        if (!wasClosed) return;
        if (ItemHasFailed(scope, item)) scope.ItemsFailed--;
        scope.ItemsEnded--;
        scope.IsHopeless = false;
        if (scope.ItemsOpen < CapOf(scope)) scope.ItemsOpen++;
        else (scope.Returning ??= new Queue<int>()).Enqueue(item);
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

    private static bool IsReturning(Scope scope, int item) => scope.Returning is { Count: > 0 } returning && returning.Contains(item);

    /// <summary>The turn of a reopened item has come.</summary>
    private void ReturnItem(Scope scope, int item)
    {
        scope.ItemsOpen++;
        var first = scope.InstanceOf(item, 0);
        for (var instance = first; instance < first + scope.NodesPerItem; instance++)
        {
            if (_status[instance] != NodeStatus.Dormant) continue;
            if (HasBegun(instance)) ComeBack(instance, first);
            else Rejoin(instance, first);
        }
    }

    private void Recount(int instance, int first)
    {
        var scope = ScopeOf(instance);
        var settings = NodeOf(instance).Settings;
        var left = 0;
        var counted = 0;
        var skipped = 0;
        var worst = Contribution.Ended;
        foreach (var parent in scope.Plan.ParentsOf(instance - first))
        {
            if (!IsFinal(first + parent))
            {
                left++;
                continue;
            }
            var contribution = ContributionOf(first + parent, settings.AcceptDegraded);
            if (contribution == Contribution.Counts) counted++;
            else if (contribution == Contribution.Soft) skipped++;
            else if (contribution > worst) worst = contribution;
        }
        _left[instance] = left;
        _counted[instance] = counted;
        if (skipped > 0 || _detail[instance] is not null) Detail(instance).ParentsSkipped = skipped;
        Judge(instance, settings, worst);
    }
}
