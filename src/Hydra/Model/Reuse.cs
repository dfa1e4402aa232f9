using System.Security.Cryptography;
using System.Text;

namespace Hydra.Model;

/// <summary>
/// What decides a node's result: its definition, the values it reads, the model. Two executions with equal keys may
/// stand for each other; the parts say in what two keys differ.
/// </summary>
public sealed record ReuseKey
{
    /// <summary>Parts named one by one; what comes after is hashed together under <c>others</c>.</summary>
    private const int PartsMax = 64;
    private const int PartHashLength = 16;

    private ReuseKey(string hash, ValueMap parts)
    {
        Hash = hash;
        Parts = parts;
        PartsJson = Value.Of(parts).ToJson();
    }

    /// <summary>SHA-256 over all parts, in hexadecimal.</summary>
    public string Hash { get; }
    /// <summary>Name of a part (<c>definition</c>, <c>model</c>, <c>input topic</c>) to the beginning of its hash.</summary>
    public ValueMap Parts { get; }
    /// <summary>The same as the index keeps it: made with the key, so that whoever writes it to disk has nothing left to do.</summary>
    internal string PartsJson { get; }

    /// <param name="parts">Name and full hash of each part; the order makes no difference.</param>
    public static ReuseKey Of(IEnumerable<KeyValuePair<string, string>> parts)
    {
        KeyValuePair<string, string>[] sorted = [.. parts];
        Array.Sort(sorted, static (one, other) => string.CompareOrdinal(one.Key, other.Key));
        var named = new ValueMap.Builder();
        foreach (var (name, hash) in sorted.AsSpan(0, Math.Min(PartsMax, sorted.Length))) named[name] = hash[..PartHashLength];
        if (sorted.Length > PartsMax) named["others"] = HashOf(sorted.AsSpan(PartsMax))[..PartHashLength];
        return new ReuseKey(HashOf(sorted), named.Build());
    }

    private static string HashOf(ReadOnlySpan<KeyValuePair<string, string>> parts)
    {
        var text = new StringBuilder("reuse 1\n", capacity: 128 * (parts.Length + 1));
        foreach (var (name, hash) in parts) text.Append(name).Append('=').Append(hash).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}

/// <summary>A completed execution that later runs may reuse, on its way into the index.</summary>
/// <param name="Node">The instance's number within its run: its <see cref="RunEvent.Ended"/> lies in the frame that is committed with this.</param>
public sealed record ReuseEntry(ReuseKey Key, string Path, int Node);

/// <summary>A line of the index.</summary>
/// <param name="AtMs">When the execution completed (Unix milliseconds).</param>
public sealed record ReuseRecord(RunId Run, string Path, string KeyHash, ValueMap Parts, long AtMs);

/// <summary>An earlier execution whose output stands for a node's.</summary>
public sealed record ReuseSource(RunId Run, string Path, ValueRef Output, Value Signal);
