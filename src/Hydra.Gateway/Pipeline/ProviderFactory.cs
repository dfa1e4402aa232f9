using Hydra.Gateway.Config;
using Hydra.Gateway.Embeddings;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Providers;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>Makes clients of the models that deployments name.</summary>
internal interface IProviders
{
    /// <exception cref="GatewayConfigException">A secret cannot be read, or the provider cannot be used as it is written.</exception>
    (IChatClient Client, ModelFacts Facts) Open(DeploymentConfig deployment);

    /// <summary>The same deployment as one that gives vectors.</summary>
    /// <exception cref="CallFailedException"><c>bad_request</c>: it gives none.</exception>
    IChatClient OpenEmbeddings(DeploymentConfig deployment);
}

/// <summary>Makes clients of the providers that a configuration names, each account with connections and secrets of its own.</summary>
internal sealed class ProviderFactory(GatewayConfig config, GatewayServiceOptions options) : IProviders, IDisposable
{
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly List<Account> _retired = [];
    private GatewayConfig _config = config;

    /// <summary>From now on clients follow this configuration.</summary>
    public void Take(GatewayConfig changed)
    {
        lock (_accounts)
        {
            var keepsPrices = changed.PriceOverridesFile is null && _config.PriceOverridesFile is null;   // a price file may have changed where it lies
            foreach (var (name, account) in _accounts.ToList())
            {
                if (keepsPrices && changed.Providers.TryGetValue(name, out var provider) && IsSame(provider, _config.Providers[name])) continue;
                _accounts.Remove(name);
                _retired.Add(account);   // calls under way still use it
            }
            _config = changed;
        }
    }

    /// <inheritdoc/>
    public (IChatClient Client, ModelFacts Facts) Open(DeploymentConfig deployment)
    {
        lock (_accounts)
        {
            var provider = _config.Providers[deployment.Provider];
            if (!_accounts.TryGetValue(deployment.Provider, out var account)) _accounts[deployment.Provider] = account = Connect(deployment.Provider, provider);
            try
            {
                return account.Gateway.Open($"{provider.Kind}/{deployment.Model}", account.Change, facts => FactsOf(deployment, facts));
            }
            catch (ModelUnavailableException unavailable)
            {
                throw new GatewayConfigException($"providers.{deployment.Provider}: {unavailable.Message}");
            }
        }
    }

    /// <inheritdoc/>
    public IChatClient OpenEmbeddings(DeploymentConfig deployment)
    {
        lock (_accounts)
        {
            try
            {
                if (_accounts.GetValueOrDefault(deployment.Provider) is not { } account) throw new ModelUnavailableException("its account is no longer configured");
                return new EmbeddingCall(account.Gateway.GetEmbeddings($"{_config.Providers[deployment.Provider].Kind}/{deployment.Model}", account.Change));
            }
            catch (ModelUnavailableException unavailable)
            {
                throw new CallFailedException(ErrorCode.BadRequest, unavailable.Message);
            }
        }
    }

    public void Dispose()
    {
        foreach (var account in _accounts.Values.Concat(_retired)) account.Gateway.Dispose();
    }

    private static bool IsSame(ProviderConfig left, ProviderConfig right) =>
        left with { Headers = right.Headers } == right && left.Headers.Count == right.Headers.Count && left.Headers.All(pair => right.Headers.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static ModelFacts FactsOf(DeploymentConfig deployment, ModelFacts facts)
    {
        if (deployment.ContextTokensMax is { } context) facts = facts with { ContextTokensMax = context };
        if (deployment.Price is not { } price) return facts;
        return facts with { Price = new ModelPrice(price.Input, price.Output, "gateway configuration") { CacheRead = price.CacheRead, CacheWrite = price.CacheWrite, Reasoning = price.Reasoning } };
    }

    private Account Connect(string name, ProviderConfig provider)
    {
        var at = $"providers.{name}";
        var key = provider.ApiKey is { } reference ? SecretReference.Read(reference, $"{at}.api_key", options) : null;
        var headers = provider.Headers.Select(pair => KeyValuePair.Create(pair.Key,
            SecretReference.IsReference(pair.Value) ? SecretReference.Read(pair.Value, $"{at}.headers.{pair.Key}", options) : pair.Value)).ToList();
        var plain = new GatewayOptions
        {
            Backend = "api",
            PriceOverridesFile = _config.PriceOverridesFile is { } file ? Path.GetFullPath(file, options.Folder) : null,
            Clock = options.Clock,
        };
        try
        {
            return new Account(new ModelGateway(OptionsOf(at, provider, key, plain)), endpoint => endpoint with
            {
                Headers = headers,
                Wire = provider is { Kind: "openai", Api: "responses" } ? WireFormat.Responses : endpoint.Wire,
            });
        }
        catch (Exception wrong) when (wrong is ArgumentException or PriceFileException)
        {
            throw new GatewayConfigException($"{at}: {wrong.Message}");
        }
    }

    private GatewayOptions OptionsOf(string at, ProviderConfig provider, string? key, GatewayOptions plain) => provider.Kind switch
    {
        "openai" or "openai-responses" => plain with { OpenAIApiKey = key, OpenAIBaseUrl = provider.BaseUrl ?? "https://api.openai.com/v1" },
        "anthropic" => plain with { AnthropicApiKey = key, AnthropicBaseUrl = provider.BaseUrl ?? "https://api.anthropic.com" },
        "azure" => plain with { AzureApiKey = key, AzureEndpoint = provider.BaseUrl, AzureApiVersion = provider.ApiVersion },
        "gemini" => plain with { GeminiApiKey = key ?? "", GeminiBaseUrl = provider.BaseUrl },
        "ollama" => plain with { OllamaApiKey = key, OllamaHost = provider.BaseUrl ?? "http://127.0.0.1:11434" },
        "bedrock" => plain with { Aws = AwsOf(provider, key) },
        "offline" => plain with { Backend = "offline" },
        "command" when provider.Command is { } command => plain with { Backend = $"command:{command}" },
        _ when ProviderCatalog.Find(provider.Kind) is { } preset => plain with { PresetVariables = VariablesOf(preset, provider, key) },
        _ => throw new GatewayConfigException($"{at}: the kind '{Excerpt.Of(provider.Kind)}' cannot be used as it is written here."),
    };

    private AwsOptions AwsOf(ProviderConfig provider, string? key)
    {
        var aws = AwsOptions.Read(options.Environment);
        return aws with { Region = provider.Region ?? aws.Region, Endpoint = provider.BaseUrl ?? aws.Endpoint, BearerToken = key ?? aws.BearerToken };
    }

    /// <summary>What stands in the configuration wins; parts of a preset's address, and its usual key, come from the environment.</summary>
    private Dictionary<string, string> VariablesOf(ProviderPreset preset, ProviderConfig provider, string? key)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in preset.Variables)
        {
            if (options.Environment(name)?.Trim() is { Length: > 0 } value) set[name] = value;
        }
        if (provider.BaseUrl is { } url) set[preset.BaseUrlVariable] = url;
        if (key is not null && preset.Key is { } variable) set[variable] = key;
        return set;
    }

    private sealed record Account(ModelGateway Gateway, Func<Endpoint, Endpoint> Change);
}

/// <summary>A configuration that cannot be used, with everything that is wrong with it.</summary>
public sealed class GatewayConfigException(string message) : Exception(message);
