using System.Security.Cryptography;

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
    public static string Of(Value asked) => JsonScratch.Write(asked, ValueJson.WriteCanonical, HexOf);

    /// <summary>The same for data of which one list is in its canonical form already: what a long conversation holds is not written anew for each key.</summary>
    /// <param name="listed">The list's name; <paramref name="asked"/> does not hold it.</param>
    public static string Of(ValueMap asked, string listed, IEnumerable<ReadOnlyMemory<byte>> items) => JsonScratch.Write((asked, listed, items), static (json, of) =>
    {
        var isListed = false;
        json.WriteStartObject();
        foreach (var (name, value) in ValueJson.InOrder(of.asked.Pairs))
        {
            if (!isListed && string.CompareOrdinal(of.listed, name) < 0) List();
            json.WritePropertyName(name);
            ValueJson.WriteCanonical(json, value);
        }
        if (!isListed) List();
        json.WriteEndObject();

        void List()
        {
            isListed = true;
            json.WriteStartArray(of.listed);
            foreach (var item in of.items) json.WriteRawValue(item.Span, skipInputValidation: true);
            json.WriteEndArray();
        }
    }, HexOf);

    private static string HexOf(ReadOnlySpan<byte> written)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(written, hash);
        return Convert.ToHexStringLower(hash);
    }
}
