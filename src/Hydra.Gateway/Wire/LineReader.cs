using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>Reads newline-delimited JSON in bounded memory: every line that is not blank is an event.</summary>
internal sealed class LineReader(Stream stream) : IEventReader
{
    /// <summary>Longest line, in bytes.</summary>
    public const int LineBytesMax = 8 * 1024 * 1024;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _at, _end;

    /// <inheritdoc/>
    /// <remarks>A last line without its newline is handed on: whether its JSON is whole decides.</remarks>
    public async ValueTask<StreamEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
                if (_end == 0) return Trimmed(line) is { Length: > 0 } last ? new StreamEvent("", last) : null;
            }
            var rest = _buffer.AsMemory(_at, _end - _at);
            var length = rest.Span.IndexOf((byte)'\n');
            line.Write(rest.Span[..(length < 0 ? rest.Length : length)]);
            if (line.Length > LineBytesMax)
            {
                throw new CallFailedException(ErrorCode.ProviderError,
                    $"The stream holds a line of more than {LineBytesMax / (1024 * 1024)} MiB; it was given up.");
            }
            _at += length < 0 ? rest.Length : length + 1;
            if (length < 0) continue;
            if (Trimmed(line) is { Length: > 0 } whole) return new StreamEvent("", whole);
            line.SetLength(0);
        }
    }

    private static ReadOnlyMemory<byte> Trimmed(MemoryStream line)
    {
        var bytes = line.GetBuffer().AsMemory(0, (int)line.Length);
        return bytes.Trim(" \t\r"u8);
    }
}
