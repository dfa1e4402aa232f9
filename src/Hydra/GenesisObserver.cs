using Hydra.Artifacts;
using Hydra.Execution;
using Hydra.Model;
using Hydra.Parsing.Genesis;

namespace Hydra;

/// <summary>
/// Projects a run's journal into the genesis.xml it was started from: at most once a second, and at the end. The file is
/// read again whenever somebody else has written it, so that edits of the plan are kept, and replaced by renaming, so
/// that an interrupted write leaves the old one. Disposing of it writes the last state and lets go of the file.
/// </summary>
public sealed class GenesisObserver : IRunObserver, IDisposable
{
    /// <summary>Least time between two writes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    /// <summary>Entries of the audit log that are kept; the journal has them all.</summary>
    private const int LogLengthMax = 1_000;
    private const int ReasonLengthMax = 300;

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly FileStream _lease;
    private readonly Func<string, IEnumerable<Frame>> _earlier;
    private readonly Lock _gate = new(), _writing = new();
    private readonly ITimer _timer;
    private readonly Dictionary<int, TaskProjection> _tasks = [];
    private readonly HashSet<int> _changed = [];
    private readonly List<TaskEvent> _log = [];
    private RunProjection? _run;
    private long _writtenAt;
    private bool _isArmed;
    private GenesisProjection? _document;
    private (long Length, DateTime At) _known;

