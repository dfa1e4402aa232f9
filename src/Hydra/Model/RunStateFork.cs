namespace Hydra.Model;

// A fork: the parent's state less what is done anew. Graphs that are given up are gone, so that instances may get other numbers.
public sealed partial class RunState
{
    private Stack<Plan>? _laterPlans;
    private Plan? _nextPlan;
    private List<(string Run, int Clock)>? _forks;

    /// <summary>When the fork began (Unix milliseconds); 0: the run is none.</summary>
    public long ForkedAtMs { get; private set; }

    /// <summary>By the last <see cref="RunEvent.Invalidated"/>: the new number of each instance, −1: it is gone; null: all kept theirs.</summary>
    public IReadOnlyList<int>? Moved { get; private set; }

    /// <summary>By the last <see cref="RunEvent.Invalidated"/>: instances whose past is not this run's.</summary>
    public IReadOnlyList<int> DoneAnew { get; private set; } = [];

    /// <summary>The run that an ended instance's result was inherited from; null: it is this run's own.</summary>
    public string? OriginOf(int instance)
    {
        if (_endedAt[instance] == 0) return null;
        foreach (var (run, clock) in _forks ?? [])
        {
            if (_endedAt[instance] <= clock) return run;
        }
        return null;
    }

    /// <summary>A fork was asked to do this instance anew, or one that it lies in: no earlier result stands for it.</summary>
    public bool IsAskedAnew(int instance)
    {
        for (; instance >= 0; instance = ScopeOf(instance).Parent)
        {
            if (_detail[instance] is { IsAskedAnew: true }) return true;
        }
        return false;
    }

    /// <summary>
    /// What <c>--only-failed</c> does anew: instances that failed, hit a budget or were cancelled, also where that was
    /// tolerated; of a composite that failed because of what is inside, what is inside.
    /// </summary>
    public IReadOnlyList<int> FailedWork()
    {
        var found = new List<int>();
        var hasFailedInside = new HashSet<int>();
        for (var i = InstanceCount - 1; i >= 0; i--)   // what a composite opened has higher numbers
        {
            if (_status[i] is not (NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled)) continue;
            if (!HasBegun(i) || _detail[i] is { IsLoser: true } || !IsCurrent(i)) continue;
            if (!hasFailedInside.Contains(i)) found.Add(i);
            for (var scope = ScopeOf(i); scope.Parent >= 0; scope = ScopeOf(scope.Parent)) hasFailedInside.Add(scope.Parent);
        }
        found.Reverse();
        return found;
    }

    /// <summary>Everything that doing these instances anew resets: they, what depends on them and what they opened.</summary>
    public IReadOnlyList<int> ResetBy(IReadOnlyList<int> nodes)
    {
        var closure = new Closure(this, nodes);
        return [.. closure.Anew, .. closure.Dropped.SelectMany(scope => Enumerable.Range(Scopes[scope].First, Scopes[scope].InstanceCount))];
    }

    /// <summary>Every composite above is still at the scope that holds the instance.</summary>
    public bool IsCurrent(int instance)
    {
        for (var scope = ScopeOf(instance); scope.Parent >= 0; scope = ScopeOf(scope.Parent))
        {
            if (_detail[scope.Parent]?.Scope != scope.Id) return false;
        }
        return true;
    }

    /// <summary>The plan that the next <see cref="RunEvent.Forked"/> with a definition brings.</summary>
    public void Expect(Plan next) => (_laterPlans ??= new Stack<Plan>()).Push(next);

    private void Fork(RunEvent.Forked e, long atMs)
    {
        StoppingAs = null;   // what its parent was asked to do is not asked of the fork
        if (HasEnded && Status == RunStatus.Completed)
        {
            HasEnded = false;
            Status = RunStatus.Running;
        }
        (_forks ??= []).Add((e.Parent, _clock));
        RunName = e.Run;
        ForkedAtMs = atMs;
        RunAccount.ActiveMs = 0;
        if (e.Definition is null) return;
        Bundle = e.Definition.Bundle;
        _nextPlan = (_laterPlans ?? throw new InvalidOperationException("The fork's own plan is missing.")).Pop();
    }

