using System.Net;
using Hydra.Gateway.Providers;

namespace Hydra.Gateway;

/// <summary>
/// Who may answer and how long a call may take. Plain data: nothing here reads the environment or calls anybody.
/// <see cref="Check"/> finds everything that is wrong with it at once.
/// </summary>
public sealed record GatewayOptions
{
    /// <summary>Which models answer.</summary>
    /// <value><c>auto</c>, <c>api</c>, <c>offline</c> or <c>command:CMD</c>. Default: <c>auto</c>.</value>
    public string Backend { get; init; } = "auto";

    public string? OpenAIApiKey { get; init; }
    /// <summary>Address of an OpenAI-compatible API, up to and with its version: <c>https://host/v1</c>.</summary>
    public string? OpenAIBaseUrl { get; init; }
    /// <summary>Address of an Azure OpenAI resource: <c>https://NAME.openai.azure.com</c>.</summary>
    public string? AzureEndpoint { get; init; }
    public string? AzureApiKey { get; init; }
    /// <summary>A token of Entra ID, used where there is no key.</summary>
    public string? AzureToken { get; init; }
    /// <summary>The <c>api-version</c>, such as <c>2024-10-21</c>; null: the newer address under <c>/openai/v1</c>, which needs none.</summary>
    public string? AzureApiVersion { get; init; }
    public string? AnthropicApiKey { get; init; }
    /// <summary>Address of an Anthropic-compatible API, without <c>/v1</c>: <c>https://host</c>.</summary>
    public string? AnthropicBaseUrl { get; init; }
    public string? GeminiApiKey { get; init; }
    /// <summary>Address of Google's API; one that ends in <c>/openai</c> is spoken to in OpenAI's format.</summary>
    public string? GeminiBaseUrl { get; init; }
    /// <summary>
    /// Host and port, or address, of an Ollama server: <c>localhost:11434</c>; one that ends in <c>/v1</c> is spoken to in OpenAI's format.
    /// </summary>
    public string? OllamaHost { get; init; }
    /// <summary>The key that the Ollama server asks for; a local one asks for none.</summary>
    public string? OllamaApiKey { get; init; }
    /// <summary>Address of a Hydra gateway or another OpenAI-compatible proxy, with or without <c>/v1</c>.</summary>
    public string? GatewayUrl { get; init; }
    /// <summary>The key that <see cref="GatewayUrl"/> asks for.</summary>
    public string? GatewayKey { get; init; }
    /// <summary>The account that <c>bedrock/</c> models are asked with.</summary>
    public AwsOptions Aws { get; init; } = new();
    /// <summary>Command lines by the name that a model id <c>command/NAME</c> uses.</summary>
    public IReadOnlyDictionary<string, string> Commands { get; init; } = new Dictionary<string,
        string>(StringComparer.Ordinal);
    /// <summary>What is set of the variables of the <see cref="ProviderCatalog"/>: keys and addresses, by the variable's name.</summary>
    public IReadOnlyDictionary<string, string> PresetVariables { get; init; } = new Dictionary<string,
        string>(StringComparer.Ordinal);
    /// <summary>JSON file whose entries win over the built-in price table.</summary>
    public string? PriceOverridesFile { get; init; }

