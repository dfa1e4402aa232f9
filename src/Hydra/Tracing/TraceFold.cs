using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// Drives the run's own fold over the frames and notes the times that the fold forgets. The work lists of the state are
/// emptied after every frame: they tell what became ready, and would grow otherwise.
/// </summary>
internal sealed class TraceFold
{
    private readonly RunTrace _trace;
    private readonly RunState _state;
    private readonly List<NodeTrace> _nodes = [];
    private long _atMs;

    public TraceFold(Plan plan)
    {
        _trace = new RunTrace(plan);
        _state = _trace.State;
    }

    public RunTrace Run(IEnumerable<Frame> frames, Value bundle)
    {
        foreach (var frame in frames) Apply(frame);
        MeetNewInstances();
        SumUp();
        _trace.Nodes = _nodes;
        _trace.Tags = TagsOf(_trace.Plan, bundle);
        return _trace;
    }

    private void Apply(Frame frame)
    {
        if (frame.Events.Any(happened => happened is RunEvent.RunResumed)) CutOpenAttempts();
        _state.Apply(frame);
        _atMs = Math.Max(_trace.LastMs, frame.AtMs - _state.StartedAtMs);
        foreach (var happened in frame.Events) Note(happened, frame.AtMs);
        _trace.LastMs = _atMs;
        DrainWorkLists();
    }

    /// <summary>The last frame is the last that is known of attempts whose process died.</summary>
    private void CutOpenAttempts()
    {
        MeetNewInstances();
        foreach (var node in _nodes)
        {
            if (node.Status == NodeStatus.Running) Close(node, AttemptEnd.Cut, null, _trace.LastMs);
        }
    }

    private void Note(RunEvent happened, long frameMs)
    {
        switch (happened)
        {
            case RunEvent.RunStarted e: _trace.DefinitionHash = e.DefinitionHash; break;
            case RunEvent.RunResumed:
                _trace.Resumes++;
                _trace.EarlierEndMs = _trace.EndedMs;
                _trace.EndedMs = null;
                break;
            case RunEvent.RunEnded: _trace.EndedMs = _atMs; break;
            case RunEvent.Started e: Start(e); break;
            case RunEvent.Ended e: End(e); break;
            case RunEvent.Skipped e: NodeOf(e.Node).EndedMs = _atMs; break;
            case RunEvent.AttemptFailed e:
                Close(NodeOf(e.Node), AttemptEnd.Failed, e.Error, _atMs);
                if (NodeOf(e.Node).LastAttempt is { } failed) failed.RetryDelayMs = e.RetryAtMs == 0 ? 0 : e.RetryAtMs - frameMs;
                break;
            case RunEvent.AttemptInterrupted e: Close(NodeOf(e.Node), AttemptEnd.Interrupted, null, _atMs); break;
            case RunEvent.Overdue e:
                if (NodeOf(e.Node).LastAttempt is { } overdue) overdue.IsOverdue = true;
                break;
            case RunEvent.Suspended e: Close(NodeOf(e.Node), AttemptEnd.Suspended, null, _atMs); break;
            case RunEvent.Expanded { Opening.Kind: not ScopeKind.Undo } e: Close(NodeOf(e.Node), AttemptEnd.Suspended, null, _atMs); break;
            case RunEvent.WaitOpened e: Close(NodeOf(e.Node), AttemptEnd.Suspended, null, _atMs); break;
            case RunEvent.StepIntended e:
                NodeOf(e.Node).LastAttempt?.Add(new StepTrace { Index = e.Step, Call = e.Call, StartedMs = _atMs, Earlier = StepOf(e.Node, e.Call.After) });
                break;
            case RunEvent.StepEnded e: EndStep(e); break;
            case RunEvent.Reopened: Reopen(); break;
            case RunEvent.Forked e:
                _trace.DefinitionHash = e.Definition?.Hash ?? _trace.DefinitionHash;
                _trace.ForkedFrom = e.Parent;
                _trace.ForkedMs = _atMs;
                _trace.EndedMs = null;
                break;
            case RunEvent.Invalidated: Renew(); break;
            case RunEvent.OutputSet e: NodeOf(e.Node).EndedMs = _atMs; break;
        }
    }

    private void Start(RunEvent.Started e)
    {
        var node = NodeOf(e.Node);
        node.QueuedMs ??= _atMs;
        node.StartedMs ??= _atMs;
        node.Add(new AttemptTrace { Number = e.Attempt, Incarnation = e.Incarnation, Variant = e.Variant, StartedMs = _atMs });
    }

