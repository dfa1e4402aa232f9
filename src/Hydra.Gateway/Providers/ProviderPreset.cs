using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Providers;

/// <summary>A well-known provider: a model <c>NAME/ID</c> is asked there as soon as its key is set.</summary>
public sealed record ProviderPreset
{
    /// <summary>The prefix of its models.</summary>
    public required string Name { get; init; }
    /// <summary>Its wire format.</summary>
    /// <value><c>openai</c> (chat completions), <c>openai-responses</c> or <c>anthropic</c>. Default: <c>openai</c>.</value>
    public string Kind { get; init; } = "openai";
    /// <summary>Address of its API; <c>{VARIABLE}</c> stands for the value of that variable.</summary>
    public required string BaseUrl { get; init; }
    /// <summary>The variable that holds its key; null: a server of one's own, reached when its address is set.</summary>
    public string? Key { get; init; }
    /// <summary>Whether the key serves other things too, so that its presence does not say that models are wanted.</summary>
    public bool SharedKey { get; init; }
    /// <summary>Its name in OpenTelemetry's spelling, where that is another.</summary>
    public string? Provider { get; init; }
    /// <summary>The prefix of its models in the price table; null: it has none there.</summary>
    public string? Prices { get; init; }
    public string? MaxTokensField { get; init; }
    public string? ReasoningField { get; init; }
    public bool StreamUsage { get; init; } = true;
    public bool JsonSchema { get; init; } = true;
    public bool TopK { get; init; }
    public bool Seed { get; init; } = true;
    /// <summary>The provider's own page that says so.</summary>
    public required string Source { get; init; }

    /// <summary>The variable that overrides <see cref="BaseUrl"/>: <c>GROQ_BASE_URL</c>.</summary>
    public string BaseUrlVariable => Name.ToUpperInvariant().Replace('-', '_') + "_BASE_URL";

    /// <summary>The variables in <see cref="BaseUrl"/>.</summary>
    public IReadOnlyList<string> Placeholders =>
        [.. BaseUrl.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)])];

    internal ProviderQuirks Quirks => new()
    {
        MaxTokensField = MaxTokensField,
        ReasoningField = ReasoningField,
        SupportsStreamUsage = StreamUsage,
        SupportsJsonSchema = JsonSchema,
        SupportsTopK = TopK,
        SupportsSeed = Seed,
    };

    /// <summary>Every variable that decides whether and where it is reached.</summary>
    internal IEnumerable<string> Variables => [.. Key is { } key ? [key] : Array.Empty<string>(), BaseUrlVariable, .. Placeholders];

    /// <summary>The variables that are still to be set; empty when the provider can be asked.</summary>
    public IReadOnlyList<string> Missing(IReadOnlyDictionary<string, string> set)
    {
        if (set.ContainsKey(BaseUrlVariable)) return [];   // an address of one's own may ask for no key
        if (Key is null) return [BaseUrlVariable];
        return [.. new[] { Key }.Concat(Placeholders).Where(name => !set.ContainsKey(name))];
    }

    /// <summary>Where it is reached; only when nothing is missing.</summary>
    internal Endpoint Endpoint(IReadOnlyDictionary<string, string> set)
    {
        var address = set.GetValueOrDefault(BaseUrlVariable) ?? BaseUrl;
        foreach (var name in Placeholders) address = address.Replace($"{{{name}}}", set.GetValueOrDefault(name), StringComparison.Ordinal);
        var key = Key is null ? null : set.GetValueOrDefault(Key);
        return new Endpoint(Provider ?? Name, address.TrimEnd('/'), key, BaseUrlVariable)
        {
            Quirks = Quirks,
            Wire = Kind switch { "anthropic" => WireFormat.Messages, "openai-responses" => WireFormat.Responses, _ => WireFormat.Chat },
            KeyHeader = Kind == "anthropic" ? "x-api-key" : null,
        };
    }
}
