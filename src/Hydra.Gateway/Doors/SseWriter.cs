using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hydra.Gateway.Doors;

/// <summary>Frames JSON documents as server-sent events (WHATWG HTML, section 9.2) into a buffer. One caller at a time.</summary>
internal sealed class SseWriter(IBufferWriter<byte> output) : IDisposable
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private readonly Utf8JsonWriter _json = new(output, Writing);

    /// <summary>Writes one event.</summary>
    /// <param name="name">The event's name; null: none, as in the chat-completions format.</param>
    public void Write<T>(string? name, T state, Action<Utf8JsonWriter, T> body)
    {
        if (name is not null)
        {
            output.Write("event: "u8);
            Encoding.UTF8.GetBytes(name, output);
            output.Write("\n"u8);
        }
        output.Write("data: "u8);
        _json.Reset(output);
        body(_json, state);
        _json.Flush();
        output.Write("\n\n"u8);
    }

    /// <summary>Writes an event whose data is no JSON, such as <c>[DONE]</c>.</summary>
    public void WriteRaw(ReadOnlySpan<byte> data)
    {
        output.Write("data: "u8);
        output.Write(data);
        output.Write("\n\n"u8);
    }

    public void Dispose() => _json.Dispose();
}
