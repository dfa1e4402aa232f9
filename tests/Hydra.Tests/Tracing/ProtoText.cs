using System.Buffers.Binary;
using System.Text;

namespace Hydra.Tests.Tracing;

/// <summary>Protobuf bytes as <c>protoc --decode_raw</c> shows them: field numbers, nesting, values.</summary>
internal static class ProtoText
{
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        return TryRead(bytes, text, "") ? text.ToString() : throw new InvalidOperationException("These bytes are no protobuf message.");
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, StringBuilder text, string indent)
    {
        while (bytes.Length > 0)
        {
            if (!TryVarint(ref bytes, out var key) || key >> 3 is 0 or > 100) return false;
            switch (key & 7)
            {
                case 0 when TryVarint(ref bytes, out var number): text.Append($"{indent}{key >> 3}: {number}\n"); break;
                case 1 when bytes.Length >= 8:
                    text.Append($"{indent}{key >> 3}: 0x{BinaryPrimitives.ReadUInt64LittleEndian(bytes):x16}\n");
                    bytes = bytes[8..];
                    break;
                case 5 when bytes.Length >= 4:
                    text.Append($"{indent}{key >> 3}: 0x{BinaryPrimitives.ReadUInt32LittleEndian(bytes):x8}\n");
                    bytes = bytes[4..];
                    break;
                case 2 when TryVarint(ref bytes, out var length) && (int)length <= bytes.Length:
                    Field(key >> 3, bytes[..(int)length], text, indent);
                    bytes = bytes[(int)length..];
                    break;
                default: return false;
            }
        }
        return true;
    }

    private static void Field(ulong field, ReadOnlySpan<byte> bytes, StringBuilder text, string indent)
    {
        var inner = new StringBuilder();
        if (bytes.Length > 0 && TryRead(bytes, inner, indent + "  ")) text.Append($"{indent}{field} {{\n{inner}{indent}}}\n");
        else text.Append($"{indent}{field}: {(bytes.ContainsAnyExceptInRange((byte)32, (byte)126) ? "0x" + Convert.ToHexStringLower(bytes) : $"\"{Encoding.UTF8.GetString(bytes)}\"")}\n");
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return true;
        }
        return false;
    }
}
