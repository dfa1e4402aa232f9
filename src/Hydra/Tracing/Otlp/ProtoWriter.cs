using System.Buffers.Binary;
using System.Text;

namespace Hydra.Tracing;

/// <summary>
/// Writes the wire form of Protocol Buffers: as much of it as OTLP's traces need, into one buffer that can be used again. One caller at a time.
/// </summary>
internal sealed class ProtoWriter
{
    private const int VarintBytesMax = 10;
    private byte[] _bytes = new byte[1024];
    private int _count;

    /// <summary>Stands until the next thing is written.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _count);

    public void Clear() => _count = 0;

    public void Text(int field, string text)
    {
        if (text.Length == 0) return;
        Key(field, 2);
        var count = Encoding.UTF8.GetByteCount(text);
        Varint((ulong)count);
        _count += Encoding.UTF8.GetBytes(text, Room(count));
    }

    public void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Key(field, 2);
        Varint((ulong)bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
        _count += bytes.Length;
    }

    public void Hex(int field, string hex)
    {
        var count = hex.Length / 2;
        Key(field, 2);
        Varint((ulong)count);
        if (Convert.FromHexString(hex, Room(count), out _, out _) != System.Buffers.OperationStatus.Done) throw new FormatException($"'{hex}' is not hexadecimal.");
        _count += count;
    }

    /// <summary>Begins a message, which stands there also when it stays empty.</summary>
    /// <returns>What <see cref="Close"/> ends it by.</returns>
    public int Open(int field)
    {
        Key(field, 2);
        Varint(0);
        return _count;
    }

    /// <summary>Ends the message that was begun last: only now its length is known, and what needs more than a byte for it moves.</summary>
    public void Close(int message)
    {
        var length = _count - message;
        var rest = length >> 7;
        if (rest > 0)
        {
            Span<byte> tail = stackalloc byte[VarintBytesMax];
            var count = Varint((ulong)rest, tail);
            Room(count);
            _bytes.AsSpan(message, length).CopyTo(_bytes.AsSpan(message + count));
            tail[..count].CopyTo(_bytes.AsSpan(message));
            _count += count;
        }
        _bytes[message - 1] = (byte)(rest > 0 ? (length & 0x7f) | 0x80 : length);
    }

    /// <summary>An int32, int64, uint32, bool or enum, also when it is zero: inside a oneof the zero counts.</summary>
    public void Integer(int field, long value)
    {
        Key(field, 0);
        Varint((ulong)value);
    }

    public void Fixed64(int field, ulong value)
    {
        Key(field, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        _count += 8;
    }

    public void Fixed32(int field, uint value)
    {
        Key(field, 5);
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        _count += 4;
    }

    public void Double(int field, double value) => Fixed64(field, (ulong)BitConverter.DoubleToInt64Bits(value));

    private void Key(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    private void Varint(ulong value) => _count += Varint(value, Room(VarintBytesMax));

    private static int Varint(ulong value, Span<byte> into)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7) into[at++] = (byte)(value | 0x80);
        into[at++] = (byte)value;
        return at;
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _count < count) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _count + count));
        return _bytes.AsSpan(_count);
    }
}
