using System.Security.Cryptography;

namespace Hydra.Model;

/// <summary>The identity of a call: a hash of everything that is asked, so that a replayed step is recognised.</summary>
public static class StepKey
{
    /// <summary>SHA-256 of the data's canonical form, as 64 hexadecimal digits: the order of keys makes no difference.</summary>
    public static string Of(Value asked) => Convert.ToHexStringLower(SHA256.HashData(ValueJson.ToCanonicalUtf8(asked)));
}
