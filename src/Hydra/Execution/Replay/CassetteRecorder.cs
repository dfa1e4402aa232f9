using Hydra.Model;

namespace Hydra.Execution;

/// <summary>
/// Makes a run's frames a cassette, one after another: those of a journal that is read, or those of a run that goes on. A call
/// is open until its result, and a cut one until it is known why it was cut.
/// </summary>
/// <param name="planOf">The plan that another run is pinned to: what was reused is recorded as the calls of its source.</param>
public sealed class CassetteRecorder(IRunStore store, Func<RunId, Plan> planOf) : IRunObserver
{
    /// <summary>Lines that are held until the file is written; those of further calls are made then.</summary>
    private const int LineBytesMax = 32 << 20;

    private static readonly StepResult NoResult = new(null, default, MicroUsd.Zero, null, 0);

    private readonly List<Draft> _drafts = [];
    private readonly Dictionary<int, List<Draft>> _open = [];
    private readonly List<(int Node, RunEvent.Reused From, string Path)> _reused = [];
    private readonly List<(int Node, string Path, long UntilMs)> _waits = [];
    private readonly List<(int Node, RecordedDecision Decision)> _decisions = [];
    private readonly HashSet<string> _decided = new(StringComparer.Ordinal);
    private readonly HashSet<int> _reopened = [];
    private bool _isCalledOff;
    private RunEvent.RunStarted? _started;
    private ForkDefinition? _definition;
    private long _next;
    private bool _missed;
    private int _lineBytes;

    /// <summary>The cassette becomes a file: its lines are made while the run goes on and waits for its disk anyway, not when it has ended.</summary>
    public bool IsForFile { get; init; } = true;

    /// <summary>Every frame from the run's first on was seen: the cassette is of the whole run.</summary>
    public bool IsWhole => _started is not null && !_missed;

    /// <summary>Besides paths and settings it looks at waits, which nothing changes before their node goes on.</summary>
    public bool NeedsStateOfFrame => false;

    public void OnFrame(Frame frame, RunState state)
    {
        _missed |= frame.Sequence != _next;
        _next = frame.Sequence + 1;
        foreach (var happened in frame.Events) Note(happened, state);
    }

    public Cassette ToCassette(MissingCall missing = MissingCall.Fail)
    {
        var waits = _waits.GroupBy(wait => wait.Path, StringComparer.Ordinal).Select(own => KeyValuePair.Create(own.Key, (IReadOnlyList<long>)[.. own.Select(wait => wait.UntilMs)]));
        var calls = _drafts.Where(draft => draft.IsKept).Select(draft => draft.Recorded ?? ToCall(draft)).Concat(_reused.GroupBy(reused => reused.From.Run, reused => (reused.From, reused.Path)).SelectMany(CallsOfSources));
        return new Cassette(HeadOf(_started!), calls, waits, _decisions.Select(decided => decided.Decision)) { Missing = missing };
    }

    private void Note(RunEvent happened, RunState state)
    {
        switch (happened)
        {
            case RunEvent.RunStarted e: _started = e; break;
            case RunEvent.Stopping e: _isCalledOff = e.Status is RunStatus.Cancelled or RunStatus.Interrupted; break;
            case RunEvent.RunResumed: _isCalledOff = state.StoppingAs == RunStatus.Cancelled; break;
            case RunEvent.Assumed e: Settle(e, state); break;
            case RunEvent.Reopened e: _reopened.Add(e.Node); break;
            case RunEvent.Started e: Start(e); break;
            case RunEvent.Forked { Definition: { } definition }: _definition = definition; break;
            case RunEvent.Invalidated: Renew(state); break;
            case RunEvent.StepIntended e: Intend(e, state); break;
            case RunEvent.StepEnded e when _open.TryGetValue(e.Node, out var asked) && e.Step < asked.Count: asked[e.Step].Result = e.Result; break;
            case RunEvent.Suspended { UntilMs: > 0 } e: _waits.Add((e.Node, state.PathOf(e.Node), e.UntilMs)); break;
            case RunEvent.WaitAnswered e: Decide(e.Node, state); break;
            case RunEvent.WaitExpired e: Decide(e.Node, state); break;
            case RunEvent.Reused e: _reused.Add((e.Node, e, state.PathOf(e.Node))); break;
            case RunEvent.AttemptFailed e: Close(e.Node, e.Error, isLoser: false); break;
            case RunEvent.Ended e:
                Close(e.Node, e.Error, isLoser: e.Status == NodeStatus.Cancelled && !_isCalledOff, goesOn: e.Status is NodeStatus.Failed or NodeStatus.BudgetExceeded);
                break;
        }
    }

