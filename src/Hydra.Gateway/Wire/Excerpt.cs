namespace Hydra.Gateway.Wire;

/// <summary>Foreign text cut to what fits a message.</summary>
internal static class Excerpt
{
    public const int LengthMax = 300;

    /// <summary>The text on one line, at most 300 characters, with a secret blotted out.</summary>
    public static string Of(string text, string? secret = null)
    {
        if (secret is { Length: > 0 }) text = text.Replace(secret, "[secret]", StringComparison.Ordinal);
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LengthMax ? line : string.Concat(line.AsSpan(0, LengthMax), "…");
    }
}
