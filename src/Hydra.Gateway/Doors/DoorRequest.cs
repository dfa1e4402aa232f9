using System.Collections.ObjectModel;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>What a caller asked, whatever the dialect it came in.</summary>
internal sealed record DoorRequest
{
    /// <summary>The model group or model id that the caller named.</summary>
    public required string Model { get; init; }
    public required IReadOnlyList<ChatMessage> Messages { get; init; }
    public required ChatOptions Options { get; init; }
    public bool IsStreamed { get; init; }
    /// <summary>Of a chat-completions stream: whether a last chunk with the usage was asked for.</summary>
    public bool WantsUsage { get; init; }
    /// <summary>Whether nothing is asked and only the prompt is to be measured.</summary>
    public bool IsCount { get; init; }
    /// <summary>Of embeddings: whether vectors are wished as base64 of their bytes instead of numbers.</summary>
    public bool WantsBase64 { get; init; }
    /// <summary>Who is behind the caller, as the caller says.</summary>
    public string? User { get; init; }
    /// <summary>Of a Responses request: members that the answer repeats.</summary>
    public IReadOnlyDictionary<string, JsonElement> Echo { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;
}
