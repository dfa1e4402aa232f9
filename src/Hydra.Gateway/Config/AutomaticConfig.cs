using Hydra.Gateway.Providers;

namespace Hydra.Gateway.Config;

/// <summary>The configuration of a gateway that has none: every account that the usual variables name, asked as <c>provider/model</c>.</summary>
public static class AutomaticConfig
{
    /// <param name="variable">Gives an environment variable's value, or null.</param>
    public static GatewayConfig Of(Func<string, string?> variable)
    {
        var providers = new Dictionary<string, ProviderConfig>(StringComparer.Ordinal);
        Add("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL");
        Add("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL");
        Add("gemini", IsSet("GEMINI_API_KEY") ? "GEMINI_API_KEY" : "GOOGLE_API_KEY", "GEMINI_BASE_URL");
        if (IsSet("AZURE_OPENAI_ENDPOINT") && IsSet("AZURE_OPENAI_API_KEY"))
            providers["azure"] = new() { Kind = "azure", BaseUrl = Read("AZURE_OPENAI_ENDPOINT"), ApiKey = "env:AZURE_OPENAI_API_KEY", ApiVersion = Read("AZURE_OPENAI_API_VERSION") ?? Read("OPENAI_API_VERSION") };
        if (IsSet("OLLAMA_HOST")) providers["ollama"] = new() { Kind = "ollama", BaseUrl = Read("OLLAMA_HOST"), ApiKey = IsSet("OLLAMA_API_KEY") ? "env:OLLAMA_API_KEY" : null };
        if (AwsOptions.Read(Read).IsComplete) providers["bedrock"] = new() { Kind = "bedrock" };
        var set = ProviderCatalog.All.SelectMany(preset => preset.Variables).Distinct(StringComparer.Ordinal).Where(IsSet).ToDictionary(name => name, name => Read(name)!, StringComparer.Ordinal);
        foreach (var preset in ProviderCatalog.All)
        {
            if (!preset.SharedKey && preset.Missing(set).Count == 0) providers[preset.Name] = new() { Kind = preset.Name };
        }
        if (providers.Count == 0) providers["offline"] = new() { Kind = "offline" };
        return new GatewayConfig { Providers = providers, Passthrough = true, PriceOverridesFile = Read("HYDRA_PRICES") };

        void Add(string kind, string keyVariable, string urlVariable)
        {
            if (IsSet(keyVariable) || IsSet(urlVariable)) providers[kind] = new() { Kind = kind, BaseUrl = Read(urlVariable), ApiKey = IsSet(keyVariable) ? $"env:{keyVariable}" : null };
        }

        bool IsSet(string name) => Read(name) is not null;
        string? Read(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>The deployment that a model's own name points to; null: none.</summary>
    internal static DeploymentConfig? Deployment(GatewayConfig config, string model)
    {
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && slash < model.Length - 1 && config.Providers.ContainsKey(model[..slash])) return new() { Provider = model[..slash], Model = model[(slash + 1)..] };
        var (maker, id) = ModelName.Parse(model);
        if (id.Length == 0) return null;
        foreach (var (name, provider) in config.Providers)
        {
            if (provider.Kind == maker) return new() { Provider = name, Model = id };
        }
        return config.Providers.Count == 1 ? new() { Provider = config.Providers.Keys.First(), Model = model } : null;
    }
}
