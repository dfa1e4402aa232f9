using System.Buffers;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Tests;

public sealed class PooledBytesTests
{
    [Fact]
    public void What_was_written_stands_while_it_grows()
    {
        using var bytes = new PooledBytes(16);
        byte[] all = [.. Enumerable.Range(0, 10_000).Select(number => (byte)number)];
        foreach (var piece in all.Chunk(700)) bytes.Write(piece);
        Assert.Equal(all, bytes.Written);
    }

    [Fact]
    public void It_gives_as_much_room_as_is_asked_for()
    {
        using var bytes = new PooledBytes(16);
        Assert.True(bytes.GetSpan(5_000_000).Length >= 5_000_000);
        Assert.True(bytes.GetSpan().Length > 0);
    }

    [Fact]
    public void Cleared_it_begins_anew()
    {
        using var bytes = new PooledBytes(16);
        bytes.Write("before"u8);
        bytes.Clear();
        bytes.Write("after"u8);
        Assert.Equal("after"u8, bytes.Written);
    }
}
