using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Keeps what is named like a secret out of the log: headers and environment variables are asked with it and shown without.</summary>
internal static class SecretNames
{
    private static readonly string[] Words = ["authorization", "cookie", "token", "secret", "passw", "apikey", "api-key", "api_key", "credential", "private"];

    /// <summary>The value, or a stand-in where the name says that it is a secret.</summary>
    public static Value Shown(string name, Value value) => IsSecret(name) ? "(secret)" : value;

    /// <summary>Whether a name says that what it names is a secret.</summary>
    public static bool IsSecret(string name) => Array.Exists(Words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
}
