using System.Buffers;
using System.Text.Json;

namespace Hydra.Model;

/// <summary>A buffer and a writer that a thread uses again for one small document after another: a writer begins with 4 KiB of its own.</summary>
internal sealed class JsonScratch
{
    /// <summary>A larger buffer is not kept for the next document.</summary>
    private const int BytesMax = 64 * 1024;

    [ThreadStatic]
    private static JsonScratch? _idle;

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly Utf8JsonWriter _json;

    private JsonScratch() => _json = new Utf8JsonWriter(_buffer, ValueJson.Compact);

    public delegate TResult Reader<out TResult>(ReadOnlySpan<byte> written);

    /// <summary>Writes a document and reads its bytes, which are gone afterwards. May be called while another document is being written.</summary>
    public static TResult Write<TState, TResult>(TState state, Action<Utf8JsonWriter, TState> write, Reader<TResult> read)
    {
        var scratch = _idle ?? new JsonScratch();
        _idle = null;
        write(scratch._json, state);   // what is thrown here takes the scratch with it
        scratch._json.Flush();
        var result = read(scratch._buffer.WrittenSpan);
        if (scratch._buffer.Capacity > BytesMax) return result;
        scratch._buffer.ResetWrittenCount();
        scratch._json.Reset();
        _idle = scratch;
        return result;
    }
}
