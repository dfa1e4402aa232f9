using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Quotes data for a shell.</summary>
internal static class ShellQuote
{
    /// <summary>The value as one word of the shell, whatever it holds.</summary>
    public static string Of(Value value) => $"'{value.ToDisplayText().Replace("'", "'\\''")}'";
}