    /// <summary>One answer of several may not decide yet. What people told a secret node stays where it was said.</summary>
    private void Decide(int node, RunState state)
    {
        if (state.DetailOf(node)!.Wait is not { Decision: { } decision } wait || state.NodeOf(node).Settings.Labels.IsSecret || !_decided.Add(wait.Id)) return;
        _decisions.Add((node, new RecordedDecision(state.PathOf(node), wait.Request.PayloadSha256, wait.Answers, decision.Expired, wait.IsEscalated, decision.AtMs)));
    }

    /// <summary>A first attempt anew after the run had failed: in a replay the failures before would end the run once more.</summary>
    private void Start(RunEvent.Started e)
    {
        var isReopened = _reopened.Remove(e.Node);
        if (e.Incarnation != 0) return;
        _open.Remove(e.Node);
        if (isReopened) Forget(node => node == e.Node);
    }

    /// <summary>A fork: what it does anew has no past here, and with another definition the rest has other numbers.</summary>
    private void Renew(RunState state)
    {
        var moved = state.Moved;
        int NumberOf(int node) => moved is null ? node : moved[node];
        var anew = state.DoneAnew.ToHashSet();
        bool IsGone(int node) => NumberOf(node) < 0 || anew.Contains(NumberOf(node));
        Forget(IsGone);
        var open = _open.Where(one => !IsGone(one.Key)).ToDictionary(one => NumberOf(one.Key), one => one.Value);
        _open.Clear();
        foreach (var (node, drafts) in open) _open[node] = drafts;
        foreach (var draft in _drafts) draft.Node = NumberOf(draft.Node);
        for (var i = 0; i < _reused.Count; i++) _reused[i] = _reused[i] with { Node = NumberOf(_reused[i].Node) };
        for (var i = 0; i < _waits.Count; i++) _waits[i] = _waits[i] with { Node = NumberOf(_waits[i].Node) };
        for (var i = 0; i < _decisions.Count; i++) _decisions[i] = _decisions[i] with { Node = NumberOf(_decisions[i].Node) };
    }

    private void Forget(Predicate<int> isGone)
    {
        _drafts.RemoveAll(draft => isGone(draft.Node));
        _reused.RemoveAll(reused => isGone(reused.Node));
        _waits.RemoveAll(wait => isGone(wait.Node));
        _decisions.RemoveAll(decided => isGone(decided.Node));
    }

    /// <summary>What was reused made no call here: the calls of the execution it came from stand for it.</summary>
    private IEnumerable<RecordedCall> CallsOfSources(IGrouping<string, (RunEvent.Reused From, string Path)> reused)
    {
        var from = new RunId(reused.Key);
        if (store.Find(from) is null) return [];
        var calls = CassetteReader.Read(store, from, planOf).Calls.ToLookup(call => call.Path, StringComparer.Ordinal);
        return reused.SelectMany(one => calls[one.From.Path].Select(call => call with { Path = one.Path, Line = default }));
    }

    private void Intend(RunEvent.StepIntended e, RunState state)
    {
        if (!_open.TryGetValue(e.Node, out var open)) _open[e.Node] = open = new List<Draft>(1);
        foreach (var before in open)
        {
            if (before.Call.Key == e.Call.Key && before.Result is { IsBound: true }) before.IsKept = false;   // asked again after a crash: the one that was cut is not part of the story
        }
        var earlier = e.Call.After is { } after && after < open.Count ? open[after] : null;
        var made = new Draft(e.Node, state.PathOf(e.Node), e.Call, earlier, state.NodeOf(e.Node).Settings.Labels.IsSecret || e.Call.Request is { Labels.IsSecret: true });
        open.Add(made);
        _drafts.Add(made);
    }

