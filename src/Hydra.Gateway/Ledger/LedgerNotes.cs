using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Hydra.Model;
using Microsoft.Win32.SafeHandles;

namespace Hydra.Gateway.Ledger;

/// <summary>One fact of a process's notes: a call's money was held, billed or given back.</summary>
/// <param name="Charge">Null: it was not billed.</param>
/// <param name="IsReleased">Whether it was given back; neither billed nor given back: it was held.</param>
internal sealed record LedgerNote(ReservationRow Row, ChargeRow? Charge, bool IsReleased);

/// <summary>
/// What a process that is alone on the store has granted and billed and not yet written there: two files beside its lock, used in turn.
/// What was written survives kill -9; whoever finds the process gone reads it. Not safe to share between threads.
/// </summary>
/// <remarks>
/// A file begins with the number of its generation. Each note is a length, a checksum over generation and note, and the note; what an
/// earlier generation left behind it fails the checksum, and so does a note that was cut.
/// </remarks>
internal sealed class LedgerNotes : IDisposable
{
    private const int HeadBytes = 8, FrameBytes = 8;
    private const byte Held = 1, Settled = 2, Released = 3;

    private readonly string _lockFile;
    private readonly SafeFileHandle[] _files;
    private readonly MemoryStream _batch = new();
    private readonly BinaryWriter _out;
    private long _length;

    /// <param name="lockFile">The lock of the process, whose name the files take.</param>
    public LedgerNotes(string lockFile)
    {
        _lockFile = lockFile;
        _files = [.. PathsOf(lockFile).Select(path => File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))];
        _out = new BinaryWriter(_batch, Encoding.UTF8);
        Turn();
    }

    /// <summary>Of the file that is written now; from 1.</summary>
    public long Generation { get; private set; }

    /// <summary>Whether the present generation holds a note.</summary>
    public bool HasAny => Volatile.Read(ref _length) > HeadBytes;

    public void AddHeld(ReservationRow row) => Add(Held, row, null);
    public void AddSettled(ChargeRow charge) => Add(Settled, charge.Reserved, charge);
    public void AddReleased(ReservationRow row) => Add(Released, row, null);

    /// <summary>Hands what was added to the operating system, in one piece. When it throws, nothing of it was noted.</summary>
    public void Write()
    {
        if (_batch.Length == 0) return;
        try
        {
            RandomAccess.Write(_files[Generation % 2], _batch.GetBuffer().AsSpan(0, (int)_batch.Length), _length);
        }
        catch
        {
            RandomAccess.SetLength(_files[Generation % 2], _length);   // a full disk takes the first part of it
            throw;
        }
        _length += _batch.Length;
        Drop();
    }

    /// <summary>Forgets what was added and not written.</summary>
    public void Drop() => _batch.SetLength(0);

    /// <summary>Goes on in the other file, whose notes are no longer needed.</summary>
    public void Turn()
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(head, Generation + 1);
        RandomAccess.Write(_files[(Generation + 1) % 2], head, 0);
        Generation++;
        _length = HeadBytes;
    }

    /// <summary>The notes of a process that is gone, in their order.</summary>
    /// <param name="written">The last generation that is in the store.</param>
    public static IEnumerable<LedgerNote> Read(string lockFile, long written) => PathsOf(lockFile).Where(File.Exists).Select(File.ReadAllBytes)
        .Where(bytes => bytes.Length >= HeadBytes && BinaryPrimitives.ReadInt64LittleEndian(bytes) > written)
        .OrderBy(bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes)).SelectMany(Read);

    public static void Delete(string lockFile)
    {
        foreach (var path in PathsOf(lockFile)) File.Delete(path);
    }

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
        _out.Dispose();
        Delete(_lockFile);
    }

    private static string[] PathsOf(string lockFile) => [Path.ChangeExtension(lockFile, "0.notes"), Path.ChangeExtension(lockFile, "1.notes")];

    private void Add(byte kind, ReservationRow row, ChargeRow? charge)
    {
        var start = (int)_batch.Length;
        _batch.Position = start;
        _out.Write(0L);   // the frame, once it is known
        _out.Write(kind);
        NoteText.Write(_out, row);
        if (charge is not null) NoteText.Write(_out, charge);
        var frame = _batch.GetBuffer().AsSpan(start, (int)_batch.Length - start);
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - FrameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], SumOf(Generation, frame[FrameBytes..]));
    }

    private static IEnumerable<LedgerNote> Read(byte[] bytes)
    {
        var generation = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        for (var at = HeadBytes; at + FrameBytes <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            if (length <= 0 || length > bytes.Length - at - FrameBytes) yield break;
            var sum = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
            if (sum != SumOf(generation, bytes.AsSpan(at + FrameBytes, length))) yield break;
            using var reader = new BinaryReader(new MemoryStream(bytes, at + FrameBytes, length), Encoding.UTF8);
            var kind = reader.ReadByte();
            var row = NoteText.ReadRow(reader);
            yield return new LedgerNote(row, kind == Settled ? NoteText.ReadCharge(reader, row) : null, kind == Released);
            at += FrameBytes + length;
        }
    }

    private static uint SumOf(long generation, ReadOnlySpan<byte> note)
    {
        var sum = BitOperations.Crc32C(uint.MaxValue, (ulong)generation);
        while (note.Length >= sizeof(ulong))
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(note));
            note = note[sizeof(ulong)..];
        }
        foreach (var one in note) sum = BitOperations.Crc32C(sum, one);
        return ~sum;
    }
}

