using System.Globalization;
using Hydra.Gateway.Config;
using Hydra.Gateway.Embeddings;
using Hydra.Gateway.Prices;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>Makes clients of the providers that a configuration names, each account with connections and secrets of its own.</summary>
internal sealed class ProviderFactory(GatewayConfig config, GatewayServiceOptions options) : IDisposable
{
    private readonly Dictionary<string, ModelGateway> _accounts = new(StringComparer.Ordinal);
    private readonly List<ModelGateway> _retired = [];
    private GatewayConfig _config = config;

    /// <summary>From now on clients follow this configuration.</summary>
    public void Take(GatewayConfig changed)
    {
        lock (_accounts)
        {
            foreach (var (name, account) in _accounts.ToList())
            {
                if (changed.Providers.TryGetValue(name, out var provider) && provider == _config.Providers.GetValueOrDefault(name)) continue;
                _accounts.Remove(name);
                _retired.Add(account);   // calls under way still use it
            }
            _config = changed;
        }
    }

    /// <exception cref="GatewayConfigException">A secret cannot be read, or the provider cannot be used as it is written.</exception>
    public (IChatClient Client, ModelFacts Facts) Open(DeploymentConfig deployment)
    {
        lock (_accounts)
        {
            var provider = _config.Providers[deployment.Provider];
            if (!_accounts.TryGetValue(deployment.Provider, out var account)) _accounts[deployment.Provider] = account = Connect(deployment.Provider, provider);
            var name = $"{PrefixOf(provider.Kind)}/{deployment.Model}";
            try
            {
                var facts = account.Resolve(name);
                if (deployment.Price is { } price)
                {
                    facts = facts with { Price = new ModelPrice(price.Input, price.Output, "gateway configuration") { CacheRead = price.CacheRead, CacheWrite = price.CacheWrite, Reasoning = price.Reasoning } };
                }
                return (account.GetClient(name), facts);
            }
            catch (ModelUnavailableException unavailable)
            {
                throw new GatewayConfigException($"providers.{deployment.Provider}: {unavailable.Message}");
            }
        }
    }

    /// <summary>The same deployment as one that gives vectors.</summary>
    /// <exception cref="CallFailedException"><c>bad_request</c>: it gives none.</exception>
    public IChatClient OpenEmbeddings(DeploymentConfig deployment)
    {
        lock (_accounts)
        {
            try
            {
                if (_accounts.GetValueOrDefault(deployment.Provider) is not { } account) throw new ModelUnavailableException("its account is no longer configured");
                return new EmbeddingCall(account.GetEmbeddings($"{PrefixOf(_config.Providers[deployment.Provider].Kind)}/{deployment.Model}"));
            }
            catch (ModelUnavailableException unavailable)
            {
                throw new CallFailedException(ErrorCode.BadRequest, unavailable.Message);
            }
        }
    }

    public void Dispose()
    {
        foreach (var account in _accounts.Values.Concat(_retired)) account.Dispose();
    }

    private ModelGateway Connect(string name, ProviderConfig provider)
    {
        var key = provider.ApiKey is { } reference ? SecretReference.Read(reference, $"providers.{name}.api_key", options) : null;
        var prices = _config.PriceOverridesFile is { } file ? Path.GetFullPath(file, options.Folder) : null;
        var plain = new GatewayOptions { Backend = "api", PriceOverridesFile = prices, Clock = options.Clock };
        var account = provider.Kind switch
        {
            "openai" => plain with { OpenAIApiKey = key, OpenAIBaseUrl = provider.BaseUrl ?? "https://api.openai.com/v1" },
            "anthropic" => plain with { AnthropicApiKey = key, AnthropicBaseUrl = provider.BaseUrl ?? "https://api.anthropic.com" },
            "gemini" => plain with { GeminiApiKey = key ?? "", GeminiBaseUrl = provider.BaseUrl },
            "ollama" => plain with { OllamaHost = provider.BaseUrl ?? "http://127.0.0.1:11434" },
            "offline" => plain with { Backend = "offline" },
            "command" when provider.Command is { } command => plain with { Backend = $"command:{command}" },
            _ => throw new GatewayConfigException($"providers.{name}: the kind '{provider.Kind}' is not known."),
        };
        try
        {
            return new ModelGateway(account);
        }
        catch (Exception wrong) when (wrong is ArgumentException or PriceFileException)
        {
            throw new GatewayConfigException($"providers.{name}: {wrong.Message}");
        }
    }

    private static string PrefixOf(string kind) => kind;
}

/// <summary>A configuration that cannot be used, with everything that is wrong with it.</summary>
public sealed class GatewayConfigException(string message) : Exception(message);
