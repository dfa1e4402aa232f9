using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Reads a run's journal as a cassette: every call with what came of it, in the order in which they were announced.</summary>
public static class CassetteReader
{
    /// <param name="planOf">The plan a run is pinned to.</param>
    public static Cassette Read(IRunStore store, RunId run, Func<RunId, Plan> planOf, MissingCall missing = MissingCall.Fail)
    {
        var fold = new Fold(store, run, planOf);
        fold.ReadAll();
        return new Cassette(fold.Head!, fold.Calls, fold.Waits.Select(wait => KeyValuePair.Create(wait.Key, (IReadOnlyList<long>)wait.Value)), fold.Decisions) { Missing = missing };
    }

    /// <summary>One pass over the frames. A call is open until its result, and a cut one until it is known why it was cut.</summary>
    private sealed class Fold(IRunStore store, RunId run, Func<RunId, Plan> planOf)
    {
        private readonly RunState _state = new(planOf(run));
        private readonly List<Draft> _drafts = [];
        private readonly Dictionary<int, List<Draft>> _open = [];
        private readonly List<RunEvent.Reused> _reused = [];

        public CassetteHead? Head { get; private set; }
        public Dictionary<string, List<long>> Waits { get; } = new(StringComparer.Ordinal);
        public List<RecordedDecision> Decisions { get; } = [];
        public IEnumerable<RecordedCall> Calls => _drafts.Where(draft => draft.IsKept).Select(ToCall).Concat(_reused.GroupBy(reused => reused.Run).SelectMany(CallsOfSources));

        public void ReadAll()
        {
            foreach (var frame in store.Read(run))
            {
                _state.Apply(frame);
                foreach (var happened in frame.Events) Note(happened);
            }
        }

        private void Note(RunEvent happened)
        {
            switch (happened)
            {
                case RunEvent.RunStarted e: Head = HeadOf(e); break;
                case RunEvent.Started { Incarnation: 0 } e: _open[e.Node] = []; break;
                case RunEvent.StepIntended e: Intend(e); break;
                case RunEvent.StepEnded e when e.Step < OpenOf(e.Node).Count: OpenOf(e.Node)[e.Step].Result = e.Result; break;
                case RunEvent.Suspended e: ListOf(_state.PathOf(e.Node)).Add(e.UntilMs); break;
                case RunEvent.WaitAnswered e: Decide(e.Node); break;
                case RunEvent.WaitExpired e: Decide(e.Node); break;
                case RunEvent.Reused e: _reused.Add(e); break;
                case RunEvent.AttemptFailed e: Close(e.Node, e.Error, isLoser: false); break;
                case RunEvent.Ended e: Close(e.Node, e.Error, isLoser: e.Status == NodeStatus.Cancelled && _state.StoppingAs is not (RunStatus.Cancelled or RunStatus.Interrupted)); break;
            }
        }

        /// <summary>One answer of several may not decide yet. What people told a secret node stays where it was said.</summary>
        private void Decide(int node)
        {
            if (_state.DetailOf(node)!.Wait is not { Decision: { } decision } wait || _state.NodeOf(node).Settings.Labels.HasFlag(Labels.Secret)) return;
            Decisions.Add(new RecordedDecision(_state.PathOf(node), wait.Request.PayloadSha256, wait.Answers, decision.Expired, wait.IsEscalated, decision.AtMs));
        }

        /// <summary>What was reused made no call here: the calls of the execution it came from stand for it.</summary>
        private IEnumerable<RecordedCall> CallsOfSources(IGrouping<string, RunEvent.Reused> reused)
        {
            var from = new RunId(reused.Key);
            if (store.Find(from) is null) return [];
            var calls = Read(store, from, planOf).Calls.ToLookup(call => call.Path, StringComparer.Ordinal);
            return reused.SelectMany(one => calls[one.Path].Select(call => call with { Path = _state.PathOf(one.Node) }));
        }

        private void Intend(RunEvent.StepIntended e)
        {
            // Asked again after a crash: the one that was cut is not part of the story.
            foreach (var cut in OpenOf(e.Node).Where(draft => draft.Call.Key == e.Call.Key && draft.Result is { IsBound: true })) cut.IsKept = false;
            var made = new Draft(e.Node, e.Call);
            OpenOf(e.Node).Add(made);
            _drafts.Add(made);
        }

        /// <summary>Calls that were cut failed as their attempt did; where nobody needed them any more, they never answer.</summary>
        private void Close(int node, NodeError? error, bool isLoser)
        {
            foreach (var cut in OpenOf(node).Where(draft => draft.IsKept && draft.Result is not { IsBound: false }))
            {
                var isOwnEnd = error is not null && (error.Code == ErrorCode.Timeout || error.Code == ErrorCode.IdleTimeout || error.Code == ErrorCode.UnknownOutcome);
                cut.NeverAnswered = isLoser;
                cut.IsKept = isLoser || isOwnEnd;
                if (isOwnEnd) cut.Result = cut.Result! with { Error = error };
            }
            _open.Remove(node);
        }

        private CassetteHead HeadOf(RunEvent.RunStarted started)
        {
            var bundle = store.Artifacts.Read(started.Bundle).AsObject;
            var replayed = bundle.GetOrNull("replays");
            return new CassetteHead
            {
                // A replay of a replay asks what the first run asked.
                Run = new RunId(replayed.TextOrNull ?? started.Run),
                Workflow = started.Workflow,
                DefinitionHash = started.DefinitionHash,
                Now = bundle["now"].AsText,
                Inputs = bundle["inputs"].AsObject,
                Options = bundle.GetOrNull("options") is { IsObject: true } options ? options.AsObject : ValueMap.Empty,
            };
        }

        private RecordedCall ToCall(Draft draft)
        {
            var result = draft.Result ?? new StepResult(null, default, MicroUsd.Zero, null, 0);
            return new RecordedCall
            {
                Path = _state.PathOf(draft.Node),
                Call = draft.Call with { Request = null },
                Request = draft.Call.Request is { } request ? () => store.Artifacts.Read(request) : () => Value.Null,
                Response = result.Response is { } response ? () => store.Artifacts.Read(response) : () => Value.Null,
                HasResponse = result.Response is not null,
                Result = result with { Response = null, IsBound = false },
                NeverAnswered = draft.NeverAnswered,
                IsSecret = _state.NodeOf(draft.Node).Settings.Labels.HasFlag(Labels.Secret),
            };
        }

        private List<Draft> OpenOf(int node)
        {
            if (!_open.TryGetValue(node, out var drafts)) _open[node] = drafts = [];
            return drafts;
        }

        private List<long> ListOf(string path)
        {
            if (!Waits.TryGetValue(path, out var times)) Waits[path] = times = [];
            return times;
        }
    }

    private sealed class Draft(int node, StepCall call)
    {
        public int Node { get; } = node;
        public StepCall Call { get; } = call;
        public StepResult? Result { get; set; }
        public bool IsKept { get; set; } = true;
        public bool NeverAnswered { get; set; }
    }
}
