using System.Buffers.Binary;
using System.IO.Compression;

namespace Hydra.Journal;

/// <summary>
/// Bodies of frames as the column <c>frames.body</c> holds them: a short one as it is, JSON text in UTF-8; a longer one packed, as the byte
/// 1, its length in bytes (32 bits, little endian) and a Brotli stream (RFC 7932).
/// </summary>
/// <remarks>
/// A row above about a kilobyte takes further pages of the file with it, and these are what a commit costs: events repeat their keys so much
/// that even the fastest packing makes a fifth of them. Hashes are over the body itself, so a packed one may be packed otherwise and is still the same.
/// </remarks>
internal static class StoredBody
{
    /// <summary>Packed are bodies of so many bytes…</summary>
    public const int PackedMin = 1_000;
    /// <summary>…to so many: nothing that claims to be longer is believed.</summary>
    public const int PackedMax = 1 << 24;

    private const byte Mark = 1;   // no JSON text begins with it
    private const int Head = 5;
    private const int Quality = 0;
    private const int WindowBits = 16;

    public static byte[] Pack(byte[] body)
    {
        if (body.Length is < PackedMin or > PackedMax) return body;
        var packed = new byte[body.Length];
        if (!BrotliEncoder.TryCompress(body, packed.AsSpan(Head), out var length, Quality, WindowBits)) return body;   // it would not become shorter
        packed[0] = Mark;
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(1), body.Length);
        return packed[..(Head + length)];
    }

    /// <exception cref="InvalidDataException">It is packed and damaged.</exception>
    public static byte[] Unpack(byte[] stored)
    {
        if (stored is not [Mark, ..]) return stored;
        if (stored.Length < Head) throw new InvalidDataException($"its packed body has only {stored.Length} bytes");
        var length = BinaryPrimitives.ReadInt32LittleEndian(stored.AsSpan(1));
        if (length is < PackedMin or > PackedMax) throw new InvalidDataException($"its packed body says that it has {length} bytes");
        var body = new byte[length];
        if (!BrotliDecoder.TryDecompress(stored.AsSpan(Head), body, out var written) || written != length) throw new InvalidDataException("its packed body cannot be unpacked");
        return body;
    }
}
