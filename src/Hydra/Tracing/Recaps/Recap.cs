using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>One task of a recap: what was expected and what happened. Times in milliseconds.</summary>
/// <param name="EstimateMs">What its author estimated; null: nothing.</param>
/// <param name="StartedMs">Since the run began; null: it never began.</param>
/// <param name="Chosen">Why this agent, where the plan says so.</param>
public sealed record RecapTask(string Path, string Agent, NodeStatus Status, double? EstimateMs, long? StartedMs, double? TookMs, int Attempts, Spend Spent, string? TookOver, string? Chosen)
{
    /// <summary>Actual over estimate; null where either is not known.</summary>
    public double? Ratio => EstimateMs is > 0 and var expected && TookMs is { } took ? took / expected : null;
}

/// <summary>What one agent or model did in a run.</summary>
/// <param name="Failed">Calls or attempts that came to nothing.</param>
public sealed record RecapShare(string Name, int Calls, int Failed, long Tokens, MicroUsd Cost, double BusyMs)
{
    /// <summary>Calls whose cost nobody knows: it is not in <see cref="Cost"/>.</summary>
    public int UnpricedCalls { get; init; }
}

/// <summary>A fact with the place it comes from.</summary>
/// <param name="Where">Path of the node, or empty for the run.</param>
public sealed record RecapFact(string Where, string What);

/// <summary>
/// What a run was, computed from its journal alone: estimates against actuals, the path that decided its length, how parallel it was, who
/// spent what, and what went wrong. The same journal gives the same recap.
/// </summary>
public sealed record Recap
{
    public required string Run { get; init; }
    public required string Workflow { get; init; }
    public required RunStatus Status { get; init; }
    public required string Reason { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    /// <summary>From the beginning to the end, or to the last frame so far; milliseconds.</summary>
    public double MakespanMs { get; init; }
    public Spend Spent { get; init; } = Spend.Nothing;
    /// <summary>The tasks of the workflow itself, in file order.</summary>
    public IReadOnlyList<RecapTask> Tasks { get; init; } = [];
    /// <summary>The chain of dependencies whose tasks took longest, by what they really took.</summary>
    public IReadOnlyList<string> CriticalPath { get; init; } = [];
    public double CriticalPathMs { get; init; }
    public IReadOnlyList<string> EstimatedPath { get; init; } = [];
    /// <summary>All tasks one after another; milliseconds.</summary>
    public double BusyMs { get; init; }
    /// <summary>Most tasks that ran at once.</summary>
    public int Peak { get; init; }
    public IReadOnlyList<RecapShare> Agents { get; init; } = [];
    public IReadOnlyList<RecapShare> Models { get; init; } = [];
    public int Retries { get; init; }
    public int Resumes { get; init; }
    public IReadOnlyList<RecapFact> Decisions { get; init; } = [];
    public IReadOnlyList<RecapFact> Learnings { get; init; } = [];
    public IReadOnlyList<RecapFact> Blockers { get; init; } = [];

    /// <summary>How many times faster than one after another; 1 where nothing overlapped.</summary>
    public double SpeedUp => MakespanMs > 0 ? BusyMs / MakespanMs : 1;
    /// <summary>Share of the slots used at the peak that were busy on average, 0 to 1.</summary>
    public double Efficiency => Peak > 0 ? Math.Min(1, SpeedUp / Peak) : 0;
    public double EstimatedMs => Tasks.Sum(task => task.EstimateMs ?? 0);
    public int Count(NodeStatus status) => Tasks.Count(task => task.Status == status);

    /// <param name="frames">The run's journal, once more: for decisions.</param>
    /// <param name="read">Reads an output; what it holds under <c>learnings</c>, <c>decisions</c> and <c>risks</c> is taken up.</param>
    public static Recap Of(RunTrace trace, IEnumerable<Frame> frames, Func<ValueRef, Value> read) => new RecapFold(trace, read).Make(frames);
}
