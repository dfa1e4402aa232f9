using System.Security.Cryptography;
using Hydra.Execution;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Planning;
using Hydra.Policies;
using Hydra.Scheduling;

namespace Hydra;

/// <summary>
/// Runs workflows: the one place that sees every stage. A definition is parsed and validated before it comes here; it
/// is planned, its run is opened in the store and its loop turns until the run ends.
/// </summary>
/// <remarks>Safe for concurrent runs; they share the store and its group commit.</remarks>
public sealed partial class Engine(EngineOptions options)
{
    public EngineOptions Options { get; } = options;

    /// <summary>Starts a new run and follows it to its end. Throws <see cref="RunRefusedException"/> and <see cref="StoreException"/>.</summary>
    public async Task<RunReport> RunAsync(WorkflowSpec workflow, RunRequest request, CancellationToken cancellationToken)
    {
        var run = request.Run ?? NewRunId();
        var now = Options.Clock.GetUtcNow();
        var bundle = Bundle.Of(workflow, request, now);
        var plan = PlanOf(workflow);
        Sandbox.Check(plan, request.Sandbox, request.CallsNobody, Sandboxes.WhyNot);
        var limits = RunLimitsOf.New(workflow, request);
        using var journal = Options.Store.Own(run);
        if (Options.Store.Find(run) is not null) throw new RunRefusedException($"Run '{run}' exists already. Go on with it by `hydra resume {run}`, or choose another --run-id.");
        var kept = Options.Store.Artifacts.Keep(bundle.Value);
        var started = new RunEvent.RunStarted(run.Text, workflow.Name, workflow.Hash, kept, limits);
        return await FollowAsync(run, new RunState(plan), bundle, request, journal, reducer => reducer.Open(started), cancellationToken);
    }

    /// <summary>
    /// Takes up a run that was interrupted, stopped, paused or failed. A completed run is not run again: its report comes
    /// back as it is. Throws as <see cref="RunAsync"/> does.
    /// </summary>
    public async Task<RunReport> ResumeAsync(RunId run, RunRequest request, CancellationToken cancellationToken)
    {
        using var journal = Options.Store.Find(run) is null ? null : Options.Store.Own(run);   // before the state is read: nobody else may write after it
        var (state, bundle) = Load(run);
        request = bundle.Complete(request);
        if (state is { HasEnded: true, Status: RunStatus.Completed })
        {
            Control.RefuseLate(run, request.Assumptions);
            return RunReport.Of(run, state, Options.Store.Artifacts);
        }
        if (bundle.Replays is { } replayed && request.Cassette is null) throw new RunRefusedException($"Run '{run}' replays the recording of run '{replayed}', and going on with it would make real calls. Start the replay anew: `hydra run FILE --replay-run {replayed}`.");
        RefuseUndoneSince(state, path => $"hydra rerun {run} --from {path}");
        Sandbox.Check(state.Plan, request.Sandbox, request.CallsNobody, Sandboxes.WhyNot);
        var limits = RunLimitsOf.Resumed(state.Limits, request);
        var said = Control.Check(run, state, request.Assumptions, Options.Store.Artifacts);
        return await FollowAsync(run, state, bundle, request, journal!, reducer => reducer.Resume(limits, said), cancellationToken);
    }

    /// <summary>Pauses or cancels a run that no process owns. Throws as <see cref="RunAsync"/> does; with <see cref="StoreFault.Owned"/>, the owner is to be asked.</summary>
    public async Task<RunReport> AskAsync(RunId run, ControlRequest asked, CancellationToken cancellationToken)
    {
        using var journal = Options.Store.Own(run);
        var (state, bundle) = Load(run);
        if (!Control.Changes(state, asked)) return RunReport.Of(run, state, Options.Store.Artifacts);
        return await FollowAsync(run, state, bundle, bundle.Complete(new RunRequest()), journal, reducer => reducer.ResumeFor(asked with { AtMs = 0 }), cancellationToken);
    }

