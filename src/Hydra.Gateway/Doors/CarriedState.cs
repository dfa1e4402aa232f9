using System.Text.Json;
using Hydra.Gateway.Gemini;
using Hydra.Gateway.OpenAI;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>
/// Sealed reasoning state in the one opaque field that a dialect has for it. The state of the dialect's own maker stands there as the
/// maker gave it; that of another maker with its maker's name before it. Callers give back what they got, so any door carries any state. Pure.
/// </summary>
internal static class CarriedState
{
    private const string OfCallStart = "hydra.call:";
    private static readonly string[] Makers = [OpaqueState.Gemini, OpaqueState.OpenAI, OpaqueState.Anthropic];

    /// <summary>The state as callers see it; null: there is none.</summary>
    /// <param name="own">The dialect's own maker, as <see cref="OpaqueState"/> names it.</param>
    public static string? Show(string own, string? kept) => OpaqueState.Take(own, kept) ?? kept;

    /// <summary>The inverse of <see cref="Show"/>; what names no maker is the dialect's own, as from a conversation that began elsewhere.</summary>
    public static string? Keep(string own, string? shown)
    {
        if (shown is not { Length: > 0 }) return null;
        return Array.Exists(Makers, maker => shown.StartsWith(maker, StringComparison.Ordinal)) ? shown : OpaqueState.Keep(own, shown);
    }

    /// <summary>The state that belongs to a tool call, as one opaque text; null: it has none.</summary>
    public static string? OfCall(FunctionCallContent call)
    {
        var signature = call.AdditionalProperties?.GetValueOrDefault(GeminiRequest.Signature)?.ToString();
        var extra = call.AdditionalProperties?.GetValueOrDefault(OpenAIAnswer.ExtraContent) is JsonElement json ? json : (JsonElement?)null;
        if (signature is null && extra is null) return null;
        return OfCallStart + Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new CallState(call.CallId, signature, extra)));
    }

    /// <summary>Whether an opaque text is the state of a tool call; it is then given to the call, which follows in the same conversation.</summary>
    /// <param name="states">The states that were found, by the id of their call.</param>
    public static bool TryTakeOfCall(string? shown, IDictionary<string, AdditionalPropertiesDictionary> states)
    {
        if (shown?.StartsWith(OfCallStart, StringComparison.Ordinal) != true) return false;
        try
        {
            if (JsonSerializer.Deserialize<CallState>(Convert.FromBase64String(shown[OfCallStart.Length..])) is not { Id: { } id } state) return true;
            var more = new AdditionalPropertiesDictionary();
            if (state.Signature is { } signature) more[GeminiRequest.Signature] = signature;
            if (state.Extra is { } extra) more[OpenAIAnswer.ExtraContent] = extra;
            states[id] = more;
        }
        catch (Exception wrong) when (wrong is FormatException or JsonException)
        {
            throw DoorJson.Bad("The state of a tool call was changed on its way. Give reasoning back exactly as it came, or leave it out.");
        }
        return true;
    }

    private sealed record CallState(string Id, string? Signature, JsonElement? Extra);
}
