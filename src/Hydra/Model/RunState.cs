using Hydra.Policies;

namespace Hydra.Model;

/// <summary>
/// A run as it stands: the fold of its events over its plan, in flat arrays. <see cref="Apply"/> is the only writer and
/// uses nothing but the event and the frame's time, so replaying the journal rebuilds the very same state. What is ready
/// or due is kept in work lists whose entries are checked against the status when they are taken out.
/// </summary>
/// <remarks>Owned by one loop; not for sharing between threads.</remarks>
public sealed partial class RunState
{
    /// <summary>An attempt that so many processes died in is left alone until somebody takes the run up again.</summary>
    public const int CrashesMax = 3;

    private NodeStatus[] _status = [];
    private int[] _scopeOf = [];
    private int[] _left = [];
    private int[] _counted = [];
    private int[] _readyAt = [];
    private int[] _endedAt = [];
    private ushort[] _attempt = [];
    private ValueRef?[] _output = [];
    private InstanceDetail?[] _detail = [];
    private int _clock;   // orders readiness and ends: what a node sees is what had ended when it became ready

    public RunState(Plan plan)
    {
        for (; plan.Earlier is { } earlier; plan = earlier) (_laterPlans ??= new Stack<Plan>()).Push(plan);
        Plan = plan;
        RunAccount = new Account("", plan.Workflow.Budget ?? new BudgetSpec(), null);
        Open(-1, plan, new ScopeOpening(ScopeKind.Root, 0, 0, 1, null));
    }

    public Plan Plan { get; private set; }
    public string RunName { get; private set; } = "";
    public ValueRef? Bundle { get; private set; }
    public RunLimits Limits { get; private set; } = new(10, null, null, null);
    public RunStatus Status { get; private set; } = RunStatus.Running;
    public bool HasStarted { get; private set; }
    public bool HasEnded { get; private set; }
    public string Reason { get; private set; } = "";
    /// <summary>How the run will end once running work has; null while it goes on.</summary>
    public RunStatus? StoppingAs { get; private set; }
    /// <summary>A node, or a replay that left its recording, has ended the run: nothing brings it back.</summary>
    public bool IsTerminated => RollbackAs is null && StoppingAs is RunStatus.Completed or RunStatus.Failed;
    public int Epoch { get; private set; }
    /// <summary>Sequence number of the next frame.</summary>
    public long NextSequence { get; private set; }
    public long StartedAtMs { get; private set; }
    /// <summary>The last frame of a process that carried the run on: from there on time is its work.</summary>
    public long LastFrameMs { get; private set; }
    /// <summary>The latest time in the journal (Unix milliseconds).</summary>
    public long LatestMs { get; private set; }

    /// <summary>The run's time by a clock, which may have been set back: never before what has happened already (Unix milliseconds).</summary>
    public long NowMs(TimeProvider clock) => Math.Max(clock.GetUtcNow().ToUnixTimeMilliseconds(), LatestMs);

    public List<Scope> Scopes { get; } = [];
    public int InstanceCount { get; private set; }
    /// <summary>Leaf attempts that hold a slot.</summary>
    public int RunningCount { get; private set; }
    /// <summary>Instances waiting for time between attempts or inside one.</summary>
    public int WaitingCount { get; private set; }
    public Account RunAccount { get; }
    public Dictionary<string, Breaker> Breakers { get; } = new(StringComparer.Ordinal);
    public HashSet<string> HeldResources { get; } = new(StringComparer.Ordinal);
    /// <summary>Model calls of the last minute, oldest first; kept only under a rate limit.</summary>
    public Queue<RateEntry> RecentCalls { get; } = new();

    /// <summary>Calls that rules with <c>max_per_run</c> have let through.</summary>
    public RuleUses RuleUses { get; } = new();

    private readonly Dictionary<string, AgentLoad?> _loads = new(StringComparer.Ordinal);

