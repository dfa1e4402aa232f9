using System.Buffers.Binary;
using System.Security.Cryptography;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// The one writer of frames. Whoever holds the lock writes everything that is waiting in one transaction: under load
/// one fsync serves many frames, without load a frame is written by its own thread with no hop.
/// </summary>
internal sealed class FrameWriter : IDisposable
{
    private readonly Lock _writing = new();
    private readonly Lock _queueing = new();
    private readonly string _file;
    private readonly StoreFlaw _flaw;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _remember;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private List<PendingFrame> _waiting = [];
    private List<PendingFrame> _batch = [];

    public FrameWriter(SqliteConnection connection, string file, StoreFlaw flaw)
    {
        _flaw = flaw;
        _connection = connection;
        _file = file;
        _insert = connection.CreateCommand();
        var isCurrent = flaw == StoreFlaw.SkipsEpochCheck ? "$name<>$epoch" : "(SELECT epoch FROM owners WHERE run=$name)=$epoch";
        _insert.CommandText = $"INSERT INTO frames(run, seq, at, hash, body) SELECT $run, $seq, $at, $hash, $body WHERE {isCurrent} AND ($calls=0 OR NOT EXISTS(SELECT 1 FROM kill_switch WHERE scope & $calls))";
        foreach (var name in (string[])["$run", "$seq", "$at", "$hash", "$body", "$calls", "$name", "$epoch"]) _insert.Parameters.Add(new SqliteParameter { ParameterName = name });
        _insert.Prepare();
        _remember = ReuseRows.InsertInto(connection);
        _begin = connection.CreateCommand();
        _begin.CommandText = "BEGIN IMMEDIATE";
        _commit = connection.CreateCommand();
        _commit.CommandText = "COMMIT";
    }

    /// <summary>Returns when the frames, which follow one another, are durable.</summary>
    public void Commit(PendingFrame[] frames)
    {
        lock (_queueing) _waiting.AddRange(frames);
        lock (_writing)
        {
            if (!frames[^1].IsWritten) WriteAll_NeedsLock();
        }
        if (frames[0].Failure is { } failure) throw failure;
    }

    private void WriteAll_NeedsLock()
    {
        lock (_queueing) (_waiting, _batch) = (_batch, _waiting);
        try
        {
            Write_NeedsLock();
        }
        catch (SqliteException failed)
        {
            Rollback_NeedsLock();
            foreach (var frame in _batch) frame.Failure = SqliteFaults.Explain(failed, _file);
        }
        foreach (var frame in _batch) frame.IsWritten = true;
        _batch.Clear();
    }

    private void Write_NeedsLock()
    {
        // One row alone is its own transaction.
        var needsTransaction = _batch.Count > 1 || _batch[0].HasMore;
        if (needsTransaction) _begin.ExecuteNonQuery();
        foreach (var frame in _batch) Write_NeedsLock(frame);
        if (needsTransaction) _commit.ExecuteNonQuery();
    }

    /// <summary>A frame that may not be written leaves nothing behind and does not keep the others of its batch from being written.</summary>
    private void Write_NeedsLock(PendingFrame frame)
    {
        if (frame.After is { IsForbidden: true } or { Failure: not null })
        {
            (frame.IsForbidden, frame.Failure) = (frame.After.IsForbidden, frame.After.Failure);   // for the one behind it
            return;
        }
        if (frame.Parent is { } parent && RunRows.Find(_connection, parent) is null)
        {
            frame.Failure = new StoreException(StoreFault.Missing, $"Run '{parent}' was removed while '{frame.Run}' was being forked from it.");
            return;
        }
        if (frame.Claims is { } seen && _flaw != StoreFlaw.SkipsEpochCheck && !OwnerRows.Claim(_connection, frame, seen))
        {
            frame.Failure = OwnerRows.Stale(_connection, frame);
            return;
        }
        if (frame.Info is { } first && frame.RunKey.Id == 0) RunRows.Save(_connection, frame, first);   // gives the run its row number
        if (!Insert_NeedsLock(frame))
        {
            if (OwnerRows.EpochOf(_connection, frame.Run) == frame.Epoch) frame.IsForbidden = true;
            else frame.Failure = OwnerRows.Stale(_connection, frame);
            return;
        }
        if (frame.Info is { } info) RunRows.Save(_connection, frame, info);
        if (frame.Reuse.Count > 0) ReuseRows.Save(_remember, frame);
        if (frame.Heard.Count > 0) InboxRows.Remove(_connection, frame.Run, frame.Heard);
    }

