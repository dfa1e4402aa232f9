using System.Text.Json;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Providers;

/// <summary>The built-in list of well-known providers (<c>providers.json</c>).</summary>
public static class ProviderCatalog
{
    private static readonly Lazy<IReadOnlyDictionary<string, ProviderPreset>> ByName = new(() =>
    {
        using var stream = typeof(ProviderCatalog).Assembly.GetManifestResourceStream("providers.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.EnumerateArray().Select(Read).ToDictionary(preset => preset.Name, StringComparer.Ordinal);
    });

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ProviderPreset> All => [.. ByName.Value.Values.OrderBy(preset => preset.Name, StringComparer.Ordinal)];

    /// <summary>The preset of this name, or null.</summary>
    public static ProviderPreset? Find(string? name) => name is null ? null : ByName.Value.GetValueOrDefault(name);

    /// <summary>Read by hand: every start of the program pays for it.</summary>
    private static ProviderPreset Read(JsonElement entry) => new()
    {
        Name = entry.Text("name")!,
        Kind = entry.Text("kind") ?? "openai",
        BaseUrl = entry.Text("base_url")!,
        Key = entry.Text("key"),
        SharedKey = Flag(entry, "shared_key", false),
        Provider = entry.Text("provider"),
        Prices = entry.Text("prices"),
        MaxTokensField = entry.Text("max_tokens_field"),
        ReasoningField = entry.Text("reasoning_field"),
        StreamUsage = Flag(entry, "stream_usage", true),
        JsonSchema = Flag(entry, "json_schema", true),
        TopK = Flag(entry, "top_k", false),
        Seed = Flag(entry, "seed", true),
        Source = entry.Text("source")!,
    };

    private static bool Flag(JsonElement entry, string name, bool byDefault) => entry.Get(name)?.GetBoolean() ?? byDefault;
}
