using Hydra.Model;

namespace Hydra.Journal;

/// <summary>The journal of one run that this process owns: the writer number <see cref="_epoch"/> of it.</summary>
internal sealed class SqliteRunJournal : IRunJournal
{
    private readonly SqliteRunStore _store;
    private readonly FrameWriter _writer;
    private readonly RunId _run;
    private readonly IDisposable _owned;
    private readonly RunKey _key;
    private readonly long _epoch;
    private readonly FrameBodies _bodies = new();
    private readonly Lock _taking = new();
    private readonly HashSet<long> _taken = [];
    private byte[] _lastHash;
    private byte[]? _tail;
    private IReadOnlyList<ReuseEntry> _remembered = [];
    private IReadOnlyList<long> _heard = [];

    public SqliteRunJournal(SqliteRunStore store, FrameWriter writer, RunId run, IDisposable owned)
    {
        _store = store;
        _writer = writer;
        _run = run;
        _owned = owned;
        (_key, _lastHash, var epoch) = store.Tail(run);
        _tail = _lastHash;
        _epoch = epoch + 1;
    }

    public void Commit(IReadOnlyList<(Frame Frame, RunInfo? Info)> frames)
    {
        var pending = new PendingFrame[frames.Count];
        for (var i = 0; i < pending.Length; i++)
        {
            var (frame, info) = frames[i];
            var isLast = i == pending.Length - 1;
            pending[i] = Sealed(frame, i == 0 ? _lastHash : pending[i - 1].Hash) with
            {
                Info = info, After = i == 0 ? null : pending[i - 1], Claims = i == 0 ? _tail : null,
                Calls = i == 0 ? FrameCalls.Of(frames) : SwitchScope.None,   // they are in one transaction: looked at once
                Reuse = isLast ? _remembered : [], Heard = isLast ? _heard : [],
            };
        }
        _writer.Commit(pending);
        _tail = null;
        if (pending[0].IsForbidden) throw new SwitchedOffException(_store.Switch.Read());
        _lastHash = pending[^1].Hash;
        _remembered = [];
        Forget(pending[^1].Heard);
    }

    private PendingFrame Sealed(Frame frame, byte[] previous)
    {
        var body = _bodies.Of(frame.Events);
        RunId? parent = null;
        if (frame is { Sequence: > 0, Events: [RunEvent.Forked forked, ..] })
        {
            parent = new RunId(forked.Parent);
            previous = _store.HashOf(parent.Value, forked.UpTo);
        }
        return new PendingFrame
        {
            Run = _run, RunKey = _key, Epoch = _epoch, Sequence = frame.Sequence, AtMs = frame.AtMs, Hash = FrameHash.Of(previous, frame.Sequence, frame.AtMs, body), Body = StoredBody.Pack(body), Parent = parent,
        };
    }

    public IReadOnlyList<InboxCommand> TakeCommands()
    {
        lock (_taking) return [.. _store.Inbox(_run).Where(command => _taken.Add(command.Id))];
    }

    public void Heard(IReadOnlyList<long> commands) => _heard = [.. _heard, .. commands];

    /// <summary>The rows are gone, and SQLite may give their numbers to commands that come later.</summary>
    private void Forget(IReadOnlyList<long> commands)
    {
        if (commands.Count == 0) return;
        _heard = [];
        lock (_taking) _taken.ExceptWith(commands);
    }

    public void Foresee(IReadOnlyList<RunEvent> events) => _bodies.Foresee(events);

    public void Remember(IReadOnlyList<ReuseEntry> entries) => _remembered = _remembered.Count == 0 ? entries : [.. _remembered, .. entries];
    public KillSwitch ReadSwitch() => _store.Switch.Read();

    public void Dispose() => _owned.Dispose();
}
