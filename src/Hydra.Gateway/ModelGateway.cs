using Hydra.Gateway.Bedrock;
using Hydra.Gateway.Commands;
using Hydra.Gateway.Gemini;
using Hydra.Gateway.Offline;
using Hydra.Gateway.Ollama;
using Hydra.Gateway.OpenAI;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Providers;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway;

/// <summary>
/// Every model behind one door: a name gives its facts and a client. Clients share one pool of connections, retry nothing and throw
/// <see cref="CallFailedException"/>. Safe to share between threads; dispose it when no call is under way.
/// </summary>
public sealed class ModelGateway : IModelCatalog, IDisposable
{
    private const string Google = "https://generativelanguage.googleapis.com/v1beta";

    private readonly GatewayOptions _options;
    private readonly PriceTable _prices;
    private readonly HttpMessageInvoker _http;
    private readonly ModelHttp _modelHttp;

    /// <exception cref="ArgumentException">The options are wrong; the message lists everything that is.</exception>
    /// <exception cref="PriceFileException">The price overrides are wrong.</exception>
    public ModelGateway(GatewayOptions options)
    {
        var problems = options.Check();
        if (problems.Count > 0) throw new ArgumentException(string.Join('\n', problems), nameof(options));
        _options = options;
        _prices = PriceTable.Load(options.PriceOverridesFile);
        // Without HttpClient, which would give each call one more clock and one more task: each has its own.
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),   // so that a changed address is found again
            AllowAutoRedirect = false,                             // a redirect would carry the key elsewhere
            MaxConnectionsPerServer = 1_000,
            UseCookies = false,
            ActivityHeadersPropagator = null,                      // whose trace a caller is in is no provider's business
        });
        _modelHttp = new ModelHttp(_http, options);
    }

    /// <summary>Whether the offline model answers because nothing at all is configured, not because it was asked for.</summary>
    public bool IsOfflineByDefault => _options.Backend == "auto" && !_options.HasAnything;

    /// <summary>The line that tells a user so; print it once a run when <see cref="IsOfflineByDefault"/>.</summary>
    public static string OfflineNotice =>
        "No model is configured, so the built-in offline model answers from the prompt's own words. Set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_HOST or HYDRA_GATEWAY_URL for real answers.";

    /// <inheritdoc/>
    public ModelFacts Resolve(string model) => Route(model).Facts;

    /// <summary>A client whose default model is this one. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does.</summary>
    public IChatClient GetClient(string model)
    {
        var (facts, endpoint, command) = Route(model);
        return ClientOf(facts, endpoint, command);
    }

    /// <summary>A client at a changed endpoint with changed facts. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does.</summary>
    internal (IChatClient Client, ModelFacts Facts) Open(string model, Func<Endpoint, Endpoint> change, Func<ModelFacts, ModelFacts> known)
    {
        var (facts, endpoint, command) = Route(model);
        facts = known(facts);
        return (ClientOf(facts, endpoint is null ? null : change(endpoint), command), facts);
    }

    private IChatClient ClientOf(ModelFacts facts, Endpoint? endpoint, string? command)
    {
        return facts.Provider switch
        {
            "offline" => new OfflineChatClient(facts),
            "command" => new CommandChatClient(command!, facts, _options),
            _ => new WireChatClient(_modelHttp, endpoint!, facts, Begin(endpoint!, facts)),
        };
    }

    /// <summary>How a call begins in the endpoint's format.</summary>
    private Func<IReadOnlyList<ChatMessage>, ChatOptions?, WireCall> Begin(Endpoint endpoint, ModelFacts facts)
    {
        switch (endpoint.Wire)
        {
            case WireFormat.Gemini: return (messages, options) => WireCall.Of(new GeminiCall(endpoint, facts, messages, options));
            case WireFormat.Ollama: return (messages, options) => WireCall.Of(new OllamaCall(endpoint, facts, messages, options));
            case WireFormat.Converse: return (messages, options) => WireCall.Of(new BedrockCall(endpoint, _options.Aws, _options.Clock, facts, messages, options));
            default: return ChatFormat.Of(endpoint.Wire).Over(endpoint, facts);
        }
    }

    /// <summary>Texts to vectors by this model. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does, and where the provider gives none.</summary>
    public IEmbeddingGenerator<string, Embedding<float>> GetEmbeddings(string model) => GetEmbeddings(model, endpoint => endpoint);

    /// <summary>As <see cref="GetEmbeddings(string)"/>, at a changed endpoint.</summary>
    internal IEmbeddingGenerator<string, Embedding<float>> GetEmbeddings(string model, Func<Endpoint, Endpoint> change)
    {
        var (facts, endpoint, _) = Route(model);
        if (endpoint is not null) endpoint = change(endpoint);
        return facts.Provider switch
        {
            "offline" => new OfflineEmbedder(facts),
            "command" => throw new ModelUnavailableException($"'{model}' is a program, which gives no embeddings. Name a model of a provider, or use offline/embedding."),
            _ when endpoint!.Wire is WireFormat.Messages or WireFormat.Converse => throw new ModelUnavailableException(
                $"'{model}' is answered by {facts.Provider}, which gives no embeddings. Name a model that does, such as openai/text-embedding-3-small, or use offline/embedding."),
            _ => new WireEmbedder(_modelHttp, endpoint, facts, endpoint.Wire switch
            {
                WireFormat.Gemini => GeminiEmbeddings.Format(endpoint),
                WireFormat.Ollama => OllamaEmbeddings.Format(endpoint),
                _ => OpenAIEmbeddings.Format(endpoint),
            }),
        };
    }

    public void Dispose() => _http.Dispose();

    private (ModelFacts Facts, Endpoint? Endpoint, string? Command) Route(string model)
    {
        if (string.IsNullOrWhiteSpace(model))
        {
            throw new ModelUnavailableException("No model is named. Set 'model' on the node or under 'defaults', or pass --model.");
        }
        if (_options.Backend == "offline") return Offline(model);
        if (_options.IsCommandBackend) return Command(model, _options.BackendCommand);

        var (provider, id) = ModelName.Parse(model);
        var preset = ProviderCatalog.Find(provider);
        var missing = preset?.Missing(_options.PresetVariables) ?? [];
        if (preset is not null && missing.Count == 0 && id.Length > 0) return Preset(model, id, preset);
        if (IsOfflineByDefault) return Offline(model);
        if (id.Length == 0)
        {
            throw new ModelUnavailableException($"The model '{model}' is a prefix without a name. Write, for example, openai/gpt-5-mini.");
        }
        return provider switch
        {
            "offline" => Offline(model),
            "command" when _options.Commands.TryGetValue(id, out var command) => Command(model, command),
            "command" => throw Unavailable(model,
                $"no command '{id}' is declared. Set HYDRA_COMMANDS=\"{id}=PROGRAM ARGUMENTS\" or use --backend command:\"PROGRAM ARGUMENTS\""),
            "openai" when _options.HasOpenAI => Wire(model, id, OpenAI()),
            "openai-responses" when _options.HasOpenAI => Wire(model, id, OpenAI() with { Wire = WireFormat.Responses }),
            "azure" when _options.HasAzure => Wire(model, id, Azure()),
            "anthropic" when _options.HasAnthropic => Wire(model, id, Anthropic()),
            "gemini" when _options.GeminiApiKey is not null
                || _options.GeminiBaseUrl is not null => Wire(model, id, Gemini()),
            "ollama" => Wire(model, id, Ollama()),
            "bedrock" when _options.Aws.IsComplete => Wire(model, id, Bedrock()),
            _ when _options.GatewayUrl is not null => Wire(model, model, Gateway()),
            // Names such as deepseek/deepseek-r1 are also what servers of one's own call their models.
            not null when preset is not null && _options.OpenAIBaseUrl is not null => Wire(model, model, OpenAI()),
            not null when preset is not null => throw Unavailable(model, NotSet(missing)),
            "azure" => throw Unavailable(model, NotSet(_options.AzureEndpoint is null ? ["AZURE_OPENAI_ENDPOINT"] : ["AZURE_OPENAI_API_KEY"])),
            "openai-responses" => throw Unavailable(model, "OPENAI_API_KEY is not set"),
            "openai" => throw Unavailable(model, $"OPENAI_API_KEY is not set{OllamaHint(id)}"),
            "anthropic" => throw Unavailable(model, "ANTHROPIC_API_KEY is not set"),
            "gemini" => throw Unavailable(model, "GEMINI_API_KEY is not set"),
            "bedrock" => throw Unavailable(model, _options.Aws.Missing!),
            // A name of no known maker: whoever serves names of its own.
            _ when _options.OpenAIBaseUrl is not null => Wire(model, id, OpenAI()),
            _ when _options.OllamaHost is not null => Wire(model, id, Ollama()),
            _ => throw Unavailable(model,
                "its name does not say who serves it. Write a prefix (openai/, anthropic/, gemini/, ollama/), or set OPENAI_BASE_URL, OLLAMA_HOST or HYDRA_GATEWAY_URL"),
        };
    }

    private static string NotSet(IReadOnlyList<string> names) =>
        $"{string.Join(" and ", names)} {(names.Count == 1 ? "is" : "are")} not set";

    private string OllamaHint(string id) => _options.OllamaHost is null ? ""
        : $"; for a model of that name in Ollama write ollama/{id}";

    private ModelUnavailableException Unavailable(string model, string why)
    {
        var mend = _options.HasAnything ? "" : " (or use --backend offline for the built-in model, which needs no key)";
        return new($"Nobody is configured to answer for '{model}': {why}{mend}.");
    }

    private static (ModelFacts, Endpoint?, string?) Offline(string model) =>
        (new ModelFacts { Name = model, Provider = "offline", Id = model, Price = OfflineChatClient.Price,
            ContextTokensMax = OfflineChatClient.ContextTokensMax,
            OutputTokensMax = OfflineChatClient.OutputTokensMax }, null, null);

    private (ModelFacts, Endpoint?, string?) Command(string model, string command)
    {
        var entry = _prices.Find(model);
        return (new ModelFacts { Name = model, Provider = "command", Id = model, Price = entry?.Price,
            ContextTokensMax = entry?.ContextTokensMax, OutputTokensMax = entry?.OutputTokensMax }, null, command);
    }

    private (ModelFacts, Endpoint?, string?) Wire(string model, string id, Endpoint endpoint)
    {
        var entry = Entry(model, id, endpoint.Provider);
        var price = entry?.Price;
        if (price is null && endpoint.Provider == "ollama" && new Uri(endpoint.Base).IsLoopback)
        {
            price = new ModelPrice(0, 0, "runs on this machine (OLLAMA_HOST)");
        }
        return (new ModelFacts { Name = model, Provider = endpoint.Provider, Id = id, Price = price,
            ContextTokensMax = entry?.ContextTokensMax, OutputTokensMax = entry?.OutputTokensMax }, endpoint, null);
    }

    /// <summary>A preset's prices stand in the table under its own prefix only: who hosts a model sets the price.</summary>
    private (ModelFacts, Endpoint?, string?) Preset(string model, string id, ProviderPreset preset)
    {
        var entry = _prices.Find(model) ?? (preset.Prices is { } prefix ? _prices.Find($"{prefix}/{id}") : null);
        var endpoint = preset.Endpoint(_options.PresetVariables);
        return (new ModelFacts { Name = model, Provider = endpoint.Provider, Id = id, Price = entry?.Price,
            ContextTokensMax = entry?.ContextTokensMax, OutputTokensMax = entry?.OutputTokensMax }, endpoint, null);
    }

    /// <summary>
    /// Exact names only, most specific first: as the workflow wrote it, then the spelling of the table for that provider. A
    /// fine-tuned model is billed as <c>ft:BASE</c>.
    /// </summary>
    private PriceEntry? Entry(string model, string id, string provider)
    {
        if (provider == "gemini") return _prices.Find(model) ?? _prices.Find($"gemini/{id}");
        if (provider == "azure.ai.openai") return _prices.Find(model) ?? _prices.Find($"azure/{id}");
        if (provider == "ollama") return _prices.Find(model) ?? _prices.Find($"ollama/{id}");
        var bare = ModelName.Parse(id).Id;
        var entry = _prices.Find(model) ?? _prices.Find(bare);
        if (entry is not null || !bare.StartsWith("ft:", StringComparison.Ordinal)) return entry;
        var end = bare.IndexOf(':', 3);
        return end < 0 ? null : _prices.Find(bare[..end]);
    }

    private Endpoint OpenAI() =>
        new("openai", Base(_options.OpenAIBaseUrl ?? "https://api.openai.com/v1"), _options.OpenAIApiKey,
        "OPENAI_BASE_URL");
    private Endpoint Anthropic() =>
        new("anthropic", WithoutVersion(_options.AnthropicBaseUrl ?? "https://api.anthropic.com"),
        _options.AnthropicApiKey, "ANTHROPIC_BASE_URL") { Wire = WireFormat.Messages, KeyHeader = "x-api-key" };
    private Endpoint Azure()
    {
        var resource = Base(_options.AzureEndpoint!);
        var hasPath = resource.EndsWith("/openai/v1", StringComparison.Ordinal);
        return new("azure.ai.openai", hasPath || _options.AzureApiVersion is not null ? resource : resource + "/openai/v1",
            _options.AzureApiKey ?? _options.AzureToken, "AZURE_OPENAI_ENDPOINT")
        {
            KeyHeader = _options.AzureApiKey is null ? null : "api-key",
            AzureApiVersion = hasPath ? null : _options.AzureApiVersion,
        };
    }
    private Endpoint Gemini()
    {
        var url = Base(_options.GeminiBaseUrl ?? Google);
        var endpoint = new Endpoint("gemini", url, _options.GeminiApiKey, "GEMINI_BASE_URL");
        if (LastSegment(url) == "openai") return endpoint;
        var hasVersion = LastSegment(url).StartsWith("v1", StringComparison.Ordinal);
        return endpoint with { Base = hasVersion ? url : url + "/v1beta", Wire = WireFormat.Gemini, KeyHeader = "x-goog-api-key" };
    }
    private Endpoint Ollama()
    {
        var endpoint = new Endpoint("ollama", _options.OllamaAddress, _options.OllamaApiKey, "OLLAMA_HOST");
        return LastSegment(endpoint.Base) == "v1" ? endpoint
            : endpoint with { Wire = WireFormat.Ollama, Reader = stream => new LineReader(stream) };
    }
    private Endpoint Bedrock() =>
        new("bedrock", _options.Aws.Address, _options.Aws.BearerToken ?? _options.Aws.SecretAccessKey,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME or AWS_REGION") { Wire = WireFormat.Converse, Reader = stream => new EventStreamReader(stream) };
    private Endpoint Gateway() =>
        new("hydra", WithVersion(_options.GatewayUrl!), _options.GatewayKey, "HYDRA_GATEWAY_URL");

    private static string LastSegment(string url) => url[(url.LastIndexOf('/') + 1)..];

    private static string Base(string url) => url.TrimEnd('/');
    private static string WithVersion(string url) => Base(url).EndsWith("/v1", StringComparison.Ordinal) ? Base(url)
        : Base(url) + "/v1";
    private static string WithoutVersion(string url) => Base(url).EndsWith("/v1", StringComparison.Ordinal)
        ? Base(url)[..^3] : Base(url);
}
