using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Doors;

/// <summary>Frames JSON documents as server-sent events (WHATWG HTML, section 9.2) and hands them to a connection in one piece. One caller at a time.</summary>
internal sealed class SseWriter(PipeWriter connection) : IDisposable
{
    internal static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    /// <summary>What stands in a JSON string as it is.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x7f - 0x20).Select(code => (char)code).Except(['"', '\\'])]);
    private readonly PooledBytes _output = new(16 * 1024);
    private readonly Utf8JsonWriter _json = new(Stream.Null, Writing);

    /// <summary>Bytes that are framed and not sent.</summary>
    public int UnsentBytes => _output.Length;

    /// <summary>Sends what is framed.</summary>
    public async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        Hand();
        await connection.FlushAsync(cancellationToken);
    }

    /// <summary>Gives the connection what is framed, which it sends with what follows, or with the answer's end.</summary>
    public void Hand()
    {
        connection.Write(_output.Written);
        _output.Clear();
    }

    /// <summary>Writes one event.</summary>
    /// <param name="name">The event's name; null: none, as in the chat-completions format.</param>
    public void Write<T>(string? name, T state, Action<Utf8JsonWriter, T> body)
    {
        if (name is not null)
        {
            _output.Write("event: "u8);
            Encoding.UTF8.GetBytes(name, _output);
            _output.Write("\n"u8);
        }
        _output.Write("data: "u8);
        _json.Reset(_output);
        body(_json, state);
        _json.Flush();
        _output.Write("\n\n"u8);
    }

    /// <summary>Writes one text as a JSON string between bytes that are already framed.</summary>
    /// <param name="head">Stands before <paramref name="before"/>.</param>
    public void WriteText(ReadOnlySpan<byte> head, ReadOnlySpan<byte> before, string text, ReadOnlySpan<byte> after)
    {
        if (text.AsSpan().ContainsAnyExcept(Plain))
        {
            _output.Write(head);
            _output.Write(before);
            _json.Reset(_output);
            _json.WriteStringValue(text);
            _json.Flush();
            _output.Write(after);
            return;
        }
        var count = head.Length + before.Length + text.Length + 2 + after.Length;
        var into = _output.GetSpan(count);
        head.CopyTo(into);
        into = into[head.Length..];
        before.CopyTo(into);
        into = into[before.Length..];
        into[0] = (byte)'"';
        Encoding.ASCII.GetBytes(text, into[1..]);
        into[text.Length + 1] = (byte)'"';
        after.CopyTo(into[(text.Length + 2)..]);
        _output.Advance(count);
    }

    /// <summary>Writes an event whose data is no JSON, such as <c>[DONE]</c>.</summary>
    public void WriteRaw(ReadOnlySpan<byte> data)
    {
        _output.Write("data: "u8);
        _output.Write(data);
        _output.Write("\n\n"u8);
    }

    public void Dispose()
    {
        _json.Dispose();
        _output.Dispose();
    }
}
