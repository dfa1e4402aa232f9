using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Execution;

// How attempts start: behind the frame that says so, or before it is durable.
internal sealed partial class RunLoop
{
    /// <summary>Most attempts that one turn begins before their start is durable, and how long one may take; see <see cref="BeginEarly"/>.</summary>
    private const int EarlyStartsMax = 32;
    private const int EarlyPauseMax = 1_023;
    private static readonly TimeSpan EarlyStartsTime = TimeSpan.FromMilliseconds(0.25);

    private int _earlyPause;
    /// <summary>The first frame whose attempts may begin early again.</summary>
    private long _earlyFrom;

    /// <summary>
    /// Begins attempts that ask before they act, on this thread: what they ask for first goes into the frame of their start,
    /// one fsync in place of two. One that takes long (a large prompt, a slow template) holds the frame up, so the frames after it do without.
    /// </summary>
    private bool BeginEarly()
    {
        if (_state.NextSequence < _earlyFrom) return false;
        var begun = 0;
        var since = _services.Clock.GetTimestamp();
        for (var i = 0; i < _reducer.Commands.Count && begun < EarlyStartsMax; i++)
        {
            var command = _reducer.Commands[i];
            if (!command.IsStart || !MayBeginEarly(command.Node)) continue;
            _reducer.Commands[i] = command.AsBegun();
            Start(command.Node, isEarly: true);
            begun++;
            var took = _services.Clock.GetElapsedTime(since);
            if (took > EarlyStartsTime * begun)
            {
                _earlyPause = Math.Min((2 * _earlyPause) + 1, EarlyPauseMax);
                _earlyFrom = _state.NextSequence + 1 + _earlyPause;
                return true;
            }
        }
        if (begun > 0) _earlyPause = 0;
        return begun > 0;
    }

    private bool MayBeginEarly(int instance)
    {
        if (_services.IsDryRun || _services.Cassette is not null) return false;
        var node = _state.NodeOf(instance);
        var runs = node.Variants[_state.DetailOf(instance)?.Variant ?? 0].Node ?? node;
        return runs.Type is ILeafNodeType { AsksBeforeItActs: true } && Reuse?.Asks(runs) != true;
    }

    private void Start(int instance, bool isEarly)
    {
        var node = _state.NodeOf(instance);
        var detail = _state.DetailOf(instance);
        var variant = node.Variants[detail?.Variant ?? 0];
        var runs = variant.Node ?? node;
        var labels = new LabelContext();
        // What stands in a node that a model wrote says what the model had read.
        var isProposed = _state.ProposedDepthOf(instance, out var proposed) > 0;
        labels.Add(proposed);
        var given = new NodeAttempt
        {
            Run = _run,
            Path = _state.PathOf(instance),
            Node = runs,
            Attempt = _state.AttemptOf(instance),
            Incarnation = detail?.Incarnation ?? 0,
            Variant = variant,
            Scope = new InstanceScope(_state, _inputs, Artifacts, instance, labels, runs),
            Labels = labels,
            IsProposed = isProposed,
            Policy = runs.Type is ILeafNodeType { RunsInline: true } ? PolicyBook.Empty : PolicyOf(instance),
            RuleUses = _state.RuleUses,
            Decided = detail?.Wait is { Decision: not null } last ? [.. detail.EarlierWaits ?? [], last] : detail?.EarlierWaits?.ToArray() ?? [],
            Services = _services,
            Opened = Composites.OpenedBy(_state, _inputs, Artifacts, instance),
            ResumedAtMs = detail?.ResumedAtMs ?? 0,
            Decision = detail?.Wait?.Decision is { } decision ? _replayedWaits?.At(instance, decision) ?? decision : null,
        };
        var type = (ILeafNodeType)runs.Type;
        if (type.RunsInline)
        {
            var outcome = Execution.Attempt.RunInline(type, given, NoLine.Instance);
            _inbox.Enqueue(Ended(instance, given, outcome));
            return;
        }
        var attempt = new Attempt(this, instance, given) { IsEarly = isEarly, IsAskedAnew = _state.IsAskedAnew(instance) };
        _attempts[instance] = attempt;
        if (_ended.Task.IsFaulted) attempt.Cancel();   // the run stopped meanwhile, on the thread that writes
        if (isEarly) _ = attempt.RunAsync(type);
        else ThreadPool.UnsafeQueueUserWorkItem(static item => _ = item.attempt.RunAsync(item.type), (attempt, type), preferLocal: true);
    }

    /// <summary>The policies of the workflows that the instance lies in, and the project's.</summary>
    private PolicyBook PolicyOf(int instance)
    {
        var plan = _state.ScopeOf(instance).Plan;
        if (_policies.TryGetValue(plan, out var known)) return known;
        var workflows = new List<WorkflowSpec>();
        for (var at = _state.ScopeOf(instance); ; at = _state.ScopeOf(at.Parent))
        {
            if (!workflows.Contains(at.Plan.Workflow)) workflows.Add(at.Plan.Workflow);
            if (at.Parent < 0) break;
        }
        var specs = workflows.Select(workflow => workflow.Policy).Append(_services.ProjectPolicy).OfType<PolicySpec>().ToList();
        return _policies[plan] = new PolicyBook(specs, _services.EnvironmentName);
    }

    /// <summary>For types that run inline: they neither call out nor wait.</summary>
    private sealed class NoLine : ILine
    {
        public static readonly NoLine Instance = new();
        public ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken) => throw new InvalidOperationException("A node type that runs inline makes no calls.");
        public void Report(StepGrant grant, StepResult result) => throw new InvalidOperationException("A node type that runs inline makes no calls.");
        public void Progress(string? partial = null) { }
        public ValueRef Keep(Value value, Labels labels = default) => ValueRef.Of(value, labels);
        public Value Read(ValueRef reference) => reference.Inline;
    }
}