    /// <summary>
    /// Writes an answer into a run that no process owns; the run goes on when it is next taken up. Gives why the answer was
    /// refused, or null. Throws as <see cref="CancelAsync"/> does.
    /// </summary>
    public string? Answer(RunId run, GivenAnswer given)
    {
        using var journal = Options.Store.Own(run);
        var (state, bundle) = Load(run);
        var nowMs = state.NowMs(Options.Clock);
        var reducer = new Reducer(state);
        reducer.Begin(nowMs);
        var refusal = reducer.AnswerAlone(given);
        if (reducer.Events.Count == 0) return refusal;
        var info = Describe(run, state, bundle);
        if (state.IsLeftForPeople) info = info with { Reason = state.WhatWaits };
        journal.Commit(new Frame(state.NextSequence, nowMs, reducer.Events), info);
        return null;
    }

    /// <summary>A run's state as its journal has it, without taking it up.</summary>
    public (RunState State, Bundle Bundle) Load(RunId run) => Load(run, long.MaxValue);

    private (RunState State, Bundle Bundle) Load(RunId run, long upTo)
    {
        if (RunDefinition.Of(Options.Store, run, Options.ReadDefinition, PlanOf) is not { } definition) throw new RunRefusedException($"There is no run '{run}' here. `hydra list` shows the runs of this folder.");
        var state = new RunState(definition.Plan);
        foreach (var frame in Options.Store.Read(run))
        {
            state.Apply(frame);
            if (frame.Sequence >= upTo) break;
        }
        return (state, definition.Bundle);
    }

    private Plan PlanOf(WorkflowSpec workflow)
    {
        var seen = Options.Store.NodeSecondsOf(workflow.Name);
        return Planner.Plan(workflow, Options.Types, seen is null ? null : id => seen.TryGetValue(id.Text, out var seconds) ? seconds : null, new ProposedGraphs(Options.Types, Options.Store.Artifacts));
    }

    private async Task<RunReport> FollowAsync(RunId run, RunState state, Bundle bundle, RunRequest request, IRunJournal journal, Action<Reducer> first, CancellationToken cancellationToken)
    {
        var services = new AttemptServices
        {
            Clock = new ForwardClock(Options.Clock, state.LatestMs), WorkingDirectory = request.WorkingDirectory, IsDryRun = request.IsDryRun, Cassette = request.Cassette, Sandbox = request.Sandbox,
            ProjectPolicy = Options.ProjectPolicy, EnvironmentName = Options.Environment("HYDRA_ENVIRONMENT") ?? "",
        };
        var loop = new RunLoop(run, state, journal, Options.Store.Artifacts, bundle.InputsOf(run, Options.Environment), services, request.Observer, (at, seconds) => Describe(run, at, bundle) with { NodeSeconds = seconds })
        {
            StaysForPeople = request.StaysForPeople,
            Reuse = !Options.Store.KeepsReusable ? null : new ReuseDesk(Options.Store, run, request.Reuse, Options.Clock),
        };
        await loop.RunAsync(first, cancellationToken);
        var files = state.Status == RunStatus.Completed && !request.IsDryRun ? OutputFiles.Write(state, Options.Store.Artifacts, request.WorkingDirectory) : [];
        return RunReport.Of(run, state, Options.Store.Artifacts) with { FilesWritten = files };
    }

    private RunInfo Describe(RunId run, RunState state, Bundle bundle) => new()
    {
        Run = run,
        Workflow = state.Plan.Name,
        DefinitionHash = state.Plan.Workflow.Hash,
        Status = state.Status,
        Reason = state.Reason,
        StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(state.StartedAtMs, state.ForkedAtMs)),
        UpdatedAt = Options.Clock.GetUtcNow(),
        Cost = state.RunAccount.Usd,
        Tokens = state.RunAccount.Tokens,
        Tags = bundle.Tags,
    };

    private static RunId NewRunId() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)));
}

/// <summary>What an engine is made of.</summary>
public sealed record EngineOptions
{
    public required IReadOnlyDictionary<string, INodeType> Types { get; init; }
    public required IRunStore Store { get; init; }
    /// <summary>Reads a definition out of a run's bundle: canonical text, file name, and the other files by path.</summary>
    public required Func<Value, string, ValueMap, WorkflowSpec> ReadDefinition { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    /// <summary>Rules that hold for every run, beside those of its workflow; null: none.</summary>
    public PolicySpec? ProjectPolicy { get; init; }
    /// <summary>Environment variables for workflows that name them in <c>allow_env</c>.</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;
}
