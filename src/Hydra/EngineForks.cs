using Hydra.Changes;
using Hydra.Execution;
using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra;

// Forks: runs that begin with what another run has done.
public sealed partial class Engine
{
    /// <summary>
    /// Makes a fork of a run; <see cref="ResumeAsync"/> takes it up. The parent is not written. Throws as
    /// <see cref="RunAsync"/> does.
    /// </summary>
    public RunId Fork(RunId parent, ForkRequest fork)
    {
        var (state, bundle) = Load(parent, fork.UpTo ?? long.MaxValue);
        var run = fork.Run ?? NewRunId();
        if (state.RollbackAs is not null) throw new RunRefusedException($"What run '{parent}' did was undone at that point: {RollbackReceipt.Of(state)}. A fork would count it as done. Fork an earlier frame, or start anew.");
        // (1) what is done anew
        var anew = new SortedSet<int>(fork.OnlyFailed ? state.FailedWork() : []);
        if (fork.OnlyFailed && anew.Count == 0) throw new RunRefusedException($"Nothing failed in run '{parent}': there is nothing to do anew. Name a node with --from.");
        var named = new SortedSet<int>(fork.From.SelectMany(path => InstancePath.FindAll(state, path)));
        anew.UnionWith(named);
        var outputs = new SortedDictionary<int, ValueRef>();
        foreach (var (path, output) in fork.Outputs)
        {
            var node = InstancePath.Find(state, path);
            outputs[node] = Options.Store.Artifacts.Keep(output, state.NodeOf(node).Settings.Labels);
            anew.Add(node);
        }
        // (2) the definition, where it is another one
        ForkDefinition? definition = null;
        if (fork.Workflow is { } workflow)
        {
            anew.UnionWith(Migration.Of(state, bundle.Workflow, workflow).Seeds);
            state.Expect(PlanOf(workflow));
            bundle = bundle.With(workflow, fork.Inputs);
            definition = new ForkDefinition(workflow.Hash, Options.Store.Artifacts.Keep(bundle.Value));
        }
        RefuseUnknownOutcomes(state, [.. anew]);
        foreach (var node in outputs.Keys) RefuseLostOutput(state, node, [.. anew]);
        // (3) its first frame
        using var journal = Options.Store.Own(run);
        if (Options.Store.Find(run) is not null) throw new RunRefusedException($"Run '{run}' exists already. Choose another --run-id.");
        var nowMs = state.NowMs(Options.Clock);
        var upTo = state.NextSequence - 1;
        var reducer = new Reducer(state);
        reducer.Begin(nowMs);
        reducer.Fork(new RunEvent.Forked(run.Text, parent.Text, upTo, definition), [.. anew], outputs, [.. named]);
        RefuseUndoneSince(state, path => $"hydra rerun {parent}{(fork.UpTo is { } frame ? $" --up-to {frame}" : "")} --from {path}");
        if (fork.TakenUpWith is { } request) _ = RunLimitsOf.Resumed(state.Limits, request);
        journal.Commit(new Frame(upTo + 1, nowMs, reducer.Events), Describe(run, state, bundle) with { Status = RunStatus.Interrupted, Reason = $"forked from {parent}, not yet taken up" });
        return run;
    }

    /// <summary>What moving a run to another definition would keep, do anew and refuse; nothing is written.</summary>
    public Migration Examine(RunId run, WorkflowSpec workflow)
    {
        var (state, bundle) = Load(run);
        var migration = Migration.Of(state, bundle.Workflow, workflow);
        if (!Options.Store.IsOwned(run)) return migration;
        return migration with { Refusals = [new("(run)", "a process is at work on it. Cancel it, or wait until it has ended"), .. migration.Refusals] };
    }

    /// <summary>An output inside a composite that is done anew has no place to stand.</summary>
    private static void RefuseLostOutput(RunState state, int node, IReadOnlyList<int> anew)
    {
        for (var above = state.ScopeOf(node).Parent; above >= 0; above = state.ScopeOf(above).Parent)
        {
            if (anew.Contains(above)) throw new RunRefusedException($"Node '{state.PathOf(above)}' is to be done anew, and '{state.PathOf(node)}' inside it is to keep an output that is set by hand. Name only one of them.");
        }
    }

    /// <summary>A fork does not go on from what its parent has undone since.</summary>
    private void RefuseUndoneSince(RunState state, Func<string, string> anew)
    {
        if (state.RollbackAs is not null) return;
        foreach (var left in state.LeftDone.Where(left => left.Run is not null).ToLookup(left => left.Run!, left => state.PathOf(left.Instance)))
        {
            if (UndoneBy(new RunId(left.Key)) is not { Count: > 0 } undone || left.FirstOrDefault(undone.Contains) is not { } path) continue;
            throw new RunRefusedException($"Run '{left.Key}' has undone what node '{path}' did, or tried to, and run '{state.RunName}' counts it as done. Do it anew: {anew($"'{path}'")}");
        }
    }

    private HashSet<string> UndoneBy(RunId run)
    {
        if (Options.Store.Find(run) is null or { Status: RunStatus.Completed or RunStatus.Paused }) return [];
        try
        {
            var state = Load(run).State;
            return [.. state.Undone.Select(undone => state.PathOf(undone.Instance))];
        }
        catch (StoreException)
        {
            return [];   // a fork may be what is left of a damaged journal
        }
    }

    private static void RefuseUnknownOutcomes(RunState state, IReadOnlyList<int> anew)
    {
        foreach (var instance in state.ResetBy(anew))
        {
            if (!state.HasUnknownStep(instance)) continue;
            throw new RunRefusedException($"Node '{state.PathOf(instance)}' has made a call that may not be repeated and whose outcome is unknown; a fork that does it anew might make it twice. Resume run '{state.RunName}' first.");
        }
    }
}

/// <summary>What a fork is to do otherwise than its parent.</summary>
public sealed record ForkRequest
{
    /// <summary>Null: twelve hexadecimal digits are made up.</summary>
    public RunId? Run { get; init; }
    /// <summary>What it will be taken up with: refused where it could not be; null: nobody knows yet.</summary>
    public RunRequest? TakenUpWith { get; init; }
    /// <summary>The last frame of the parent that the fork keeps; null: all there are.</summary>
    /// <value>0 or more.</value>
    public long? UpTo { get; init; }
    /// <summary>Paths of instances to do anew, with all that depends on them.</summary>
    public IReadOnlyList<string> From { get; init; } = [];
    /// <summary>Does anew what failed, hit a budget or was cancelled, single items of maps among it.</summary>
    public bool OnlyFailed { get; init; }
    /// <summary>Outputs by path: those instances count as completed, and what depends on them is done anew.</summary>
    public IReadOnlyDictionary<string, Value> Outputs { get; init; } = new Dictionary<string, Value>();
    /// <summary>The fork's own definition; null: its parent's. What it changes is done anew.</summary>
    public WorkflowSpec? Workflow { get; init; }
    /// <summary>Bound inputs for that definition; null: those of the parent.</summary>
    public ValueMap? Inputs { get; init; }
}