    /// <summary>The load of the agent that makes a call, or of the tool that is called; null: it has no limits.</summary>
    public AgentLoad? LoadOf(int instance, StepCall call)
    {
        if (AgentLoad.OwnerOf(call) is not { } owner) return null;
        if (!_loads.TryGetValue(owner, out var load)) _loads[owner] = load = AgentLoad.Of(call, ScopeOf(instance).Plan.Workflow);
        return load;
    }

    // Work lists; see the class's summary.
    public ReadyHeap Ready { get; } = new();
    public Queue<int> ToDecide { get; } = new();
    public Queue<int> ToAdvance { get; } = new();
    public Queue<(int Node, SkipCause Cause)> Doomed { get; } = new();
    public Queue<int> Losers { get; } = new();
    /// <summary>Scopes that have become hopeless while items of theirs stood in the queue.</summary>
    public Queue<Scope> Hopeless { get; } = new();
    public PriorityQueue<int, long> Due { get; } = new();
    /// <summary>Composites with a <c>timeout_seconds</c>, by the time it ends; a leaf's own timeout is its attempt's business.</summary>
    public PriorityQueue<int, long> Deadlines { get; } = new();
    /// <summary>Running attempts with an estimate, by the time they become overdue; entries are checked when they are taken out.</summary>
    public PriorityQueue<int, long> OverdueAt { get; } = new();
    /// <summary>Composites with a <c>stop_when</c> one of whose items has ended.</summary>
    public Queue<int> ToCheckStop { get; } = new();

    public NodeStatus StatusOf(int instance) => _status[instance];
    public int AttemptOf(int instance) => _attempt[instance];
    public ValueRef? OutputOf(int instance) => _output[instance];
    public InstanceDetail? DetailOf(int instance) => _detail[instance];
    public Scope ScopeOf(int instance) => Scopes[_scopeOf[instance]];
    public bool HasBegun(int instance) => _readyAt[instance] != 0;
    /// <summary>What the join has counted and when it fired: for the text form of the state.</summary>
    internal (int Left, int Counted, int ReadyAt, int EndedAt) CountsOf(int instance) => (_left[instance], _counted[instance], _readyAt[instance], _endedAt[instance]);
    /// <summary>The instance's join can no longer fire, and it has not been skipped yet.</summary>
    public bool IsDoomed(int instance) => _status[instance] == NodeStatus.Pending && _left[instance] == NeverFires;
    public static bool IsFinal(NodeStatus status) => status >= NodeStatus.Completed;
    public bool IsFinal(int instance) => _status[instance] >= NodeStatus.Completed;

    public PlannedNode NodeOf(int instance)
    {
        var scope = Scopes[_scopeOf[instance]];
        return scope.Plan.Nodes[scope.NodeIndexOf(instance)];
    }

    /// <summary>Whether <paramref name="ancestor"/> had ended when <paramref name="instance"/> became ready: its output may be seen.</summary>
    public bool Sees(int instance, int ancestor) =>
        _endedAt[ancestor] != 0 && (_readyAt[instance] == 0 || _endedAt[ancestor] < _readyAt[instance]);

    /// <summary>The instance's path: <c>research_a</c>, <c>summaries[17]</c>, <c>polish#2/evaluator</c>.</summary>
    public string PathOf(int instance)
    {
        var scope = ScopeOf(instance);
        if (scope.Opening.Kind == ScopeKind.Revision) return RevisedPathOf(instance);
        var id = scope.Plan.Nodes[scope.NodeIndexOf(instance)].Id.Text;
        if (scope.Parent < 0) return id;
        var parent = PathOf(scope.Parent);
        var opening = scope.Opening;
        var prefix = opening.Kind switch
        {
            ScopeKind.Items => $"{parent}[{scope.ItemOf(instance)}]",
            ScopeKind.Round => $"{parent}#{opening.Ordinal}",
            ScopeKind.Undo => parent + "~undo",
            _ => parent,
        };
        return scope.Plan.IsInline ? prefix : $"{prefix}/{id}";
    }

    public InstanceDetail Detail(int instance) => _detail[instance] ??= new InstanceDetail();

