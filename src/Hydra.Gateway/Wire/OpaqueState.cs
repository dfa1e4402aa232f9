namespace Hydra.Gateway.Wire;

/// <summary>
/// Sealed reasoning state of a maker, in <c>TextReasoningContent.ProtectedData</c>. It carries its maker's name, so that a conversation
/// that moves to another maker leaves it behind: none takes another's.
/// </summary>
internal static class OpaqueState
{
    public const string Gemini = "gemini:", OpenAI = "openai:", Anthropic = "anthropic:";

    public static string? Keep(string maker, string? state) => state is { Length: > 0 } ? maker + state : null;

    /// <summary>The state as its maker gave it; null when it is another's.</summary>
    public static string? Take(string maker, string? kept) =>
        kept?.StartsWith(maker, StringComparison.Ordinal) == true ? kept[maker.Length..] : null;
}
