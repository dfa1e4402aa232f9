using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>What a run did that it must never do.</summary>
internal sealed class InvariantBrokenException(string message) : Exception(message);

/// <summary>
/// Watches a run from outside: it reads the frames and keeps books of its own, so that a wrong count in the engine
/// cannot hide itself.
/// </summary>
internal sealed class RunChecker(int cap)
{
    private sealed class Ledger
    {
        public long Tokens, Reserved, Excess, Calls, ToolCalls, Steps;
        public int Outstanding;
    }

    private readonly Dictionary<int, Ledger> _ledgers = [];
    private readonly Dictionary<int, RunEvent.Started> _running = [];
    private readonly HashSet<int> _done = [], _begun = [], _final = [], _cancelling = [];
    private readonly Dictionary<int, List<(StepCall Call, bool IsOpen)>> _steps = [];
    private readonly Dictionary<(int Node, int Attempt), int> _incarnations = [];
    private readonly List<(long AtMs, RunEvent.StepIntended Step)> _calls = [];
    private readonly Dictionary<int, int> _endOrder = [];
    private readonly HashSet<int> _undone = [], _revised = [];
    private readonly Dictionary<int, long> _startedAt = [];
    private readonly HashSet<(int Node, int Attempt)> _overdue = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private int _ends, _lastUndone = int.MaxValue;
    private bool _isStopping, _isRollingBack, _believes;

    /// <summary>Attempts that said they had completed, by identity: an end without one is made up.</summary>
    public HashSet<(int Node, int Attempt, int Incarnation)> Said { get; } = [];

    /// <summary>Takes over a frame of an earlier process, whose attempts nobody here has heard.</summary>
    public void Adopt(Frame frame, RunState state)
    {
        _believes = true;
        Check(frame, state);
        _believes = false;
    }

    public void Check(Frame frame, RunState state)
    {
        var reopens = false;
        foreach (var happened in frame.Events) reopens |= happened is RunEvent.Reopened;
        foreach (var happened in frame.Events) Check(happened, frame, state, reopens);
        if (reopens) ForgetReopened(state);
        CheckCounts(frame, state);
        if (state.StoppingAs is null && !state.HasEnded) CheckPromptness(frame, state);
    }

    private void Check(RunEvent happened, Frame frame, RunState state, bool reopens)
    {
        switch (happened)
        {
            case RunEvent.RunResumed:
                _running.Clear();
                _isStopping = false;
                break;
            case RunEvent.Started e:
                CheckStart(e, state, reopens);
                _startedAt[e.Node] = frame.AtMs;
                break;
            case RunEvent.Overdue e:
                if (!_running.TryGetValue(e.Node, out var overdue)) Broken($"{state.PathOf(e.Node)} was overdue without running");
                if (!_overdue.Add((e.Node, overdue!.Attempt))) Broken($"{state.PathOf(e.Node)} was reported as overdue twice in one attempt");
                if (!IsOverdue(e.Node, frame, state)) Broken($"{state.PathOf(e.Node)} was reported as overdue too early");
                break;
            case RunEvent.StepIntended e: CheckStep(e, frame, state); break;
            case RunEvent.StepEnded e: Settle(e, state); break;
            case RunEvent.AttemptFailed e:
                _running.Remove(e.Node);
                _steps.Remove(e.Node);
                break;
            case RunEvent.Suspended e: _running.Remove(e.Node); break;
            case RunEvent.WaitOpened e: _running.Remove(e.Node); break;
            case RunEvent.AttemptInterrupted e: _running.Remove(e.Node); break;
            case RunEvent.Cancelling e: _cancelling.Add(e.Node); break;
            case RunEvent.Reopened e:
                for (var at = e.Node; at >= 0; at = state.ScopeOf(at).Parent) _cancelling.Remove(at);
                break;
            case RunEvent.Ended e: CheckEnd(e, state, reopens); break;
            case RunEvent.RollingBack:
                if (_running.Count > 0) Broken("what was done is undone while something still runs");
                _isStopping = false;
                _isRollingBack = true;
                break;
            case RunEvent.Assumed e:
                if (_steps.TryGetValue(e.Node, out var settled) && settled.Exists(step => step.IsOpen)) Broken($"{state.PathOf(e.Node)} was spoken for while its call was open");
                break;
            case RunEvent.Expanded { Opening.Kind: ScopeKind.Undo } e: CheckUndo(e.Node, state); break;
            case RunEvent.Expanded { Opening.Kind: ScopeKind.Revision } e: CheckRevision(e, state); break;
            case RunEvent.Skipped e:
                _running.Remove(e.Node);
                if (!_final.Add(e.Node) && !reopens) Broken($"{state.PathOf(e.Node)} was skipped after its end");
                if (e.Because != SkipCause.Rejected && !_revised.Contains(e.Node) && _begun.Contains(e.Node) && !reopens && state.AttemptOf(e.Node) > 0) Broken($"{state.PathOf(e.Node)} was skipped after it had started");
                break;
            case RunEvent.Expanded e:
                if (_done.Contains(e.Node)) Broken($"{state.PathOf(e.Node)} was opened after its end");
                break;
            case RunEvent.Stopping: _isStopping = true; break;
            case RunEvent.RunEnded e:
                if (e.Reason.Length == 0) Broken("the run ended without a reason");
                if (e.Reason.Contains("defect", StringComparison.Ordinal)) Broken("deadlock: " + e.Reason);
                if (_isRollingBack && state.RollsBackAll && e.Status is not (RunStatus.Paused or RunStatus.Interrupted))
                {
                    foreach (var done in _done)
                    {
                        if (state.NodeOf(done).Undo is not null && !_undone.Contains(done)) Broken($"{state.PathOf(done)} was not undone");
                    }
                }
                if (state.IsTerminated && !_isRollingBack)
                {
                    for (var i = 0; i < state.InstanceCount; i++)
                    {
                        if (!state.IsFinal(i)) Broken($"the run was terminated and {state.PathOf(i)} is {state.StatusOf(i)}");
                    }
                }
                if (_running.Count > 0) Broken($"the run ended while {state.PathOf(_running.Keys.First())} ran");
                break;
        }
    }

