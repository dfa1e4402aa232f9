using System.Collections.ObjectModel;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Doors;

/// <summary>What a request says of its caller and its wishes beside the body.</summary>
/// <param name="PresentedKey">The virtual key as it was sent; null: none.</param>
/// <param name="User">Who is behind the caller, as the caller says; a claim.</param>
internal sealed record RequestFacts(string Door, string? PresentedKey, string? User, IReadOnlyList<string> Tags,
    IReadOnlyDictionary<string, string> Metadata, CacheControl Cache, TimeSpan? Timeout, string? TraceParent)
{
    private const int TagsMax = 32, BetasMax = 32, BetaLengthMax = 64;

    /// <summary>Reads the headers; the body's own <c>user</c> and <c>metadata</c> win where they say something.</summary>
    public static RequestFacts Of(HttpRequest request, string door, DoorRequest? body) => new(
        door, KeyOf(request), body?.User ?? Text(request, "x-hydra-user"), TagsOf(request), body?.Metadata ?? ReadOnlyDictionary<string, string>.Empty,
        CacheOf(request), TimeoutOf(request), Text(request, "traceparent"));

    public static string? KeyOf(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return authorization["Bearer ".Length..].Trim();
        return Text(request, "x-api-key") ?? Text(request, "api-key");
    }

    private static List<string> TagsOf(HttpRequest request)
    {
        var tags = new List<string>();
        foreach (var tag in (Text(request, "x-hydra-tags") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (tags.Count == TagsMax) throw DoorJson.Bad($"The header x-hydra-tags names more than {TagsMax} tags.");
            if (tag.IndexOf('=', StringComparison.Ordinal) <= 0) throw DoorJson.Bad($"The tag '{Wire.Excerpt.Of(tag)}' in x-hydra-tags is not written NAME=VALUE.");
            tags.Add(tag);
        }
        return tags;
    }

    /// <summary>HTTP's own words (RFC 9111): <c>no-cache</c>, <c>no-store</c>, <c>max-age=SECONDS</c>; beside them <c>namespace=NAME</c>.</summary>
    private static CacheControl CacheOf(HttpRequest request)
    {
        var control = CacheControl.Default;
        foreach (var word in (Text(request, "x-hydra-cache-control") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            control = word switch
            {
                "no-cache" => control with { Reads = false },
                "no-store" => control with { Writes = false },
                _ when word.StartsWith("max-age=", StringComparison.Ordinal) && int.TryParse(word.AsSpan(8), out var seconds) && seconds >= 0 =>
                    control with { Ttl = TimeSpan.FromSeconds(seconds) },
                _ when word.StartsWith("namespace=", StringComparison.Ordinal) => control with { Namespace = word[10..] },
                "semantic" => control with { Semantic = true },
                _ when word.StartsWith("similarity=", StringComparison.Ordinal) && double.TryParse(word.AsSpan(11), System.Globalization.NumberStyles.AllowDecimalPoint, null, out var similarity) && similarity is >= 0 and <= 1 =>
                    control with { Similarity = similarity },
                _ => throw DoorJson.Bad($"'{Wire.Excerpt.Of(word)}' in x-hydra-cache-control is not known. Write no-cache, no-store, max-age=SECONDS, namespace=NAME, semantic or similarity=0.97."),
            };
        }
        return control;
    }

    /// <summary>Wishes for what Anthropic is still trying out: they go on to its own deployments.</summary>
    public static string? BetasOf(HttpRequest request)
    {
        if (Text(request, AnthropicRequest.Beta) is not { } text) return null;
        var names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Length > BetasMax || names.Any(name => name.Length > BetaLengthMax || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')))
        {
            throw DoorJson.Bad($"The header {AnthropicRequest.Beta} holds {BetasMax} names at most, each of up to {BetaLengthMax} letters, digits, '-', '_' and '.'.");
        }
        return names.Length == 0 ? null : string.Join(',', names);
    }

    private static TimeSpan? TimeoutOf(HttpRequest request)
    {
        if (Text(request, "x-hydra-timeout-ms") is not { } text) return null;
        if (int.TryParse(text, out var milliseconds) && milliseconds is >= 1 and <= 86_400_000) return TimeSpan.FromMilliseconds(milliseconds);
        throw DoorJson.Bad("The header x-hydra-timeout-ms must be a whole number from 1 to 86400000.");
    }

    private static string? Text(HttpRequest request, string header) =>
        request.Headers.TryGetValue(header, out var values) && values.ToString() is { Length: > 0 } text ? text : null;
}