    /// <summary>The budget that the instance spends from first: its own or the nearest composite's, or the run's. All versions of a node share one.</summary>
    public Account AccountOf(int instance)
    {
        for (var at = instance; at >= 0; at = ScopeOf(at).Parent)
        {
            at = BaseOf(at);
            if (_detail[at]?.Account is { } account) return account;
            if (NodeOf(at).Settings.Budget is not { } limits) continue;
            var above = ScopeOf(at).Parent;
            return Detail(at).Account = new Account(PathOf(at), limits, above < 0 ? RunAccount : AccountOf(above));
        }
        return RunAccount;
    }

    /// <summary>The breaker that guards the node; null when it has none.</summary>
    public Breaker? BreakerOf(PlannedNode node)
    {
        if (node.Settings.Breaker is not { } spec) return null;
        return NamedBreaker(node.Settings.BreakerName ?? $"node:{node.Spec.At}:{node.Id}", spec);
    }

    public Breaker NamedBreaker(string name, BreakerSpec spec)
    {
        if (!Breakers.TryGetValue(name, out var breaker)) Breakers[name] = breaker = new Breaker(spec);
        return breaker;
    }

    /// <summary>The name of the breaker that guards a provider; a workflow may set it under <c>breakers</c>.</summary>
    public Breaker ProviderBreaker(string provider)
    {
        var name = "provider:" + provider;
        return NamedBreaker(name, Plan.Workflow.Breakers.GetValueOrDefault(name) ?? new BreakerSpec());
    }

    /// <summary>
    /// Whether a failure of the instance stands: no <c>on_failure: continue</c> caught it and no dependant with a join
    /// other than <c>all</c> went on without it.
    /// </summary>
    public bool IsUncaughtFailure(int instance)
    {
        if (_status[instance] is not (NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled)) return false;
        if (_detail[instance] is { IsLoser: true }) return false;
        var scope = ScopeOf(instance);
        var index = scope.NodeIndexOf(instance);
        if (scope.Plan.Nodes[index].Settings.OnFailure == FailurePolicy.Continue) return false;
        var item = scope.ItemOf(instance);
        foreach (var dependant in scope.Plan.DependantsOf(index))
        {
            if (scope.Plan.Nodes[dependant].Settings.Join.Kind != JoinKind.All && _readyAt[scope.InstanceOf(item, dependant)] != 0) return false;
        }
        return true;
    }

    public void Apply(Frame frame)
    {
        // Before a resume no process ran: that time is nobody's work.
        if (frame.Events is not ([RunEvent.RunResumed or RunEvent.Forked, ..] or [RunEvent.WaitAnswered { IsAlone: true }, ..])) CountTime(frame.AtMs);
        foreach (var happened in frame.Events) Apply(happened, frame.AtMs);
        Doomed.Clear();   // what a turn dooms or loses it also ends
        Losers.Clear();
        Hopeless.Clear();
        CloseFrame(frame.Sequence);
    }

    /// <summary>The frame whose events were applied one by one has this number.</summary>
    public void CloseFrame(long sequence) => NextSequence = sequence + 1;

    /// <summary>Charges the time since the last frame to <c>max_seconds</c> where work was running.</summary>
    public void CountTime(long nowMs)
    {
        var passed = Math.Max(0, nowMs - LastFrameMs);
        if (LastFrameMs != 0 && RunningCount > 0)
        {
            RunAccount.ActiveMs += passed;
            foreach (var (_, account) in Timed)
            {
                if (account.Running > 0) account.ActiveMs += passed;
            }
        }
        LastFrameMs = nowMs;
    }

    private void Grow(int count)
    {
        var needed = InstanceCount + count;
        if (needed > _status.Length)
        {
            var size = InstanceCount == 0 ? needed : Math.Max(needed, _status.Length * 2);
            Array.Resize(ref _status, size);
            Array.Resize(ref _scopeOf, size);
            Array.Resize(ref _left, size);
            Array.Resize(ref _counted, size);
            Array.Resize(ref _readyAt, size);
            Array.Resize(ref _endedAt, size);
            Array.Resize(ref _attempt, size);
            Array.Resize(ref _output, size);
            Array.Resize(ref _detail, size);
        }
        InstanceCount = needed;
    }
}
