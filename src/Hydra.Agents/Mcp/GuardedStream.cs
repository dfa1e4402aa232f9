using System.Text;

namespace Hydra.Agents.Mcp;

/// <summary>What a server has written since it was last asked something; one for all its streams. Any thread.</summary>
internal sealed class FloodGuard : IDisposable
{
    /// <summary>Most bytes that a server may write between two questions.</summary>
    public const long BytesMax = 64L * 1024 * 1024;
    /// <summary>Longest message in bytes.</summary>
    public const int MessageBytesMax = 16 * 1024 * 1024;
    /// <summary>Most lines of standard output that are no messages.</summary>
    public const int StrayLinesMax = 200;

    private readonly CancellationTokenSource _cut = new();
    private long _bytes;
    private int _strayLines;

    /// <summary>Cancelled when the server is cut off: nobody waits for its answer then.</summary>
    public CancellationToken Cut => _cut.Token;
    /// <summary>Why the server was cut off; null: it was not.</summary>
    public string? Broken { get; private set; }
    /// <summary>The last line that was no message; null: there was none.</summary>
    public string? LastStray { get; private set; }

    public void Dispose() => _cut.Dispose();

    public void BeginQuestion() => Interlocked.Exchange(ref _bytes, 0);

    public void Wrote(int bytes, int messageBytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) > BytesMax) Break($"it wrote more than {BytesMax / (1024 * 1024)} MiB without being asked anything new");
        if (messageBytes > MessageBytesMax) Break($"it wrote a message of more than {MessageBytesMax / (1024 * 1024)} MiB");
    }

    public void Strayed(string line)
    {
        LastStray = line;
        if (Interlocked.Increment(ref _strayLines) > StrayLinesMax) Break($"it wrote {StrayLinesMax} lines that are no JSON-RPC messages, the last: {line}");
    }

    private void Break(string why)
    {
        Broken ??= why;
        _cut.CancelAfter(TimeSpan.Zero);   // not in line: whoever waits may want to close the stream that is being read
        throw new IOException(why);
    }
}

/// <summary>A server's output, read under a <see cref="FloodGuard"/>.</summary>
/// <param name="isLines">One message a line (standard output); else a body of HTTP.</param>
internal sealed class GuardedStream(Stream inner, FloodGuard guard, bool isLines) : Stream
{
    private const int ShownCharsMax = 120;

    private readonly byte[] _head = new byte[ShownCharsMax];
    private int _lineBytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        Look(buffer.Span[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        Look(buffer.AsSpan(offset, read));
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Counts what came. A server that wrote too much is cut off at once: whoever reads may leave the stream open for ever.</summary>
    private void Look(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0) return;
        try
        {
            Count(bytes);
        }
        catch (IOException)
        {
            inner.Dispose();
            throw;
        }
    }

    private void Count(ReadOnlySpan<byte> bytes)
    {
        guard.Wrote(bytes.Length, _lineBytes);
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Take(bytes[..end]);
            if (isLines && Line() is { } stray) guard.Strayed(stray);
            _lineBytes = 0;
            bytes = bytes[(end + 1)..];
        }
        Take(bytes);
        guard.Wrote(0, _lineBytes);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        var room = _head.AsSpan(Math.Min(_lineBytes, _head.Length));
        bytes[..Math.Min(bytes.Length, room.Length)].CopyTo(room);
        _lineBytes += bytes.Length;
    }

    /// <summary>The beginning of the line where it can be no message; null where it may be one, or is empty.</summary>
    private string? Line()
    {
        var line = _head.AsSpan(0, Math.Min(_lineBytes, _head.Length)).Trim(" \t\r"u8);
        return line.Length == 0 || line[0] is (byte)'{' or (byte)'[' ? null : Encoding.UTF8.GetString(line);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Answers of an HTTP server, read under a <see cref="FloodGuard"/>.</summary>
internal sealed class GuardedHttp(HttpMessageHandler inner, FloodGuard guard) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var body = new StreamContent(new GuardedStream(await response.Content.ReadAsStreamAsync(cancellationToken), guard, isLines: false));
        foreach (var header in response.Content.Headers) body.Headers.TryAddWithoutValidation(header.Key, header.Value);
        response.Content = body;
        return response;
    }
}