    private GenesisObserver(string path, FileStream lease, Func<string, IEnumerable<Frame>> earlier, TimeProvider clock)
    {
        (_path, _lease, _earlier, _clock) = (path, lease, earlier, clock);
        _writtenAt = clock.GetTimestamp() - clock.TimestampFrequency;
        _timer = clock.CreateTimer(_ => Write(isLast: false), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How often the file was written.</summary>
    public int Writes { get; private set; }
    /// <summary>Why the last write did not happen; null: it did.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Takes the file for one run; null while another run follows it. A file that is no whole genesis.xml is never written.</summary>
    /// <param name="earlier">The frames of a run that goes on, by its name.</param>
    public static GenesisObserver? Open(string path, Func<string, IEnumerable<Frame>> earlier, TimeProvider clock)
    {
        try
        {
            var lease = new FileStream(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new GenesisObserver(path, lease, earlier, clock);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void OnFrame(Frame frame, RunState state)
    {
        lock (_gate)
        {
            if (_run is null)
            {
                foreach (var node in Enumerable.Range(0, state.Plan.Nodes.Length)) Note(node, frame.AtMs, "pending", "planned", state);
                if (frame.Sequence > 0)
                {
                    foreach (var before in _earlier(state.RunName).TakeWhile(before => before.Sequence < frame.Sequence)) Fold(before, state);
                }
            }
            Fold(frame, state);
            _run = new RunProjection(state.RunName, EpicStatusOf(state.Status), frame.AtMs, []);
            if (_isArmed) return;
            _isArmed = true;
            var wait = Interval - _clock.GetElapsedTime(_writtenAt);
            _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Write(isLast: true);
        _lease.Dispose();
    }

    private void Fold(Frame frame, RunState state)
    {
        foreach (var happened in frame.Events)
        {
            switch (happened)
            {
                case RunEvent.RunStarted e: Log(frame.AtMs, "run-started", $"Run {e.Run} started."); break;
                case RunEvent.RunResumed: Log(frame.AtMs, "run-resumed", "The run goes on."); break;
                case RunEvent.RunEnded e: Log(frame.AtMs, "run-" + WireNames.Of(e.Status), e.Reason); break;
                case RunEvent.Started e: Note(e.Node, frame.AtMs, "in-progress", $"attempt {e.Attempt}", state); break;
                case RunEvent.AttemptFailed e: Note(e.Node, frame.AtMs, "in-progress", $"attempt failed: {e.Error.Code}", state); break;
                case RunEvent.WaitOpened e: Note(e.Node, frame.AtMs, "blocked", "waits for people", state); break;
                case RunEvent.Skipped e: Note(e.Node, frame.AtMs, e.Because is SkipCause.UpstreamFailed ? "blocked" : "cancelled", $"skipped: {WireNames.Of(e.Because)}", state); break;
                case RunEvent.Ended e: Note(e.Node, frame.AtMs, TaskStatusOf(e.Status), Clip(e.Error is { } error ? $"{WireNames.Of(e.Status)}: {error.Code}: {error.Message}" : WireNames.Of(e.Status)), state); break;
                case RunEvent.Reopened e: Note(e.Node, frame.AtMs, "pending", "tried again", state); break;
            }
        }
    }

    /// <summary>Instances below a composite are its own business: the file knows the tasks of the plan.</summary>
    private void Note(int node, long atMs, string status, string what, RunState state)
    {
        if (node >= state.Plan.Nodes.Length) return;
        var detail = state.DetailOf(node);
        IReadOnlyList<TaskEvent> history = [.. _tasks.TryGetValue(node, out var before) ? before.History : [], new TaskEvent(atMs, status, what)];
        _tasks[node] = new TaskProjection(state.Plan.Nodes[node].Id.Text, status, WireNames.Of(state.StatusOf(node)), state.AttemptOf(node), detail?.Usage.Total ?? 0, detail?.Cost.Usd ?? 0,
            state.OutputOf(node)?.Artifact?.ToString(), detail?.Error?.Code.ToString(), detail?.Error is { } error ? Clip(error.Message) : null, history);
        _changed.Add(node);
        if (status is "failed") Log(atMs, "task-failed", $"{state.Plan.Nodes[node].Id}: {what}");
    }

    private void Log(long atMs, string type, string what)
    {
        if (_log.Count < LogLengthMax) _log.Add(new TaskEvent(atMs, type, what.Length == 0 ? type : what));
    }

    private void Write(bool isLast)
    {
        lock (_writing)
        {
            RunProjection run;
            TaskProjection[] all, changed;
            lock (_gate)
            {
                _isArmed = false;
                if (_run is null || (_changed.Count == 0 && !isLast)) return;
                run = _run with { Log = [.. _log] };
                all = [.. _tasks.OrderBy(task => task.Key).Select(task => task.Value)];
                changed = [.. _changed.Select(node => _tasks[node])];
                _changed.Clear();
                _writtenAt = _clock.GetTimestamp();
            }
            try
            {
                // Twice: the second time after somebody wrote the file between our reading and our renaming.
                if (!TryReplace(run, all, changed) && !TryReplace(run, all, all)) Trouble = "the file keeps changing, or is no whole genesis.xml";
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                Trouble = failed.Message;
                _document = null;
            }
        }
    }

    private bool TryReplace(RunProjection run, TaskProjection[] all, TaskProjection[] changed)
    {
        var now = Stamp();
        if (_document is null || now != _known)
        {
            _document = GenesisProjection.Open(File.ReadAllBytes(_path));
            changed = all;
        }
        if (_document is null) return false;
        foreach (var task in changed) _document.Apply(task);
        _document.Apply(run, all);
        var beside = _path + ".part";
        using (var file = File.Create(beside)) _document.Save(file);
        var written = FileSwap.StampOf(beside);   // not that of what stands there afterwards: somebody may have saved already
        if (Stamp() != now || !FileSwap.TryReplace(beside, _path, replaced => FileSwap.StampOf(replaced) == now))
        {
            _document = null;
            return false;
        }
        _known = written;
        Trouble = null;
        Writes++;
        return true;
    }

    private (long Length, DateTime At) Stamp() => FileSwap.StampOf(_path);

    private static string Clip(string text) => text.Length <= ReasonLengthMax ? text : text[..ReasonLengthMax] + "…";

    private static string TaskStatusOf(NodeStatus status) => status switch
    {
        NodeStatus.Completed or NodeStatus.Degraded => "completed",
        NodeStatus.Cancelled or NodeStatus.Skipped => "cancelled",
        _ => "failed",
    };

    private static string EpicStatusOf(RunStatus status) => status switch
    {
        RunStatus.Running => "in-progress",
        RunStatus.Completed => "completed",
        RunStatus.Cancelled => "cancelled",
        RunStatus.Failed => "failed",
        _ => "on-hold",
    };
}
