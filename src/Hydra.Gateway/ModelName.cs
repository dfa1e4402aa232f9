using Hydra.Gateway.Providers;

namespace Hydra.Gateway;

/// <summary>A model id taken apart: who is asked for and what goes over the wire.</summary>
/// <param name="Provider">The provider that the prefix or the name decides; null when neither does.</param>
/// <param name="Id">The id without its prefix.</param>
internal readonly record struct ModelName(string? Provider, string Id)
{
    private static readonly string[] Prefixes = ["openai", "anthropic", "gemini", "bedrock", "ollama", "offline",
        "command", "azure", "openai-responses"];

    public static ModelName Parse(string model)
    {
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && Array.IndexOf(Prefixes, model[..slash]) >= 0) return new(model[..slash], model[(slash + 1)..]);
        if (slash > 0 && ProviderCatalog.Find(model[..slash]) is { } preset) return new(preset.Name, model[(slash + 1)..]);
        return new(ProviderOf(model), model);
    }

    /// <summary>Names that belong to one maker whoever serves them; open weights (gpt-oss, gemma, llama) belong to nobody.</summary>
    private static string? ProviderOf(string id)
    {
        if (id == "offline") return "offline";
        if (Starts("claude-")) return "anthropic";
        if (Starts("gemini-")) return "gemini";
        if (Starts("anthropic.") || Starts("amazon.") || Starts("us.anthropic.") || Starts("eu.anthropic."))
        {
            return "bedrock";
        }
        if (Starts("gpt-oss")) return null;
        if (Starts("gpt-") || Starts("chatgpt-") || Starts("ft:gpt-") || Starts("codex-") || Starts("text-embedding-"))
        {
            return "openai";
        }
        if (id.Length >= 2 && id[0] == 'o' && id[1] is '1' or '3' or '4' && (id.Length == 2 || id[2] == '-'))
        {
            return "openai";
        }
        return null;

        bool Starts(string prefix) => id.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
    }
}
