namespace Hydra.Model;

/// <summary>How hard a commit is pressed to disk.</summary>
public enum Durability
{
    /// <summary>Every acknowledged fact survives a power cut (an fsync a frame, shared by all that ended meanwhile).</summary>
    Full,
    /// <summary>Survives the death of the process; a power cut may take the last moments.</summary>
    Normal,
    /// <summary>Nothing reaches the disk: the run cannot be resumed or inspected afterwards.</summary>
    Memory,
}

/// <summary>A line of <c>hydra list</c>.</summary>
public sealed record RunInfo
{
    public required RunId Run { get; init; }
    public required string Workflow { get; init; }
    public string DefinitionHash { get; init; } = "";
    public RunStatus Status { get; init; }
    public string Reason { get; init; } = "";
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public MicroUsd Cost { get; init; }
    public long Tokens { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
    /// <summary>Seconds from start to end of each top-level node of a completed run; null where they were not measured.</summary>
    public IReadOnlyDictionary<string, float>? NodeSeconds { get; init; }
}

/// <summary>Writes the frames of one run that this process owns. Disposing gives the ownership back.</summary>
public interface IRunJournal : IDisposable
{
    /// <summary>
    /// Makes a frame durable; returns when it is. <paramref name="info"/>: the run's new line in the list, written in the
    /// same transaction; null: unchanged. Throws <see cref="StoreException"/>, after which nothing of the frame is kept.
    /// </summary>
    void Commit(Frame frame, RunInfo? info) => Commit([(frame, info)]);

    /// <summary>
    /// The same for frames that follow one another: all or none. A frame that the kill switch refused is written together with the next,
    /// which ends the calls that it announces.
    /// </summary>
    void Commit(IReadOnlyList<(Frame Frame, RunInfo? Info)> frames);

    /// <summary>
    /// The events of the frame after the one that is being committed, as far as they are known: the next <see cref="Commit(Frame, RunInfo?)"/> gets this
    /// list, which only grows until then, so that they can be put into their form meanwhile.
    /// </summary>
    void Foresee(IReadOnlyList<RunEvent> events) { }

    /// <summary>Commands other processes left for this run that no earlier call gave, oldest first. They stay in the inbox until they were <see cref="Heard"/>.</summary>
    IReadOnlyList<InboxCommand> TakeCommands();

    /// <summary>What was taken and has been decided about: removed in the transaction of the next commit, which carries the events it made.</summary>
    void Heard(IReadOnlyList<long> commands) { }

    /// <summary>Leaves completed executions for later runs to reuse; they are written in the transaction of the next commit.</summary>
    void Remember(IReadOnlyList<ReuseEntry> entries) { }
    /// <summary>The kill switch as it stands. Besides this look, <see cref="Commit"/> reads it in its own transaction and throws <see cref="SwitchedOffException"/>.</summary>
    KillSwitch ReadSwitch() => KillSwitch.Off;
}

/// <param name="Verb"><c>cancel</c>, <c>pause</c>, …</param>
public sealed record InboxCommand(string Verb, Value Body)
{
    /// <summary>Its number among all that wait in the inbox; 0: it is not in one that lasts.</summary>
    public long Id { get; init; }
}

/// <summary>All runs of one runs directory. Safe for use from many threads and processes.</summary>
public interface IRunStore : IDisposable
{
    /// <summary>Takes ownership of a run. Throws <see cref="StoreException"/> when another process has it.</summary>
    IRunJournal Own(RunId run);
    RunInfo? Find(RunId run);
    IEnumerable<RunInfo> List();
    /// <summary>How long the nodes of a workflow took in its latest completed run; null when there is none.</summary>
    IReadOnlyDictionary<string, float>? NodeSecondsOf(string workflow);
    /// <summary>A run's frames in order, each checked against its hash chain. A fork's begin with those it shares with its parent.</summary>
    IEnumerable<Frame> Read(RunId run, long fromSequence = 0);
    /// <summary>
    /// The frame with which the run began, and before it those of the runs it was forked from, oldest first: what a run is
    /// pinned to stands in them.
    /// </summary>
    IEnumerable<Frame> Heads(RunId run) => Read(run).Where(frame => frame.Events is [RunEvent.RunStarted or RunEvent.Forked, ..]);
    /// <summary>Whether a living process owns the run.</summary>
    bool IsOwned(RunId run);
    /// <summary>Leaves a command for the run's owner.</summary>
    void Post(RunId run, InboxCommand command);
    IArtifactStore Artifacts { get; }
    /// <summary>Later runs can find the executions of earlier ones.</summary>
    bool KeepsReusable => false;
    /// <summary>A completed execution of another run with this key, not older than a time (Unix milliseconds); null: there is none.</summary>
    ReuseSource? FindReusable(string key, string path, RunId notOf, long sinceMs) => null;
    /// <summary>The executions at a path that may be reused, the latest first.</summary>
    IReadOnlyList<ReuseRecord> ReusableAt(string path, int countMax) => [];
}

/// <summary>Bytes named by their SHA-256. Safe for use from many threads and processes.</summary>
public interface IArtifactStore
{
    /// <summary>Keeps a value: inline when small, else durable under its hash before this returns.</summary>
    ValueRef Keep(Value value, Labels labels = default);
    /// <summary>Reads a value back, checking its hash. Throws <see cref="StoreException"/> when it is gone or altered.</summary>
    Value Read(ValueRef reference);
}

/// <summary>What keeps a store from doing as it was asked; <c>Stale</c>: another process has taken the run over.</summary>
public enum StoreFault { Full, ReadOnly, Locked, Owned, Stale, Corrupt, Emptied, Newer, Missing, Other }

/// <summary>The store could not do what was asked; the message names the place and the mend.</summary>
public sealed class StoreException(StoreFault fault, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What a message asks for behind its mend: whoever knows what was being done says it in the place of these words.</summary>
    public const string TryAgain = "try again";

    public StoreFault Fault { get; } = fault;
    /// <summary>Part of a run is lost; <c>hydra doctor --runs</c> says what can be saved.</summary>
    public bool IsForDoctor { get; init; }
}