    /// <remarks>(1) what is done anew, (2) it is reset, (3) the fork's own definition takes over, (4) what was reset joins again.</remarks>
    private void Invalidate(RunEvent.Invalidated e, long atMs)
    {
        LetGo();
        var closure = new Closure(this, e.Nodes);                                    // (1)
        foreach (var scope in closure.Dropped.Reverse()) Drop(scope);                         // (2)
        foreach (var instance in closure.Anew) Reset(instance);
        foreach (var (composite, scope) in closure.Opened) OpenAgain(composite, scope, atMs);
        Moved = null;
        var anew = new SortedSet<int>(closure.Anew);
        if (_nextPlan is not null || closure.Dropped.Count > 0)                      // (3)
        {
            anew = Redefine(_nextPlan ?? Plan, anew, hasDropped: closure.Dropped.Count > 0);
            _nextPlan = null;
            FindRevisions();
        }
        DoneAnew = [.. anew];
        foreach (var named in e.Named)
        {
            if (MovedTo(named) is >= 0 and var at) Detail(at).IsAskedAnew = true;
        }
        var byScope = new SortedDictionary<int, List<int>>();                        // (4)
        foreach (var instance in anew)
        {
            if (!byScope.TryGetValue(_scopeOf[instance], out var list)) byScope[_scopeOf[instance]] = list = [];
            list.Add(instance);
        }
        foreach (var scope in Scopes)
        {
            if (byScope.ContainsKey(scope.Id) || HasOpened(scope, closure)) Settle(scope, byScope.GetValueOrDefault(scope.Id) ?? []);
        }
    }

    /// <summary>No process is at work on a fork yet: attempts go on where they stood, and nobody probes a breaker.</summary>
    private void LetGo()
    {
        for (var i = 0; i < InstanceCount; i++)
        {
            if (_status[i] != NodeStatus.Running) continue;
            Leave(i);
            Queue(i);
        }
        foreach (var breaker in Breakers.Values) breaker.ForgetProbe();
    }

    private bool HasOpened(Scope scope, Closure closure)
    {
        foreach (var (composite, _) in closure.Opened)
        {
            if (MovedTo(composite) is >= 0 and var at && _scopeOf[at] == scope.Id) return true;
        }
        return false;
    }

    private int MovedTo(int instance) => Moved is null ? instance : Moved[instance];

