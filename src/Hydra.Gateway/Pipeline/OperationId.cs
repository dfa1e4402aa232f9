using System.Buffers.Binary;

namespace Hydra.Gateway.Pipeline;

/// <summary>Ids of operations: unique, and sortable by time. As GUIDs of version 7 (RFC 9562), but drawn without asking the operating system each time.</summary>
internal static class OperationId
{
    private const string Start = "op";

    /// <returns><c>op</c> and 32 hexadecimal digits.</returns>
    public static string Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, ((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16) | 0x7000 | (BinaryPrimitives.ReadUInt64BigEndian(bytes) & 0x0fff));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3f));
        return Start + Convert.ToHexStringLower(bytes);
    }
}