/// <summary>Rows as bytes, member by member. Pure.</summary>
internal static class NoteText
{
    public static void Write(BinaryWriter to, ReservationRow row)
    {
        to.Write(row.Id);
        to.Write(row.Owner);
        to.Write(row.OperationId);
        to.Write(row.Attempt);
        to.Write(row.AtMs);
        to.Write(row.Caller.KeyId ?? "");
        to.Write(row.Caller.Team ?? "");
        to.Write(row.Caller.User ?? "");
        to.Write7BitEncodedInt(row.Caller.Tags.Count);
        foreach (var tag in row.Caller.Tags) to.Write(tag);
        to.Write(row.Model);
        to.Write(row.Deployment);
        to.Write(row.BoundUsd.Amount);
        to.Write(row.BoundTokens);
    }

    public static ReservationRow ReadRow(BinaryReader from) => new()
    {
        Id = from.ReadInt64(), Owner = from.ReadInt64(), OperationId = from.ReadString(), Attempt = from.ReadInt32(), AtMs = from.ReadInt64(),
        Caller = new Caller(Text(from), Text(from), Text(from), [.. Times(from, static from => from.ReadString())]),
        Model = from.ReadString(), Deployment = from.ReadString(), BoundUsd = new PicoUsd(from.ReadInt64()), BoundTokens = from.ReadInt64(),
    };

    public static void Write(BinaryWriter to, ChargeRow charge)
    {
        var settled = charge.Settlement;
        to.Write(charge.SettledAtMs);
        to.Write(charge.Tokens);
        to.Write(settled.CostUsd);
        to.Write7BitEncodedInt(settled.Lines.Count);
        foreach (var line in settled.Lines)
        {
            to.Write(line.Class);
            to.Write(line.Count);
            to.Write(line.UsdPerMillion);
        }
        to.Write(settled.PriceSource);
        to.Write(settled.PriceConfidence);
        to.Write(settled.Outcome);
        to.Write(settled.UpstreamStatus);
        to.Write(settled.Duration.Ticks);
        to.Write(settled.FirstToken?.Ticks ?? -1);
        to.Write(settled.AnsweredBy ?? "");
        to.Write(settled.IsEstimate);
    }

    /// <summary>The charge; of the usage its sum alone is kept, as in the store.</summary>
    public static ChargeRow ReadCharge(BinaryReader from, ReservationRow row)
    {
        var (settledAtMs, tokens) = (from.ReadInt64(), from.ReadInt64());
        var settlement = new Settlement
        {
            Usage = new TokenUsage(tokens, 0), CostUsd = from.ReadDecimal(),
            Lines = [.. Times(from, static from => new ChargeLine(from.ReadString(), from.ReadInt64(), from.ReadDecimal()))],
            PriceSource = from.ReadString(), PriceConfidence = from.ReadString(), Outcome = from.ReadString(), UpstreamStatus = from.ReadInt32(),
            Duration = TimeSpan.FromTicks(from.ReadInt64()), FirstToken = from.ReadInt64() is >= 0 and var first ? TimeSpan.FromTicks(first) : null,
            AnsweredBy = Text(from), IsEstimate = from.ReadBoolean(),
        };
        return new ChargeRow(row.Id, null, row, settledAtMs, PicoUsd.FromUsd(settlement.CostUsd), tokens, settlement);
    }

    private static string? Text(BinaryReader from) => from.ReadString() is { Length: > 0 } text ? text : null;

    private static T[] Times<T>(BinaryReader from, Func<BinaryReader, T> read)
    {
        var items = new T[from.Read7BitEncodedInt()];
        for (var i = 0; i < items.Length; i++) items[i] = read(from);
        return items;
    }
}