    /// <summary>Limit of opening a connection.</summary>
    /// <value>100 ms to 5 min. Default: 15 s.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);
    /// <summary>Longest wait for a whole answer that is not streamed, and for the output of a command.</summary>
    /// <value>100 ms to 24 h. Default: 10 min.</value>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>Longest wait for the first event of a stream; comments and keep-alives do not count.</summary>
    /// <value>100 ms to 24 h. Default: 5 min.</value>
    public TimeSpan FirstEventTimeout { get; init; } = TimeSpan.FromMinutes(5);
    /// <summary>Longest silence between two events of a stream; comments and keep-alives do not count.</summary>
    /// <value>100 ms to 24 h. Default: 2 min.</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Reads the usual variables: see docs/models.md for their names.</summary>
    /// <param name="variable">Gives a variable's value, or null when it is not set.</param>
    public static GatewayOptions FromEnvironment(Func<string, string?> variable)
    {
        return new GatewayOptions
        {
            Backend = Read("HYDRA_BACKEND") ?? "auto",
            OpenAIApiKey = Read("OPENAI_API_KEY"),
            OpenAIBaseUrl = Read("OPENAI_BASE_URL"),
            AzureEndpoint = Read("AZURE_OPENAI_ENDPOINT"),
            AzureApiKey = Read("AZURE_OPENAI_API_KEY"),
            AzureToken = Read("AZURE_OPENAI_AD_TOKEN"),
            AzureApiVersion = Read("AZURE_OPENAI_API_VERSION") ?? Read("OPENAI_API_VERSION"),
            AnthropicApiKey = Read("ANTHROPIC_API_KEY"),
            AnthropicBaseUrl = Read("ANTHROPIC_BASE_URL"),
            GeminiApiKey = Read("GEMINI_API_KEY") ?? Read("GOOGLE_API_KEY"),
            GeminiBaseUrl = Read("GEMINI_BASE_URL"),
            OllamaHost = Read("OLLAMA_HOST"),
            OllamaApiKey = Read("OLLAMA_API_KEY"),
            GatewayUrl = Read("HYDRA_GATEWAY_URL"),
            GatewayKey = Read("HYDRA_GATEWAY_KEY"),
            Aws = AwsOptions.Read(Read),
            Commands = ReadCommands(Read("HYDRA_COMMANDS")),
            PriceOverridesFile = Read("HYDRA_PRICES"),
            PresetVariables = ProviderCatalog.All.SelectMany(preset => preset.Variables).Distinct(StringComparer.Ordinal)
                .Select(name => (name, Value: Read(name))).Where(pair => pair.Value is not null)
                .ToDictionary(pair => pair.name, pair => pair.Value!, StringComparer.Ordinal),
        };

        string? Read(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>Everything that is wrong with these options, each with its mend; empty when they can be used.</summary>
    public IReadOnlyList<string> Check()
    {
        var problems = new List<string>();
        if (Backend is not ("auto" or "api" or "offline") && !IsCommandBackend)
        {
            problems.Add($"The backend '{Backend}' is not known. Use auto, api, offline or command:CMD.");
        }
        else if (IsCommandBackend && BackendCommand.Trim().Length == 0)
        {
            problems.Add("The backend 'command:' names no command. Write, for example, command:\"claude -p\".");
        }
        CheckUrl("OPENAI_BASE_URL", OpenAIBaseUrl);
        CheckUrl("ANTHROPIC_BASE_URL", AnthropicBaseUrl);
        CheckUrl("AZURE_OPENAI_ENDPOINT", AzureEndpoint);
        CheckUrl("GEMINI_BASE_URL", GeminiBaseUrl);
        CheckUrl("HYDRA_GATEWAY_URL", GatewayUrl);
        CheckUrl("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", Aws.Endpoint);
        if (OllamaHost is not null) CheckUrl("OLLAMA_HOST", OllamaAddress);
        foreach (var (name, value) in PresetVariables)
        {
            if (name.EndsWith("_BASE_URL", StringComparison.Ordinal)) CheckUrl(name, value);
        }
        CheckSpan(nameof(ConnectTimeout), ConnectTimeout, TimeSpan.FromMinutes(5));
        CheckSpan(nameof(AnswerTimeout), AnswerTimeout, TimeSpan.FromHours(24));
        CheckSpan(nameof(FirstEventTimeout), FirstEventTimeout, TimeSpan.FromHours(24));
        CheckSpan(nameof(IdleTimeout), IdleTimeout, TimeSpan.FromHours(24));
        return problems;

        void CheckUrl(string name, string? url)
        {
            if (url is null) return;
            if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") return;
            problems.Add($"{name} is '{url}', which is not an http or https address. Write it like https://host/v1.");
        }

        void CheckSpan(string name, TimeSpan value, TimeSpan max)
        {
            if (value >= TimeSpan.FromMilliseconds(100) && value <= max) return;
            problems.Add($"{name} is {value}; it must lie between 100 ms and {max}.");
        }
    }

    /// <summary>The options without their secrets.</summary>
    public override string ToString() => $"GatewayOptions {{ Backend = {Backend} }}";

    internal bool IsCommandBackend => Backend.StartsWith("command:", StringComparison.Ordinal);
    internal string BackendCommand => Backend["command:".Length..];

    /// <summary>Whether anything at all could answer besides the offline model.</summary>
    internal bool HasAnything =>
        HasOpenAI || HasAnthropic || GeminiApiKey is not null || GeminiBaseUrl is not null || OllamaHost is not null
        || HasAzure || HasPreset || GatewayUrl is not null || Aws.HasCredentials || Commands.Count > 0;

    internal bool HasOpenAI => OpenAIApiKey is not null || OpenAIBaseUrl is not null;
    internal bool HasAzure => AzureEndpoint is not null && (AzureApiKey ?? AzureToken) is not null;
    /// <summary>Whether a preset can be asked whose key says nothing but that.</summary>
    private bool HasPreset => PresetVariables.Count > 0
        && ProviderCatalog.All.Any(preset => !preset.SharedKey && preset.Missing(PresetVariables).Count == 0);
    internal bool HasAnthropic => AnthropicApiKey is not null || AnthropicBaseUrl is not null;

    /// <summary>Ollama's own rules: a missing scheme is http, a missing port 11434, and 0.0.0.0 is reached as localhost.</summary>
    internal string OllamaAddress
    {
        get
        {
            var host = (OllamaHost ?? "localhost:11434").TrimEnd('/');
            var hasScheme = host.Contains("://", StringComparison.Ordinal);
            if (!hasScheme) host = "http://" + host;
            if (!Uri.TryCreate(host, UriKind.Absolute, out var uri)) return host;
            var name = uri.Host == IPAddress.Any.ToString() ? "localhost" : uri.Host;
            var port = uri.IsDefaultPort && !hasScheme ? 11434 : uri.Port;
            return $"{uri.Scheme}://{name}:{port}{uri.AbsolutePath.TrimEnd('/')}";
        }
    }

    private static Dictionary<string, string> ReadCommands(string? text)
    {
        var commands = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in (text ?? "").Split(['\n', ';'],
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = entry.IndexOf('=', StringComparison.Ordinal);
            if (at > 0) commands[entry[..at].Trim()] = entry[(at + 1)..].Trim();
        }
        return commands;
    }
}
