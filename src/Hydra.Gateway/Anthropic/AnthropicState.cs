using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Anthropic;

/// <summary>Anthropic's two kinds of sealed reasoning: the signature of a thought that is shown, and a thought that is hidden whole.</summary>
internal static class AnthropicState
{
    private const string Hidden = OpaqueState.Anthropic + "redacted:";

    public static TextReasoningContent Signed(string? text, string? signature) =>
        new(text ?? "") { ProtectedData = OpaqueState.Keep(OpaqueState.Anthropic, signature) };

    public static TextReasoningContent Redacted(string? data) => new("") { ProtectedData = OpaqueState.Keep(Hidden, data) };

    /// <summary>The data of a hidden thought; null for any other.</summary>
    public static string? Redacted(TextReasoningContent thought) => OpaqueState.Take(Hidden, thought.ProtectedData);

    public static bool IsOurs(TextReasoningContent thought) =>
        OpaqueState.Take(OpaqueState.Anthropic, thought.ProtectedData) is not null;
}
