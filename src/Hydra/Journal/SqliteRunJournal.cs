using System.Buffers;
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
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
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

    public void Commit(Frame frame, RunInfo? info)
    {
        _buffer.ResetWrittenCount();
        EventWriter.Write(_buffer, frame.Events);
        var body = _buffer.WrittenSpan.ToArray();
        RunId? parent = null;
        if (frame is { Sequence: > 0, Events: [RunEvent.Forked forked, ..] })
        {
            parent = new RunId(forked.Parent);
            _lastHash = _store.HashOf(parent.Value, forked.UpTo);
        }
        var hash = FrameHash.Of(_lastHash, frame.Sequence, frame.AtMs, body);
        var pending = new PendingFrame
        {
            Run = _run, RunKey = _key, Epoch = _epoch, Claims = _tail, Sequence = frame.Sequence, AtMs = frame.AtMs, Hash = hash, Body = body, Info = info,
            Calls = FrameCalls.Of(frame), Parent = parent, Reuse = _remembered, Heard = _heard,
        };
        _writer.Commit(pending);
        _tail = null;
        if (pending.IsForbidden) throw new SwitchedOffException(_store.Switch.Read());
        _lastHash = hash;
        _remembered = [];
        Forget(pending.Heard);
    }

    public IReadOnlyList<InboxCommand> TakeCommands()
    {
        lock (_taking) return [.. _store.Inbox(_run).Where(command => _taken.Add(command.Id))];
    }

    public void Heard(IReadOnlyList<long> commands) => _heard = commands;

    /// <summary>The rows are gone, and SQLite may give their numbers to commands that come later.</summary>
    private void Forget(IReadOnlyList<long> commands)
    {
        if (commands.Count == 0) return;
        _heard = [];
        lock (_taking) _taken.ExceptWith(commands);
    }

    public void Remember(IReadOnlyList<ReuseEntry> entries) => _remembered = entries;
    public KillSwitch ReadSwitch() => _store.Switch.Read();

    public void Dispose() => _owned.Dispose();
}
