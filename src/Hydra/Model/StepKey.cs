using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Hydra.Model;

/// <summary>The identity of a call: a hash of everything that is asked, so that a replayed step is recognised.</summary>
public static class StepKey
{
    /// <summary>
    /// What makes an effect the same effect: run, path, the step's number, tool and canonical arguments, and neither attempt
    /// nor incarnation. Handed to the other side, so that it can tell a repetition.
    /// </summary>
    /// <returns>64 hexadecimal digits.</returns>
    public static string Idempotency(NodeAttempt attempt, int step, string tool, Value arguments) =>
        Of(ValueMap.Of(("run", attempt.Run.Text), ("path", attempt.Path), ("step", step), ("tool", tool), ("arguments", arguments)));

    /// <summary>The same for one of the many calls of an attempt: <paramref name="call"/> says which, in the order in which they were asked.</summary>
    public static string Idempotency(NodeAttempt attempt, string call, string tool, Value arguments) =>
        Of(ValueMap.Of(("run", attempt.Run.Text), ("path", attempt.Path), ("step", call), ("tool", tool), ("arguments", arguments)));

    /// <summary>SHA-256 of the data's canonical form, as 64 hexadecimal digits: the order of keys makes no difference.</summary>
    public static string Of(Value asked) => Of(json => ValueJson.WriteCanonical(json, asked));

    /// <summary>The same for data of which one list is in its canonical form already: what a long conversation holds is not written anew for each key.</summary>
    /// <param name="listed">The list's name; <paramref name="asked"/> does not hold it.</param>
    public static string Of(ValueMap asked, string listed, IEnumerable<ReadOnlyMemory<byte>> items) => Of(json =>
    {
        json.WriteStartObject();
        foreach (var name in asked.Keys.Append(listed).Order(StringComparer.Ordinal))
        {
            json.WritePropertyName(name);
            if (name != listed)
            {
                ValueJson.WriteCanonical(json, asked[name]);
                continue;
            }
            json.WriteStartArray();
            foreach (var item in items) json.WriteRawValue(item.Span, skipInputValidation: true);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    });

    private static string Of(Action<Utf8JsonWriter> write)
    {
        var (buffer, json) = _scratch ??= NewScratch();
        try
        {
            write(json);
            json.Flush();
            return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
        }
        finally
        {
            if (buffer.Capacity > ScratchBytesMax) _scratch = null;
            buffer.ResetWrittenCount();
            json.Reset();
        }
    }

    /// <summary>A larger buffer is not kept for the next key.</summary>
    private const int ScratchBytesMax = 64 * 1024;

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? _scratch;

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) NewScratch()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        return (buffer, new Utf8JsonWriter(buffer, ValueJson.Compact));
    }
}