    /// <summary>False: a newer owner has written, or the kill switch is on. Both are read by the statement that writes.</summary>
    private bool Insert_NeedsLock(PendingFrame frame)
    {
        var parameters = _insert.Parameters;
        parameters[0].Value = frame.RunKey.Id;
        parameters[1].Value = frame.Sequence;
        parameters[2].Value = frame.AtMs;
        parameters[3].Value = frame.Hash;
        parameters[4].Value = frame.Body;
        parameters[5].Value = (long)frame.Calls;
        parameters[6].Value = frame.Run.Text;
        parameters[7].Value = frame.Epoch;
        return _insert.ExecuteNonQuery() != 0;
    }

    private void Rollback_NeedsLock()
    {
        try
        {
            StoreSchema.Run(_connection, "ROLLBACK");
        }
        catch (SqliteException)
        {
            // The failed statement has already ended the transaction.
        }
    }

    public void Dispose()
    {
        _insert.Dispose();
        _remember.Dispose();
        _begin.Dispose();
        _commit.Dispose();
    }
}

/// <summary>A run's row number, known once its first frame is written.</summary>
internal sealed class RunKey
{
    public long Id { get; set; }
}

/// <summary>A frame on its way to disk.</summary>
internal sealed record PendingFrame
{
    public required RunId Run { get; init; }
    public required RunKey RunKey { get; init; }
    /// <summary>Which writer of the run this is; see <see cref="OwnerRows"/>.</summary>
    public long Epoch { get; init; }
    /// <summary>The writer's first frame makes its epoch the run's current one, if the last frame's hash is still this; null: it has done so.</summary>
    public byte[]? Claims { get; init; }
    public required long Sequence { get; init; }
    public required long AtMs { get; init; }
    public required byte[] Hash { get; init; }
    /// <summary>As <see cref="StoredBody"/> packs it.</summary>
    public required byte[] Body { get; init; }
    public RunInfo? Info { get; init; }
    public IReadOnlyList<ReuseEntry> Reuse { get; init; } = [];
    /// <summary>Commands of the inbox that have become events of this frame.</summary>
    public IReadOnlyList<long> Heard { get; init; } = [];
    /// <summary>More than its row belongs to it.</summary>
    public bool HasMore => Claims is not null || Info is not null || Reuse.Count > 0 || Heard.Count > 0;
    /// <summary>What kinds of calls it announces: read against the kill switch by the statement that writes it.</summary>
    public SwitchScope Calls { get; init; }
    /// <summary>The kill switch forbids a call of it; nothing was written.</summary>
    public bool IsForbidden { get; set; }
    /// <summary>The frame without which it may not be written, before it in the same transaction.</summary>
    public PendingFrame? After { get; init; }
    /// <summary>For the first frame of a fork: the run that must still be there.</summary>
    public RunId? Parent { get; init; }
    public bool IsWritten { get; set; }
    public StoreException? Failure { get; set; }
}

/// <summary>The hash chain: each frame's hash covers its content, its place and the hash of the frame before it.</summary>
internal static class FrameHash
{
    public static readonly byte[] First = new byte[32];

    public static byte[] Of(ReadOnlySpan<byte> previous, long sequence, long atMs, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(head, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], atMs);
        hash.AppendData(previous);
        hash.AppendData(head);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}