    private void Drop(int id)
    {
        var scope = Scopes[id];
        scope.IsDropped = true;
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            Reset(i);
            _status[i] = NodeStatus.Dormant;
        }
    }

    private void Reset(int instance)
    {
        Release(instance, CutShort, 0);
        LeaveWaiting(instance);
        OpenWaits.Remove(instance);
        StopClock(instance);
        if (_detail[instance] is { } detail)
        {
            for (var account = AccountOf(instance); account is not null; account = account.Parent) account.Forget(detail);
            for (var step = 0; step < (detail.Steps?.Count ?? 0); step++)
            {
                if (detail.Steps![step] is { Result: null, Call.Provider: { Length: > 0 } provider }) ProviderBreaker(provider).Abandoned(CallerOf(instance, step));
            }
        }
        _status[instance] = NodeStatus.Pending;
        _attempt[instance] = 0;
        _readyAt[instance] = 0;
        _endedAt[instance] = 0;
        _output[instance] = null;
        _detail[instance] = null;
    }

    /// <summary>A composite inside which something is done anew goes on at that scope.</summary>
    private void OpenAgain(int composite, int scope, long atMs)
    {
        var detail = Detail(composite);
        detail.Scope = scope;
        detail.Error = null;
        detail.Signal = Value.Null;
        detail.IsCancelling = false;
        detail.StopWhenHeld = false;
        detail.CancelError = null;
        detail.AwaitsAdvance = false;
        detail.IsLoser = false;
        if (detail.Account is { } account) account.ActiveMs = 0;
        _endedAt[composite] = 0;
        _output[composite] = null;
        _status[composite] = NodeStatus.Open;
        StartClock(composite);
        SetDeadline(composite, atMs);
    }

    /// <summary>Counts a scope's items anew; those with something to do take part again as the scope's cap leaves room.</summary>
    private void Settle(Scope scope, List<int> anew)
    {
        if (scope.CutFrom is { } cut)
        {
            for (var i = scope.InstanceOf(cut, 0); i < scope.First + scope.InstanceCount; i++)
            {
                _status[i] = NodeStatus.Dormant;
                _endedAt[i] = 0;
            }
            scope.NextItem = cut;
            scope.CutFrom = null;
        }
        var reset = new HashSet<int>(anew);
        scope.ItemsOpen = scope.ItemsEnded = scope.ItemsFailed = 0;
        scope.IsHopeless = false;
        scope.Returning = null;
        for (var item = 0; item < scope.NextItem; item++) SettleItem(scope, item, reset);
        ActivateItems(scope);
    }

    private void SettleItem(Scope scope, int item, HashSet<int> reset)
    {
        var left = 0;
        var isAtWork = false;
        for (var node = 0; node < scope.NodesPerItem; node++)
        {
            var instance = scope.InstanceOf(item, node);
            if (!IsFinal(instance)) left++;
            isAtWork |= !reset.Contains(instance) && _status[instance] is not (NodeStatus.Pending or NodeStatus.Dormant) && !IsFinal(instance);
        }
        if (scope.LeftInItem is not null) scope.LeftInItem[item] = left;
        if (left == 0)
        {
            scope.ItemsEnded++;
            if (ItemHasFailed(scope, item)) scope.ItemsFailed++;
            return;
        }
        if (isAtWork) scope.ItemsOpen++;
        else (scope.Returning ??= new Queue<int>()).Enqueue(item);
        for (var node = 0; node < scope.NodesPerItem; node++)
        {
            var instance = scope.InstanceOf(item, node);
            if (!reset.Contains(instance)) continue;
            if (isAtWork) Rejoin(instance, scope.InstanceOf(item, 0));
            else _status[instance] = NodeStatus.Dormant;
        }
    }

    /// <summary>An instance that is done anew waits for its parents as it did at first.</summary>
    private void Rejoin(int instance, int first)
    {
        _status[instance] = NodeStatus.Pending;
        if (ScopeOf(instance).Plan.ParentsOf(instance - first).Length == 0) BecomeReady(instance);
        else JoinAgain(instance, first);
    }

    /// <summary>The instances that are done anew, the composites that go on around them, and the scopes that are given up.</summary>
    private sealed class Closure
    {
        private readonly RunState _state;
        private readonly ILookup<int, Scope> _opened;
        private readonly Stack<int> _open = new();

        public Closure(RunState state, IReadOnlyList<int> seeds)
        {
            _state = state;
            _opened = state.Scopes.Where(scope => scope.Parent >= 0).ToLookup(scope => scope.Parent);
            foreach (var seed in seeds.Order()) Mark(seed);
            while (_open.TryPop(out var instance)) Spread(instance);
            Anew.RemoveWhere(instance => Dropped.Contains(state._scopeOf[instance]));
            foreach (var composite in Opened.Keys.Where(composite => Anew.Contains(composite) || Dropped.Contains(state._scopeOf[composite])).ToList()) Opened.Remove(composite);
        }

        public SortedSet<int> Anew { get; } = [];
        /// <summary>Composite and the scope it goes on with.</summary>
        public SortedDictionary<int, int> Opened { get; } = [];
        public SortedSet<int> Dropped { get; } = [];

        private void Mark(int instance)
        {
            if (Anew.Add(instance)) _open.Push(instance);
        }

        private void Spread(int instance)
        {
            foreach (var scope in _opened[instance]) DropBelow(scope);
            MarkDependants(instance);
            for (var scope = _state.ScopeOf(instance); scope.Parent >= 0; scope = _state.ScopeOf(scope.Parent))
            {
                if (Opened.TryGetValue(scope.Parent, out var known) && known <= scope.Id) return;
                Opened[scope.Parent] = scope.Id;
                foreach (var later in _opened[scope.Parent])
                {
                    if (later.Id > scope.Id) DropBelow(later);
                }
                MarkDependants(scope.Parent);
            }
        }

        private void MarkDependants(int instance)
        {
            var scope = _state.ScopeOf(instance);
            var index = scope.NodeIndexOf(instance);
            foreach (var dependant in scope.Plan.DependantsOf(index)) Mark(instance - index + dependant);
        }

        private void DropBelow(Scope scope)
        {
            if (!Dropped.Add(scope.Id)) return;
            for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
            {
                foreach (var inner in _opened[i]) DropBelow(inner);
            }
        }
    }
}
