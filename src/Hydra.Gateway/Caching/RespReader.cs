using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Hydra.Gateway.Caching;

/// <summary>An answer that Redis gave instead of a value, such as <c>WRONGPASS</c>.</summary>
internal sealed class RespException(string message) : Exception(message);

/// <summary>
/// Reads replies of Redis (RESP2, and the null of RESP3; https://redis.io/docs/latest/develop/reference/protocol-spec/). A reply is
/// null, a <see cref="long"/>, a <see cref="string"/> (a status), a byte array, a list of replies, or a <see cref="RespException"/>.
/// </summary>
internal sealed class RespReader(Stream stream)
{
    private const int BytesMax = 64 << 20, ItemsMax = 1 << 20, LineMax = 64 << 10, DepthMax = 8;

    private readonly PipeReader _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    /// <exception cref="IOException">The connection has ended, or what came is no reply.</exception>
    public async ValueTask<object?> ReadAsync(CancellationToken cancellationToken, int depth = 0)
    {
        if (depth > DepthMax) throw new IOException("Redis nests its reply too deep.");
        var line = await LineAsync(cancellationToken);
        if (line.Length == 0) throw new IOException("Redis sent an empty line where a reply begins.");
        var rest = line[1..];
        switch (line[0])
        {
            case '+': return rest;
            case '-' : return new RespException(rest);
            case ':': return Number(rest, long.MaxValue);
            case '_': return null;
            case '$': return await BytesAsync((int)Number(rest, BytesMax), cancellationToken);
            case '*':
                var count = (int)Number(rest, ItemsMax);
                if (count < 0) return null;
                var items = new List<object?>(Math.Min(count, 1024));
                for (var i = 0; i < count; i++) items.Add(await ReadAsync(cancellationToken, depth + 1));
                return items;
            default: throw new IOException($"Redis sent a reply of the unknown kind 0x{(int)line[0]:x2}.");
        }
    }

    private async ValueTask<string> LineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellationToken);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = Encoding.Latin1.GetString(read.Buffer.Slice(0, end)).TrimEnd('\r');
                _pipe.AdvanceTo(read.Buffer.GetPosition(1, end));
                return line;
            }
            if (read.IsCompleted || read.Buffer.Length > LineMax) throw new IOException("Redis closed the connection, or sends an endless line.");
            _pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private async ValueTask<byte[]?> BytesAsync(int length, CancellationToken cancellationToken)
    {
        if (length < 0) return null;
        var read = await _pipe.ReadAtLeastAsync(length + 2, cancellationToken);
        if (read.Buffer.Length < length + 2) throw new IOException("Redis closed the connection within a reply.");
        var bytes = read.Buffer.Slice(0, length).ToArray();
        _pipe.AdvanceTo(read.Buffer.GetPosition(length + 2));
        return bytes;
    }

    private static long Number(string text, long max) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number <= max ? number : throw new IOException("Redis sent a number that is none, or a length out of bounds.");
}
