using System.Collections.Concurrent;
using Hydra.Artifacts;
using Hydra.Model;

namespace Hydra.Journal;

/// <summary>Keeps runs for the life of the process, or not at all: <c>--durability memory</c>, dry runs, tests, embedders that need no history.</summary>
/// <param name="keepsFrames">False: frames are dropped once applied; the run cannot be traced afterwards.</param>
/// <param name="killSwitch">The switch to obey; null: one of its own.</param>
public sealed class MemoryRunStore(bool keepsFrames = true, IKillSwitch? killSwitch = null) : IRunStore
{
    private readonly ConcurrentDictionary<RunId, Entry> _runs = new();

    public IArtifactStore Artifacts { get; } = new MemoryArtifacts();
    public IKillSwitch Switch { get; } = killSwitch ?? new MemoryKillSwitch();

    public IRunJournal Own(RunId run)
    {
        var entry = _runs.GetOrAdd(run, _ => new Entry());
        if (Interlocked.Exchange(ref entry.Owned, 1) != 0) throw new StoreException(StoreFault.Owned, $"Run '{run}' is already running in this process.");
        return new Journal(entry, keepsFrames, Switch);
    }

    public RunInfo? Find(RunId run) => _runs.TryGetValue(run, out var entry) ? entry.Info : null;
    public IEnumerable<RunInfo> List() => _runs.Values.Select(entry => entry.Info).OfType<RunInfo>().OrderByDescending(info => info.StartedAt);

    public IReadOnlyDictionary<string, float>? NodeSecondsOf(string workflow) =>
        List().FirstOrDefault(info => info.Workflow == workflow && info.NodeSeconds is not null)?.NodeSeconds;

    public IEnumerable<Frame> Read(RunId run, long fromSequence = 0)
    {
        if (!_runs.TryGetValue(run, out var entry)) yield break;
        Frame[] frames;
        lock (entry.Frames) frames = [.. entry.Frames];
        if (frames is [{ Events: [RunEvent.Forked forked, ..] }, ..])
        {
            foreach (var frame in Read(new RunId(forked.Parent), fromSequence).TakeWhile(frame => frame.Sequence <= forked.UpTo)) yield return frame;
        }
        foreach (var frame in frames)
        {
            if (frame.Sequence >= fromSequence) yield return frame;
        }
    }

    public bool IsOwned(RunId run) => _runs.TryGetValue(run, out var entry) && entry.Owned != 0;

    public void Post(RunId run, InboxCommand command)
    {
        if (_runs.TryGetValue(run, out var entry)) entry.Inbox.Enqueue(command);
    }

    public void Dispose() => _runs.Clear();

    private sealed class Entry
    {
        public int Owned;
        public List<Frame> Frames { get; } = [];
        public ConcurrentQueue<InboxCommand> Inbox { get; } = new();
        public RunInfo? Info { get; set; }
    }

    private sealed class Journal(Entry entry, bool keepsFrames, IKillSwitch killSwitch) : IRunJournal
    {
        public KillSwitch ReadSwitch() => killSwitch.Read();

        public void Commit(IReadOnlyList<(Frame Frame, RunInfo? Info)> frames)
        {
            if (killSwitch is MemoryKillSwitch own && own.Read() is { IsOn: true } on && (on.Scope & FrameCalls.Of(frames)) != SwitchScope.None) throw new SwitchedOffException(on);
            foreach (var (frame, info) in frames)
            {
                if (info is not null) entry.Info = info;
                if (!keepsFrames) continue;
                lock (entry.Frames) entry.Frames.Add(frame with { Events = [.. frame.Events] });
            }
        }

        public IReadOnlyList<InboxCommand> TakeCommands()
        {
            var taken = new List<InboxCommand>();
            while (entry.Inbox.TryDequeue(out var command)) taken.Add(command);
            return taken;
        }

        public void Dispose() => Interlocked.Exchange(ref entry.Owned, 0);
    }
}