    /// <summary>Calls that were cut failed as their attempt did; where nobody needed them any more, they never answer.</summary>
    /// <param name="goesOn">A resume may enter the attempt again, which counts its steps on.</param>
    private void Close(int node, NodeError? error, bool isLoser, bool goesOn = false)
    {
        if (!_open.TryGetValue(node, out var drafts)) return;
        if (!goesOn) _open.Remove(node);
        foreach (var draft in drafts)
        {
            if (draft.IsClosed) continue;
            draft.IsClosed = true;
            if (draft.IsKept && draft.Result is not { IsBound: false })
            {
                var isOwnEnd = error is not null && (error.Code == ErrorCode.Timeout || error.Code == ErrorCode.IdleTimeout || error.Code == ErrorCode.UnknownOutcome);
                draft.NeverAnswered = isLoser;
                draft.IsKept = isLoser || isOwnEnd;
                draft.IsUnknown = isOwnEnd;
                if (isOwnEnd) draft.Result = draft.Result! with { Error = error };
            }
            if (draft.IsKept) Finish(draft);
        }
    }

    /// <summary>A person has said what became of a call that was cut: that is its answer, or it is the next call's.</summary>
    private void Settle(RunEvent.Assumed e, RunState state)
    {
        if (!_open.TryGetValue(e.Node, out var drafts)) return;
        foreach (var draft in drafts)
        {
            if (!draft.IsKept || state.MayRepeat(e.Node, draft.Call)) continue;
            if (!draft.IsUnknown && draft.Result is { IsBound: false }) continue;
            draft.IsKept = e.Happened;
            draft.IsUnknown = false;
            draft.Recorded = null;
            draft.Result = (draft.Result ?? NoResult) with { Response = e.Output, Error = null, IsBound = false };
        }
    }

    /// <summary>Nothing is read for it: what goes on from earlier calls or lies in files of its own is left for the end.</summary>
    private void Finish(Draft draft)
    {
        if (!IsForFile || _lineBytes > LineBytesMax) return;
        if (draft.Call is { After: not null } or { Request.Artifact: not null } || draft.Result is { Response.Artifact: not null }) return;
        draft.Recorded = ToCall(draft);
        draft.Recorded.Line = CassetteFile.LineOf(draft.Recorded);
        _lineBytes += draft.Recorded.Line.Length;
    }

    private CassetteHead HeadOf(RunEvent.RunStarted started)
    {
        var bundle = store.Artifacts.Read(_definition?.Bundle ?? started.Bundle).AsObject;
        var replayed = bundle.GetOrNull("replays");
        return new CassetteHead
        {
            // A replay of a replay asks what the first run asked.
            Run = new RunId(replayed.TextOrNull ?? started.Run),
            Workflow = started.Workflow,
            DefinitionHash = _definition?.Hash ?? started.DefinitionHash,
            Now = bundle["now"].AsText,
            Inputs = bundle["inputs"].AsObject,
            Options = bundle.GetOrNull("options") is { IsObject: true } options ? options.AsObject : ValueMap.Empty,
        };
    }

    private RecordedCall ToCall(Draft draft)
    {
        var result = draft.Result ?? NoResult;
        if (result.IsBound) result = result with { IsBound = false };
        return new RecordedCall
        {
            Path = draft.Path,
            Call = draft.Call,
            Request = () => draft.Asked.Request(store.Artifacts.Read) ?? Value.Null,
            Response = result.Response is { } response ? () => store.Artifacts.Read(response) : () => Value.Null,
            HasResponse = result.Response is not null,
            Labels = result.Response?.Labels ?? default,
            Result = result,
            NeverAnswered = draft.NeverAnswered,
            IsSecret = draft.IsSecret,
        };
    }

    private sealed class Draft(int node, string path, StepCall call, Draft? earlier, bool isSecret)
    {
        public AskedStep Asked => new(Call, earlier?.Asked, Result?.Response);
        public int Node { get; set; } = node;
        public string Path { get; } = path;
        public StepCall Call { get; } = call;
        public bool IsSecret { get; } = isSecret;
        public StepResult? Result { get; set; }
        public bool IsKept { get; set; } = true;
        public bool NeverAnswered { get; set; }
        public bool IsClosed { get; set; }
        /// <summary>It was cut, and its attempt ended with nobody knowing whether it took effect.</summary>
        public bool IsUnknown { get; set; }
        /// <summary>Null: it is made when the run has ended.</summary>
        public RecordedCall? Recorded { get; set; }
    }
}
