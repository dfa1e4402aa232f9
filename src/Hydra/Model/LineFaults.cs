using System.Text;
using System.Text.Json;

namespace Hydra.Model;

/// <summary>What is wrong with one line of a file of JSON lines, in words for whoever has the file.</summary>
internal static class LineFaults
{
    /// <summary>Whether reading a foreign line may throw this.</summary>
    public static bool Has(Exception wrong) => wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or DecoderFallbackException;

    /// <summary>As the end of a sentence, without its full stop.</summary>
    public static string Words(Exception wrong, string line) => wrong switch
    {
        JsonException { BytePositionInLine: { } at } => at > 0 && at >= Encoding.UTF8.GetByteCount(line) ? "it breaks off in the middle" : $"it is no JSON from byte {at + 1} on",
        DecoderFallbackException => "it is not UTF-8",
        FormatException => "a hash or the bytes of an artifact are not written as such",
        _ => char.ToLowerInvariant(wrong.Message[0]) + wrong.Message[1..].TrimEnd('.'),
    };
}
