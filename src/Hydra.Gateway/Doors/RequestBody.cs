using System.Buffers;
using System.IO.Pipelines;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the body of a request into memory, bounded.</summary>
internal static class RequestBody
{
    /// <summary>Longest body, in bytes.</summary>
    public const int BytesMax = 64 * 1024 * 1024;

    /// <summary>How much beyond that is still read, and thrown away: whoever is cut off while it sends may not see the refusal.</summary>
    public const int LingerBytesMax = 1024 * 1024;

    public static async ValueTask<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > BytesMax) throw TooLarge();
        if (request.ContentType is { } type && !type.Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            throw DoorJson.Bad($"The body is said to be '{Wire.Excerpt.Of(type)}'. Send JSON with Content-Type: application/json.");
        }
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(cancellationToken);
                if (read.Buffer.Length > BytesMax)
                {
                    await DiscardAsync(request.BodyReader, read, cancellationToken);
                    throw TooLarge();
                }
                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return body;
                }
                request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException wrong)
        {
            throw wrong.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge() : DoorJson.Bad($"The request's body cannot be read: {wrong.Message}");
        }
    }

    private static async ValueTask DiscardAsync(PipeReader body, ReadResult read, CancellationToken cancellationToken)
    {
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.End);
            read = await body.ReadAsync(cancellationToken);
        }
        body.AdvanceTo(read.Buffer.End);
    }

    private static GatewayRefusedException TooLarge() => new(RefusalKind.TooLarge, "The body is larger than 64 MiB, the most the gateway takes.");
}
