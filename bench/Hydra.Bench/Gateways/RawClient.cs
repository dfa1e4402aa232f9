using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hydra.Bench.Gateways;

/// <summary>One connection that sends the same bytes again and again and reads each answer to its end. Costs as little as it can.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[256 * 1024];

    /// <param name="model">Whom to ask: <c>smart</c> or <c>paced</c> behind the gateway.</param>
    public RawClient(Served server, string model, bool isStream)
    {
        var address = new Uri(server.Url);
        _socket.Connect(IPAddress.Loopback, address.Port);
        var stream = isStream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "";
        var body = $$"""{"model":"{{model}}",{{stream}}"max_completion_tokens":256,"messages":[{"role":"system","content":"You are brief."},{"role":"user","content":"Why do bees dance? Say it in one sentence."}]}""";
        var key = server.Key.Length > 0 ? $"Authorization: Bearer {server.Key}\r\n" : "";
        _request = Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{address.Port}\r\n{key}Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
    }

    /// <summary>Sends the request and waits for the last byte of its answer.</summary>
    /// <returns>Time to the first bytes of the body and to the last, in timestamps.</returns>
    /// <exception cref="InvalidOperationException">The answer is not 200, or breaks off.</exception>
    public async ValueTask<(long First, long Whole)> AskAsync()
    {
        var start = Stopwatch.GetTimestamp();
        await _socket.SendAsync(_request);
        int length = 0, head = -1, whole = -1;
        long first = 0;
        var isChunked = false;
        while (true)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (count == 0) throw Wrong(length);
            length += count;
            if (head < 0)
            {
                head = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
                if (head < 0) continue;
                head += 4;
                (isChunked, whole) = Framing(head);
                if (!_buffer.AsSpan(0, 12).SequenceEqual("HTTP/1.1 200"u8)) throw Wrong(length);
            }
            if (first == 0 && length > head) first = Stopwatch.GetTimestamp() - start;
            if (isChunked ? _buffer.AsSpan(0, length).EndsWith("0\r\n\r\n"u8) : length >= whole) return (first, Stopwatch.GetTimestamp() - start);
        }
    }

    public void Dispose() => _socket.Dispose();

    private (bool IsChunked, int Whole) Framing(int head)
    {
        var headers = _buffer.AsSpan(0, head);
        var at = headers.IndexOf("Content-Length: "u8);
        if (at < 0) return (true, -1);
        var digits = headers[(at + 16)..];
        return (false, head + int.Parse(digits[..digits.IndexOf((byte)'\r')]));
    }

    private InvalidOperationException Wrong(int length) => new($"The server answered: {Encoding.UTF8.GetString(_buffer, 0, Math.Min(length, 2000))}");
}