    private void End(RunEvent.Ended e)
    {
        var node = NodeOf(e.Node);
        node.EndedMs = _atMs;
        node.Error = e.Error;
        var end = e.Status switch
        {
            NodeStatus.Completed => AttemptEnd.Completed,
            NodeStatus.Degraded => AttemptEnd.Degraded,
            NodeStatus.Cancelled => AttemptEnd.Cancelled,
            NodeStatus.BudgetExceeded => AttemptEnd.BudgetExceeded,
            _ => AttemptEnd.Failed,
        };
        Close(node, end, e.Error, _atMs);
    }

    private static void Close(NodeTrace node, AttemptEnd end, NodeError? error, long atMs)
    {
        if (node.LastAttempt is not { End: AttemptEnd.None } attempt) return;
        attempt.End = end;
        attempt.Error = error;
        attempt.EndedMs = atMs;
    }

    /// <summary>The newest step of that index: an attempt's incarnations count on.</summary>
    private StepTrace? StepOf(int node, int? index) =>
        index is null ? null : NodeOf(node).Attempts.Reverse().SelectMany(attempt => attempt.Steps).FirstOrDefault(step => step.Index == index);

    private void EndStep(RunEvent.StepEnded e)
    {
        var attempts = NodeOf(e.Node).Attempts;
        for (var i = attempts.Count - 1; i >= 0; i--)
        {
            foreach (var step in attempts[i].Steps)
            {
                if (step.Index != e.Step || step.Result is not null) continue;
                step.Result = e.Result;
                // A result may be written only with the next intent; the call's own duration is the better end.
                var measured = step.StartedMs + e.Result.DurationMs;
                step.EndedMs = e.Result.DurationMs > 0 && measured < _atMs ? measured : attempts[i].EndedMs ?? _atMs;
                Charge(e.Node, step.Call, e.Result);
                return;
            }
        }
    }

    private void Charge(int instance, StepCall call, StepResult result)
    {
        var isModel = call.Kind == StepKind.Model;
        NodeOf(instance).Spent += new Spend(result.Cost, result.Usage, isModel ? 1 : 0, isModel ? 0 : 1) { UnpricedCalls = result.HasUnknownCost(call) ? 1 : 0 };
    }

    /// <summary>A reopened node takes back ends above it and skips after it: their times go with them.</summary>
    private void Reopen()
    {
        foreach (var node in _nodes)
        {
            if (node.EndedMs is null || node.HasEnded) continue;
            node.EndedMs = null;
            node.Error = null;
        }
    }

    /// <summary>A fork: what it does anew has no past here, and with another definition the rest has other numbers.</summary>
    private void Renew()
    {
        if (_state.Moved is { } moved)
        {
            var known = _nodes.ToList();
            _nodes.Clear();
            MeetNewInstances();
            for (var i = 0; i < known.Count; i++)
            {
                if (moved[i] >= 0) _nodes[moved[i]] = known[i].MovedTo(moved[i]);
            }
        }
        MeetNewInstances();
        foreach (var instance in _state.DoneAnew) _nodes[instance] = new NodeTrace(_trace, instance);
        Reopen();
    }

    private void DrainWorkLists()
    {
        while (_state.Ready.TryPop(out var instance)) NodeOf(instance).QueuedMs ??= _atMs;
        while (_state.ToDecide.TryDequeue(out var instance)) NodeOf(instance).QueuedMs ??= _atMs;
        while (_state.ToAdvance.TryDequeue(out var instance))
        {
            var composite = NodeOf(instance);
            composite.QueuedMs ??= _atMs;
            composite.StartedMs ??= _atMs;
        }
        _state.ToCheckStop.Clear();
        _state.Due.Clear();
        _state.Deadlines.Clear();
        _state.OverdueAt.Clear();
    }

    private NodeTrace NodeOf(int instance)
    {
        MeetNewInstances();
        return _nodes[instance];
    }

    private void MeetNewInstances()
    {
        for (var i = _nodes.Count; i < _state.InstanceCount; i++) _nodes.Add(new NodeTrace(_trace, i));
    }

    /// <summary>What children spent is their composite's spend, too. Children have the higher numbers.</summary>
    private void SumUp()
    {
        for (var i = _nodes.Count - 1; i >= 0; i--)
        {
            var spent = _nodes[i].Spent;
            if (ReferenceEquals(spent, Spend.Nothing)) continue;
            var parent = _nodes[i].Parent;
            if (parent >= 0) _nodes[parent].Spent += spent;
            else _trace.Spent += spent;
        }
    }

    private static Dictionary<string, string> TagsOf(Plan plan, Value bundle)
    {
        var tags = new Dictionary<string, string>(plan.Workflow.Tags, StringComparer.Ordinal);
        if (bundle.IsObject && bundle.AsObject.GetOrNull("tags") is { IsObject: true } given)
        {
            foreach (var (key, value) in given.AsObject) tags[key] = value.ToDisplayText();
        }
        return tags;
    }
}