    /// <summary>Only a person's rejection has work done again, at most as often as the gate allows, and never under a path that was taken.</summary>
    private void CheckRevision(RunEvent.Expanded e, RunState state)
    {
        var path = state.PathOf(e.Node);
        if (!_running.Remove(e.Node)) Broken($"{path} had work done again without running");
        if (!_revised.Add(e.Node)) Broken($"{path} had work done again twice at once");
        if (state.DetailOf(e.Node)!.Wait?.Decision is not { IsApproved: false, Expired: null }) Broken($"{path} had work done again that nobody rejected");
        if (e.Opening.Ordinal > 1 + TestGraph.Number(state.NodeOf(e.Node).Spec, "revisions")) Broken($"{path} had work done again too often");
        var scope = state.Scopes[state.DetailOf(e.Node)!.Scope];
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            if (!_paths.Add(state.PathOf(i))) Broken($"two versions are called {state.PathOf(i)}");
        }
        _steps.Remove(e.Node);
    }

    /// <summary>The last to end is undone first, one after another, each once.</summary>
    private void CheckUndo(int node, RunState state)
    {
        var path = state.PathOf(node);
        if (!_isRollingBack) Broken($"{path} is undone in a run that goes on");
        if (!_undone.Add(node)) Broken($"{path} is undone twice");
        if (!_done.Contains(node) && !state.DetailOf(node)!.IsUnknown) Broken($"{path} is undone and was never done");
        if (_endOrder[node] > _lastUndone) Broken($"{path} is undone after what ended before it");
        _lastUndone = _endOrder[node];
        if (_running.Count > 0) Broken($"{path} is undone while another compensation runs");
    }

    private void CheckStart(RunEvent.Started e, RunState state, bool reopens)
    {
        var path = state.PathOf(e.Node);
        if (_isRollingBack && !state.IsUndo(e.Node)) Broken($"{path} started in a run that is being undone");
        if (_isStopping) Broken($"{path} started in a run that was stopping");
        if (_done.Contains(e.Node)) Broken($"{path} started again after it had completed");
        if (_final.Contains(e.Node) && !reopens) Broken($"{path} started after its end");
        if (!_running.TryAdd(e.Node, e)) Broken($"{path} started twice at once");
        for (var at = e.Node; at >= 0; at = state.ScopeOf(at).Parent)
        {
            if (at != e.Node && state.IsUndo(e.Node)) break;   // what undoes a node stands outside of what that node stood in
            if (_cancelling.Contains(at)) Broken($"{path} started inside {state.PathOf(at)}, which was being cancelled");
        }
        if (_begun.Add(e.Node) && !reopens && JoinOf(state, e.Node) != Join.Fires) Broken($"{path} started although its join does not allow it");
        if (_incarnations.TryGetValue((e.Node, e.Attempt), out var last) ? e.Incarnation <= last : e.Incarnation != 0) Broken($"{path} attempt {e.Attempt} has incarnation {e.Incarnation} out of order");
        _incarnations[(e.Node, e.Attempt)] = e.Incarnation;
        if (e.Incarnation == 0 && _steps.TryGetValue(e.Node, out var done)) Broken($"{path} began anew and forgot the {done.Count} calls of an attempt that may go on");
    }

    private void CheckEnd(RunEvent.Ended e, RunState state, bool reopens)
    {
        var path = state.PathOf(e.Node);
        if (!_final.Add(e.Node) && !reopens) Broken($"{path} ended twice");
        _endOrder[e.Node] = _ends++;
        var isLeaf = state.NodeOf(e.Node).Composite is null;
        var wasLeft = !_running.ContainsKey(e.Node);
        if (_running.Remove(e.Node, out var started))
        {
            if (e.Status == NodeStatus.Completed && !_believes && !Said.Contains((e.Node, started.Attempt, started.Incarnation))) Broken($"{path} completed although its attempt did not say so");
        }
        else if (isLeaf && e.Status == NodeStatus.Completed && !_revised.Contains(e.Node)) Broken($"{path} completed without running");
        if (e.Status is NodeStatus.Completed or NodeStatus.Degraded) _done.Add(e.Node);
        if (_steps.TryGetValue(e.Node, out var steps) && steps.Exists(step => step.IsOpen)) Broken($"{path} ended with an open call");
        // With more budget an attempt goes on where it stood; so does one that is in doubt, or that was left and did not end itself.
        if (e.Status != NodeStatus.BudgetExceeded && !(e.Status == NodeStatus.Failed && (wasLeft || state.DetailOf(e.Node) is { IsUnknown: true }))) _steps.Remove(e.Node);
    }

    private void CheckStep(RunEvent.StepIntended e, Frame frame, RunState state)
    {
        var path = state.PathOf(e.Node);
        if (!_running.ContainsKey(e.Node)) Broken($"{path} was granted a call without running");
        if (!_steps.TryGetValue(e.Node, out var steps)) _steps[e.Node] = steps = [];
        if (e.Step != steps.Count) Broken($"{path} has step {e.Step} where {steps.Count} was due");
        steps.Add((e.Call, true));
        foreach (var owner in OwnersOf(state, e.Node))
        {
            var ledger = LedgerOf(owner);
            ledger.Outstanding++;
            ledger.Steps++;
            if (e.Call.Kind == StepKind.Model) ledger.Calls++;
            else ledger.ToolCalls++;
            ledger.Reserved += e.Call.TokensMax;
            var limits = LimitsOf(state, owner);
            var who = owner < 0 ? "the run" : state.PathOf(owner);
            if (state.IsUndo(e.Node)) continue;   // undoing is charged and never refused
            if (ledger.Tokens + ledger.Reserved - ledger.Excess > limits.MaxTokens) Broken($"the budget of {who} was overshot: {ledger.Tokens} spent, {ledger.Reserved} reserved, {ledger.Excess} over their bounds");
            if (ledger.Steps > limits.MaxSteps || ledger.Calls > limits.MaxModelCalls || ledger.ToolCalls > limits.MaxToolCalls) Broken($"{who} made more calls than its budget allows");
        }
        if (e.Call.Kind == StepKind.Model) CheckRate(e, frame, state);
    }

    private void CheckRate(RunEvent.StepIntended e, Frame frame, RunState state)
    {
        if (state.Limits is { Rpm: null, Tpm: null }) return;
        _calls.RemoveAll(call => frame.AtMs - call.AtMs >= 60_000);
        _calls.Add((frame.AtMs, e));
        if (_calls.Count > state.Limits.Rpm) Broken($"{_calls.Count} model calls in 60 s where rpm is {state.Limits.Rpm}");
    }

    private void Settle(RunEvent.StepEnded e, RunState state)
    {
        if (!_steps.TryGetValue(e.Node, out var steps) || e.Step >= steps.Count || !steps[e.Step].IsOpen) Broken($"{state.PathOf(e.Node)} settled step {e.Step} twice");
        var call = steps![e.Step].Call;
        steps[e.Step] = (call, false);
        var used = Math.Max(0, e.Result.Usage.Total);
        foreach (var owner in OwnersOf(state, e.Node))
        {
            var ledger = LedgerOf(owner);
            ledger.Outstanding--;
            ledger.Reserved -= call.TokensMax;
            ledger.Tokens += used;
            ledger.Excess += Math.Max(0, used - call.TokensMax);
            if (!e.Result.IsRefused) continue;
            ledger.Steps--;
            if (call.Kind == StepKind.Model) ledger.Calls--;
            else ledger.ToolCalls--;
        }
    }

    private void CheckCounts(Frame frame, RunState state)
    {
        if (_running.Count > cap) Broken($"{_running.Count} attempts run at once; the cap is {cap}");
        if (_running.Count != state.RunningCount) Broken($"{_running.Count} attempts run; the state counts {state.RunningCount}");
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in _running.Keys)
        {
            if (state.StatusOf(node) != NodeStatus.Running) Broken($"{state.PathOf(node)} is {state.StatusOf(node)} while it runs");
            foreach (var resource in state.NodeOf(node).Resources ?? [])
            {
                if (!held.Add(resource)) Broken($"two nodes hold '{resource}' at once");
            }
        }
        foreach (var (node, started) in _running)
        {
            if (IsOverdue(node, frame, state) && !_overdue.Contains((node, started.Attempt))) Broken($"{state.PathOf(node)} is overdue and nobody was told");
        }
        var run = LedgerOf(-1);
        var account = state.RunAccount;
        if (account.Tokens != run.Tokens || account.ReservedTokens != run.Reserved || account.Outstanding != run.Outstanding) Broken($"the run's books say {account.Tokens}+{account.ReservedTokens}, the calls say {run.Tokens}+{run.Reserved}");
        foreach (var scope in state.Scopes)
        {
            if (scope.Opening.ConcurrencyMax <= 0 || scope.NodesPerItem != 1 || scope.Plan.Nodes[0].Composite is not null) continue;
            var running = 0;
            for (var i = scope.First; i < scope.First + scope.InstanceCount; i++) running += _running.ContainsKey(i) ? 1 : 0;
            if (running > scope.Opening.ConcurrencyMax) Broken($"{running} items of {state.PathOf(scope.Parent)} run at once; its cap is {scope.Opening.ConcurrencyMax}");
        }
    }

    /// <summary>Half as long again as estimated, written down a second time; a node has the estimate of its own line alone.</summary>
    private bool IsOverdue(int node, Frame frame, RunState state) =>
        state.NodeOf(node).Spec.Policy.Estimate is { } estimate && frame.AtMs - _startedAt[node] >= estimate.TotalMilliseconds * 1.5;

    /// <summary>No wave barrier: with room left, nothing that may go on is still waiting at the end of a turn.</summary>
    private void CheckPromptness(Frame frame, RunState state)
    {
        var hasRoom = _running.Count < cap;
        for (var i = 0; i < state.InstanceCount; i++)
        {
            switch (state.StatusOf(i))
            {
                case NodeStatus.Queued when hasRoom && !WaitsForResource(state, i): Broken($"{state.PathOf(i)} is ready and there is room, but it did not start"); break;
                case NodeStatus.Waiting when hasRoom && state.DetailOf(i)!.DueMs <= frame.AtMs && !WaitsForResource(state, i): Broken($"{state.PathOf(i)} is due and there is room, but it did not start"); break;
                case NodeStatus.Pending when JoinOf(state, i) is not Join.Waits: Broken($"{state.PathOf(i)} is pending although its join {JoinOf(state, i)}"); break;
                case NodeStatus.Dormant when state.ScopeOf(i).ItemsOpen < state.ScopeOf(i).Opening.ConcurrencyMax: Broken($"{state.PathOf(i)} has not begun although its scope has room"); break;
            }
        }
    }

    private bool WaitsForResource(RunState state, int instance)
    {
        foreach (var resource in state.NodeOf(instance).Resources ?? [])
        {
            foreach (var node in _running.Keys)
            {
                if (state.NodeOf(node).Resources is { } held && held.Contains(resource)) return true;
            }
        }
        return false;
    }

    private void ForgetReopened(RunState state)
    {
        _final.RemoveWhere(node => !state.IsFinal(node));
        _begun.RemoveWhere(node => state.StatusOf(node) == NodeStatus.Pending);   // it joins again, and its join may now fail
        foreach (var node in _done)
        {
            if (!state.IsFinal(node)) Broken($"{state.PathOf(node)} had completed and was reopened");
        }
    }

    private enum Join { Waits, Fires, CannotFire }

    /// <summary>The rule of joins, written down a second time and from the statuses alone.</summary>
    private static Join JoinOf(RunState state, int instance)
    {
        var scope = state.ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        var settings = scope.Plan.Nodes[index].Settings;
        int open = 0, counted = 0, soft = 0, blocked = 0, parents = 0;
        foreach (var parent in scope.Plan.ParentsOf(index))
        {
            parents++;
            var p = instance - index + parent;
            if (!state.IsFinal(p)) open++;
            else if (Counts(state, p, settings)) counted++;
            else if (Blocks(state, p, settings)) blocked++;
            else if (state.StatusOf(p) == NodeStatus.Skipped) soft++;
        }
        if (parents == 0) return Join.Fires;
        var others = state.ParentsOf(instance).Any(parent => state.ScopeOf(parent) != scope && state.StatusOf(parent) != NodeStatus.Skipped);
        return settings.Join.Kind switch
        {
            JoinKind.All when blocked > 0 => Join.CannotFire,
            JoinKind.All when open > 0 => Join.Waits,
            JoinKind.All => soft == parents && !others ? Join.CannotFire : Join.Fires,
            JoinKind.AllDone => open > 0 ? Join.Waits : Join.Fires,
            _ when counted >= Math.Max(1, settings.Join.Count) => Join.Fires,
            _ => counted + open >= Math.Max(1, settings.Join.Count) ? Join.Waits : Join.CannotFire,
        };
    }

    private static bool Counts(RunState state, int parent, NodeSettings settings) => state.StatusOf(parent) switch
    {
        NodeStatus.Completed => true,
        NodeStatus.Degraded => settings.AcceptDegraded,
        NodeStatus.Skipped => !IsSkippedByFailure(state, parent) && state.NodeOf(parent).Settings.OnSkip is { Propagate: false },
        _ => false,
    };

    private static bool Blocks(RunState state, int parent, NodeSettings settings) => state.StatusOf(parent) switch
    {
        NodeStatus.Degraded => !settings.AcceptDegraded,
        NodeStatus.Skipped => IsSkippedByFailure(state, parent) || state.NodeOf(parent).Settings.OnSkip is { Propagate: true },
        NodeStatus.Failed or NodeStatus.Cancelled or NodeStatus.BudgetExceeded => state.NodeOf(parent).Settings.OnFailure != FailurePolicy.Continue,
        _ => false,
    };

    private static bool IsSkippedByFailure(RunState state, int instance) =>
        state.DetailOf(instance)!.SkippedBecause is SkipCause.UpstreamFailed or SkipCause.Terminated;

    private static IEnumerable<int> OwnersOf(RunState state, int instance)
    {
        for (var at = state.BaseOf(instance); at >= 0; at = state.ScopeOf(at).Parent is >= 0 and var above ? state.BaseOf(above) : -1)
        {
            if (state.NodeOf(at).Settings.Budget is not null) yield return at;
        }
        yield return -1;
    }

    private BudgetSpec LimitsOf(RunState state, int owner) => owner < 0 ? RunBudget ?? new BudgetSpec() : state.NodeOf(owner).Settings.Budget!;

    /// <summary>The budget that the run was told of last; kept apart from what the state believes.</summary>
    public BudgetSpec? RunBudget { get; set; }

    private Ledger LedgerOf(int owner)
    {
        if (!_ledgers.TryGetValue(owner, out var ledger)) _ledgers[owner] = ledger = new Ledger();
        return ledger;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Broken(string what) => throw new InvariantBrokenException(what);
}
