using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Hydra.Tracing;

/// <summary>Writes the wire form of Protocol Buffers: as much of it as OTLP's traces need.</summary>
internal sealed class ProtoWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    public void Text(int field, string text)
    {
        if (text.Length == 0) return;
        var count = Encoding.UTF8.GetByteCount(text);
        Key(field, 2);
        Varint((ulong)count);
        Encoding.UTF8.GetBytes(text, _bytes);
    }

    public void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Key(field, 2);
        Varint((ulong)bytes.Length);
        _bytes.Write(bytes);
    }

    public void Hex(int field, string hex) => Bytes(field, Convert.FromHexString(hex));

    /// <summary>A message, also when it is empty.</summary>
    public void Message(int field, Action<ProtoWriter> write)
    {
        var inner = new ProtoWriter();
        write(inner);
        Bytes(field, inner.Written.Span);
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
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
    }

    public void Fixed32(int field, uint value)
    {
        Key(field, 5);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
    }

    public void Double(int field, double value) => Fixed64(field, (ulong)BitConverter.DoubleToInt64Bits(value));

    private void Key(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    private void Varint(ulong value)
    {
        var into = _bytes.GetSpan(10);
        var at = 0;
        for (; value >= 0x80; value >>= 7) into[at++] = (byte)(value | 0x80);
        into[at++] = (byte)value;
        _bytes.Advance(at);
    }
}
