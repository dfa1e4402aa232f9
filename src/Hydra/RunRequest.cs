using Hydra.Execution;
using Hydra.Model;

namespace Hydra;

/// <summary>What a run is asked to do beyond its definition.</summary>
public sealed record RunRequest
{
    /// <summary>Null: twelve hexadecimal digits are made up.</summary>
    public RunId? Run { get; init; }
    /// <summary>Bound and coerced inputs.</summary>
    public ValueMap Inputs { get; init; } = ValueMap.Empty;
    /// <summary>Attempts at once, 1 to 100,000. Null: 10 for a new run, unchanged for a resumed one.</summary>
    public int? MaxConcurrent { get; init; }
    /// <summary>Model calls in any minute. Null: no limit, or unchanged.</summary>
    public int? Rpm { get; init; }
    /// <summary>Tokens in any minute. Null: no limit, or unchanged.</summary>
    public long? Tpm { get; init; }
    /// <summary>Limits laid over the workflow's own budget, field by field.</summary>
    public BudgetSpec? Budget { get; init; }
    /// <summary>Added to the limits when a run is resumed.</summary>
    public long AddTokens { get; init; }
    public MicroUsd AddUsd { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
    /// <summary>Folder against which relative paths of the workflow resolve, and output files are written.</summary>
    public string WorkingDirectory { get; init; } = ".";
    /// <summary>How <c>bash</c> and <c>python_exec</c> are confined; null: such nodes are refused.</summary>
    public string? Sandbox { get; init; }
    /// <summary>Stubs instead of calls, on the real scheduler.</summary>
    public bool IsDryRun { get; init; }
    /// <summary>No tool of this run is ever called for real.</summary>
    internal bool CallsNobody => IsDryRun || Cassette is { Missing: not MissingCall.Call };
    /// <summary>Options of the program that a resume must find again (backend, model aliases).</summary>
    public ValueMap Options { get; init; } = ValueMap.Empty;
    /// <summary>On a resume: what a person says of effects whose outcome is unknown.</summary>
    public IReadOnlyList<Assumption> Assumptions { get; init; } = [];
    public IRunObserver? Observer { get; init; }
    /// <summary>Stay while people decide; else the run pauses as soon as only people are left to wait for.</summary>
    public bool StaysForPeople { get; init; }
    /// <summary>Every node with effect <c>pure</c> takes the result of an earlier run where nothing that decides it has changed, unless it says <c>cache: off</c>.</summary>
    public bool Reuse { get; init; }
    /// <summary>The recording that answers the run's calls; null: they are made. A resume must be given it again.</summary>
    public Cassette? Cassette { get; init; }
}

/// <summary>How a run ended, or how it stands when its process lets go of it.</summary>
public sealed record RunReport
{
    public required RunId Run { get; init; }
    public required string Workflow { get; init; }
    public required RunStatus Status { get; init; }
    public required string Reason { get; init; }
    /// <summary>Outputs of the sinks that have one, by node id.</summary>
    public required ValueMap Outputs { get; init; }
    public required MicroUsd Cost { get; init; }
    public required long Tokens { get; init; }
    /// <summary>Calls to models whose cost nobody knows: it is not in <see cref="Cost"/>.</summary>
    public long UnpricedCalls { get; init; }
    public required Plan Plan { get; init; }
    /// <summary>The run's own limits, as raised so far; null: it has none.</summary>
    public BudgetSpec? Budget { get; init; }
    /// <summary>The files of <c>outputs</c> that were written.</summary>
    public IReadOnlyList<string> FilesWritten { get; init; } = [];
    /// <summary>What the run waits for, where it was left waiting for people.</summary>
    public IReadOnlyList<OpenWait> Waits { get; init; } = [];
    /// <summary>The kill switch stopped the run.</summary>
    public bool IsSwitchedOff { get; init; }
    /// <summary>The run failed because a policy denied a call.</summary>
    public bool IsDenied { get; init; }
    /// <summary>Nodes of a failed run whose effect may have happened: it goes on when a person says of each whether it did (<see cref="RunRequest.Assumptions"/>).</summary>
    public IReadOnlyList<string> Unsettled { get; init; } = [];
    /// <summary>What the run's end undid and what it could not; null: it undid nothing.</summary>
    public RollbackReceipt? Rollback { get; init; }

    /// <summary>A run as its journal has it, whoever carries it on.</summary>
    public static RunReport Of(RunId run, RunState state, IArtifactStore artifacts)
    {
        var outputs = new ValueMap.Builder();
        foreach (var sink in state.Plan.Sinks)
        {
            if (state.OutputOf(sink) is { } output && state.StatusOf(sink) != NodeStatus.Skipped) outputs[state.Plan.Nodes[sink].Id.Text] = artifacts.Read(output);
        }
        return new RunReport
        {
            Run = run,
            Workflow = state.Plan.Name,
            Status = state.Status,
            Reason = state.Reason,
            Outputs = outputs.Build(),
            Cost = state.RunAccount.Usd,
            Tokens = state.RunAccount.Tokens,
            UnpricedCalls = state.RunAccount.UnpricedCalls,
            Plan = state.Plan,
            Budget = state.Limits.Budget,
            Waits = [.. state.OpenWaits.Select(waiting => new OpenWait(state.PathOf(waiting), state.DetailOf(waiting)!.Wait!))],
            IsDenied = state.Status == RunStatus.Failed && Enumerable.Range(0, state.InstanceCount).Any(i => state.IsUncaughtFailure(i) && state.DetailOf(i) is { WasDenied: true, Error.Code: var code } && code == ErrorCode.PolicyDenied),
            IsSwitchedOff = state is { Status: RunStatus.Paused, IsSwitchedOff: true },
            Unsettled = state.Status == RunStatus.Failed ? [.. Enumerable.Range(0, state.InstanceCount).Where(state.AwaitsAssumption).Select(state.PathOf)] : [],
            Rollback = state.RollbackAs is null ? null : RollbackReceipt.Of(state),
        };
    }
}

/// <summary>A wait for people at one node of a run.</summary>
public sealed record OpenWait(string Path, WaitState Wait);

/// <summary>A run that cannot begin or go on; nothing was started.</summary>
public sealed class RunRefusedException(string message) : Exception(message);
