using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>
/// Reads server-sent events (HTML standard) in bounded memory: comments are skipped without being kept, and an event may hold
/// <see cref="EventBytesMax"/>. The framework's own parser keeps a line whole however long it grows, comments too.
/// </summary>
internal sealed class SseReader(Stream stream) : IEventReader, IDisposable
{
    /// <summary>Longest event and longest line, in bytes.</summary>
    public const int EventBytesMax = 8 * 1024 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private bool _isDisposed;
    private readonly MemoryStream _line = new();
    private int _at, _end;
    private bool _pastFirstLine, _afterCarriageReturn;

    /// <summary>Gives the buffer back; events that were read are no more.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    /// <inheritdoc/>
    /// <remarks>Only the usual event, one line of data and a blank one; all else is <see cref="ReadAsync"/>'s.</remarks>
    public bool TryRead(out StreamEvent next)
    {
        next = default;
        if (_afterCarriageReturn) return false;
        var rest = _buffer.AsSpan(_at, _end - _at);
        if (!rest.StartsWith("data: "u8)) return false;
        var length = rest.IndexOfAny((byte)'\r', (byte)'\n');
        if (length < 0 || length + 1 >= rest.Length || rest[length] != '\n' || rest[length + 1] != '\n' || !Utf8.IsValid(rest[6..length])) return false;
        next = new StreamEvent("", _buffer.AsMemory(_at + 6, length - 6));
        _at += length + 2;
        _pastFirstLine = true;
        return true;
    }

    /// <summary>The next event that has data, or null at the end of the stream.</summary>
    public async ValueTask<StreamEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        if (_at == _end && !await FillAsync(cancellationToken)) return null;
        if (TryRead(out var plain) || (HoldsHalfPlain && await CompleteAsync(cancellationToken) && TryRead(out plain))) return plain;
        var data = new MemoryStream(512);
        var name = "";
        var hasData = false;
        while (await ReadLineAsync(cancellationToken))
        {
            var line = _line.GetBuffer().AsMemory(0, (int)_line.Length);
            if (!_pastFirstLine)
            {
                _pastFirstLine = true;
                if (line.Span.StartsWith("\uFEFF"u8)) line = line[3..];
            }
            if (line.Length == 0)
            {
                if (hasData) return new StreamEvent(name, Text(data));
                name = "";
                continue;
            }
            var (field, value) = Split(line);
            if (field.Span.SequenceEqual("data"u8))
            {
                if (hasData) data.WriteByte((byte)'\n');
                hasData = true;
                data.Write(value.Span);
                if (data.Length > EventBytesMax) throw TooLong();
            }
            else if (field.Span.SequenceEqual("event"u8))
            {
                name = Encoding.UTF8.GetString(value.Span);
            }
        }
        // A last event whose line was ended but whose blank line is missing is complete enough: its JSON decides.
        return hasData ? new StreamEvent(name, Text(data)) : null;
    }

    private static (ReadOnlyMemory<byte> Field, ReadOnlyMemory<byte> Value) Split(ReadOnlyMemory<byte> line)
    {
        var colon = line.Span.IndexOf((byte)':');
        if (colon < 0) return (line, default);
        var value = line[(colon + 1)..];
        return (line[..colon], value.Span.StartsWith(" "u8) ? value[1..] : value);
    }

    /// <summary>Bytes that are no UTF-8 become replacement characters, as the standard asks.</summary>
    private static ReadOnlyMemory<byte> Text(MemoryStream data)
    {
        var bytes = data.GetBuffer().AsMemory(0, (int)data.Length);
        return Utf8.IsValid(bytes.Span) ? bytes : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes.Span));
    }

    /// <summary>Fills <see cref="_line"/> with the next line that is no comment; false when the stream ended before a line did.</summary>
    private async ValueTask<bool> ReadLineAsync(CancellationToken cancellationToken)
    {
        _line.SetLength(0);
        bool isComment = false, isStart = true;
        while (true)
        {
            if (_at == _end && !await FillAsync(cancellationToken)) return false;
            if (_afterCarriageReturn)
            {
                _afterCarriageReturn = false;
                if (_buffer[_at] == '\n') { _at++; continue; }
            }
            if (isStart && _buffer[_at] == ':') isComment = true;
            isStart = false;
            var rest = _buffer.AsMemory(_at, _end - _at);
            var length = rest.Span.IndexOfAny((byte)'\r', (byte)'\n');
            var isEnded = length >= 0;
            if (!isEnded) length = rest.Length;
            if (!isComment) _line.Write(rest.Span[..length]);
            if (_line.Length > EventBytesMax) throw TooLong();
            _at += length;
            if (!isEnded) continue;
            _afterCarriageReturn = _buffer[_at++] == '\r';
            if (!isComment) return true;
            _pastFirstLine = true;
            (isComment, isStart) = (false, true);
        }
    }

    /// <summary>Whether the buffer holds nothing but the beginning of a usual event, with room for the rest of it.</summary>
    private bool HoldsHalfPlain
    {
        get
        {
            var rest = _buffer.AsSpan(_at, _end - _at);
            var line = rest.IndexOfAny((byte)'\r', (byte)'\n');
            return !_afterCarriageReturn && rest.Length <= _buffer.Length / 2 && rest.StartsWith("data: "u8) && (line < 0 || (rest[line] == '\n' && line == rest.Length - 1));
        }
    }

    /// <summary>Reads on behind what the buffer holds; false: the stream is over.</summary>
    private async ValueTask<bool> CompleteAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
        (_at, _end) = (0, _end - _at);
        var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count;
        return count > 0;
    }

    /// <summary>False: the stream is over.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        _end = await stream.ReadAsync(_buffer, cancellationToken);
        _at = 0;
        return _end > 0;
    }

    private static CallFailedException TooLong() =>
        new(ErrorCode.ProviderError,
            $"The stream holds an event of more than {EventBytesMax / (1024 * 1024)} MiB; it was given up.");
}
