using System.Buffers;
using System.Text;

namespace Hydra.Nodes;

/// <summary>The beginning of a stream, up to a limit; counts the rest. One writer.</summary>
internal sealed class BoundedOutput(int bytesMax)
{
    private readonly ArrayBufferWriter<byte> _kept = new();
    private readonly Lock _lock = new();

    public long Total { get; private set; }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            Total += bytes.Length;
            _kept.Write(bytes[..Math.Min(bytes.Length, bytesMax - _kept.WrittenCount)]);
        }
    }

    public byte[] Bytes
    {
        get
        {
            lock (_lock) return _kept.WrittenSpan.ToArray();
        }
    }
}

/// <summary>The end of a stream: at least the last <see cref="BytesMax"/> bytes. One writer.</summary>
internal sealed class TailOutput
{
    public const int BytesMax = 4 * 1024;

    private readonly byte[] _buffer = new byte[BytesMax * 2];
    private readonly Lock _lock = new();
    private int _count;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (bytes.Length > BytesMax) bytes = bytes[^BytesMax..];
            if (_count + bytes.Length > _buffer.Length)
            {
                _buffer.AsSpan(_count - BytesMax, BytesMax).CopyTo(_buffer);
                _count = BytesMax;
            }
            bytes.CopyTo(_buffer.AsSpan(_count));
            _count += bytes.Length;
        }
    }

    /// <summary>The last bytes as text; what is not UTF-8 shows as replacement characters.</summary>
    public string Text
    {
        get
        {
            lock (_lock) return Encoding.UTF8.GetString(_buffer, Math.Max(0, _count - BytesMax), Math.Min(_count, BytesMax)).Trim();
        }
    }
}
