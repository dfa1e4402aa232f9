using System.Buffers;

namespace Hydra.Gateway.Wire;

/// <summary>Bytes that are put together for a moment, in rented memory that goes back when it is disposed. One caller at a time.</summary>
internal sealed class PooledBytes(int capacity) : IBufferWriter<byte>, IDisposable
{
    private const int GrowBytesMin = 256;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }
    /// <summary>Stands until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_bytes.Length - Length < Math.Max(sizeHint, GrowBytesMin)) Grow(Math.Max(sizeHint, GrowBytesMin));
        return _bytes.AsMemory(Length);
    }

    public void Dispose()
    {
        if (_bytes.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, Length) = ([], 0);
    }

    private void Grow(int more)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + more), (int)Math.Min(2L * _bytes.Length, Array.MaxLength)));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
