using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Bedrock;

/// <summary>
/// Reads Amazon's binary event streams (<c>application/vnd.amazon.eventstream</c>) in bounded memory: every length and both checksums
/// are checked, and nothing is sized by what a frame says of itself. An event becomes <c>{"ITS TYPE": its payload}</c>, an exception
/// inside the stream <c>{"error":{"type","message"}}</c>.
/// </summary>
/// <remarks>
/// A frame is: total length, length of the headers, checksum of these two, headers, payload, checksum of all before it; numbers are
/// big-endian. Source: smithy.io/2.0/aws/amazon-eventstream.html.
/// </remarks>
internal sealed class EventStreamReader(Stream stream) : IEventReader
{
    /// <summary>Longest frame, in bytes.</summary>
    public const int FrameBytesMax = 16 * 1024 * 1024;
    /// <summary>Longest headers of a frame, in bytes.</summary>
    public const int HeaderBytesMax = 128 * 1024;
    private const int PreludeBytes = 12, ChecksumBytes = 4;

    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <inheritdoc/>
    public async ValueTask<StreamEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        var frame = new MemoryStream();
        if (!await FillAsync(frame, PreludeBytes, cancellationToken)) return null;
        var total = Number(frame, 0);
        var headers = Number(frame, 4);
        if (Crc32.Of(Bytes(frame, 0, 8)) != Number(frame, 8)) throw Broken("a frame whose prelude has the wrong checksum");
        if (total > FrameBytesMax || headers > HeaderBytesMax) throw Broken($"a frame of {total} bytes with {headers} bytes of headers");
        if (total < PreludeBytes + headers + ChecksumBytes) throw Broken("a frame that is shorter than its headers");
        await FillAsync(frame, (int)total, cancellationToken);
        var end = (int)total - ChecksumBytes;
        if (Crc32.Of(Bytes(frame, 0, end)) != Number(frame, end)) throw Broken("a frame with the wrong checksum");

        var start = PreludeBytes + (int)headers;
        return Event(Headers(Bytes(frame, PreludeBytes, start)), frame.GetBuffer().AsMemory(start, end - start));
    }

    private static StreamEvent Event(Dictionary<string, string> headers, ReadOnlyMemory<byte> payload)
    {
        return headers.GetValueOrDefault(":message-type", "event") switch
        {
            "event" => Named(headers.GetValueOrDefault(":event-type", ""), payload),
            "exception" => Failure(headers.GetValueOrDefault(":exception-type"), Message(payload)),
            "error" => Failure(headers.GetValueOrDefault(":error-code"), headers.GetValueOrDefault(":error-message")),
            var other => throw Broken($"a frame of the unknown kind '{Excerpt.Of(other)}'"),
        };

        static StreamEvent Named(string type, ReadOnlyMemory<byte> payload) =>
            new(type, (byte[])[(byte)'{', .. JsonSerializer.SerializeToUtf8Bytes(type), (byte)':', .. payload.Length == 0 ? "{}"u8 : payload.Span, (byte)'}']);

        static StreamEvent Failure(string? type, string? message) => new("exception", new JsonObject
        {
            ["error"] = new JsonObject { ["type"] = type, ["message"] = message ?? type ?? "an error without words" },
        }.Bytes());
    }

    private static string? Message(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            return document.RootElement.Text("message") ?? document.RootElement.Text("Message");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Encoding.UTF8.GetString(payload.Span[..Math.Min(payload.Length, 2_000)]);   // no JSON: the text itself
        }
    }

    /// <summary>The headers that are text; the other kinds are passed over by their length.</summary>
    private static Dictionary<string, string> Headers(ReadOnlySpan<byte> bytes)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        while (bytes.Length > 0)
        {
            var name = Encoding.UTF8.GetString(Take(ref bytes, Take(ref bytes, 1)[0]));
            var kind = Take(ref bytes, 1)[0];
            if (kind > 9) throw Broken($"a header of the unknown kind {kind}");
            var length = kind switch
            {
                0 or 1 => 0, 2 => 1, 3 => 2, 4 => 4, 5 or 8 => 8, 9 => 16,
                _ => BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2)),
            };
            var value = Take(ref bytes, length);
            if (kind == 7) headers[name] = Encoding.UTF8.GetString(value);
        }
        return headers;

        static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
        {
            if (count > bytes.Length) throw Broken("a header that is longer than its frame");
            var taken = bytes[..count];
            bytes = bytes[count..];
            return taken;
        }
    }

    /// <summary>Reads until the frame has so many bytes; false when the stream ended before its first.</summary>
    private async ValueTask<bool> FillAsync(MemoryStream frame, int count, CancellationToken cancellationToken)
    {
        while (frame.Length < count)
        {
            var wanted = (int)Math.Min(_buffer.Length, count - frame.Length);
            var read = await stream.ReadAsync(_buffer.AsMemory(0, wanted), cancellationToken);
            if (read == 0)
            {
                if (frame.Length == 0) return false;
                throw Broken("a frame that is cut off (truncated)");
            }
            frame.Write(_buffer, 0, read);
        }
        return true;
    }

    private static ReadOnlySpan<byte> Bytes(MemoryStream frame, int from, int to) => frame.GetBuffer().AsSpan(from, to - from);
    private static uint Number(MemoryStream frame, int at) => BinaryPrimitives.ReadUInt32BigEndian(frame.GetBuffer().AsSpan(at, 4));
    private static CallFailedException Broken(string what) => new(ErrorCode.ProviderError, $"The event stream holds {what}; it was given up.");
}
