namespace Hydra.Gateway.Wire;

/// <summary>The wire format in which a provider is spoken to.</summary>
internal enum WireFormat
{
    /// <summary>OpenAI's chat completions, and the many servers that speak them.</summary>
    Chat,
    /// <summary>OpenAI's Responses.</summary>
    Responses,
    /// <summary>Anthropic's Messages.</summary>
    Messages,
    /// <summary>Google's <c>generateContent</c>.</summary>
    Gemini,
    /// <summary>Ollama's own chat.</summary>
    Ollama,
    /// <summary>Amazon's <c>Converse</c>.</summary>
    Converse,
}

/// <summary>Where one provider is reached.</summary>
/// <param name="Provider">The provider in OpenTelemetry's spelling.</param>
/// <param name="Base">Address that paths are appended to; no slash at its end.</param>
/// <param name="Key">Secret of the account, or null where none is asked for.</param>
/// <param name="Setting">The variable that holds <paramref name="Base"/>, for messages.</param>
internal sealed record Endpoint(string Provider, string Base, string? Key, string Setting)
{
    /// <summary>How this provider cuts a stream into events.</summary>
    /// <value>Default: server-sent events.</value>
    public Func<Stream, IEventReader> Reader { get; init; } = stream => new SseReader(stream);
    /// <value>Default: <see cref="WireFormat.Chat"/>.</value>
    public WireFormat Wire { get; init; }
    /// <summary>How this server differs from OpenAI's.</summary>
    public ProviderQuirks Quirks { get; init; } = ProviderQuirks.Usual;
    /// <summary>The header that carries the key as it is; null: <c>Authorization: Bearer</c>.</summary>
    public string? KeyHeader { get; init; }
    /// <summary>Azure's <c>api-version</c>: the model is then a deployment and stands in the path. Null: it stands in the body only.</summary>
    public string? AzureApiVersion { get; init; }

    /// <summary>Further headers of every request.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public Uri At(string path) => new(Base + path);

    /// <summary>The address of an operation on a model.</summary>
    public Uri At(string path, string model) => AzureApiVersion is null ? At(path)
        : new Uri($"{Base}/openai/deployments/{Uri.EscapeDataString(model)}{path}?api-version={Uri.EscapeDataString(AzureApiVersion)}");

    /// <summary>Puts the account's own headers and the key, where there is one, into the request.</summary>
    public void Sign(HttpRequestMessage request)
    {
        foreach (var (name, value) in Headers) request.Headers.TryAddWithoutValidation(name, value);
        if (Key is null) return;
        request.Headers.TryAddWithoutValidation(KeyHeader ?? "Authorization", KeyHeader is null ? $"Bearer {Key}" : Key);
    }

    /// <summary>The address without secrets that a user may have put into it.</summary>
    public string Display =>
        new Uri(Base).GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Never the key: records print their members.</summary>
    public override string ToString() => $"{Provider} at {Display}";
}

/// <summary>How an OpenAI-compatible server differs from OpenAI's.</summary>
public sealed record ProviderQuirks
{
    public static ProviderQuirks Usual { get; } = new();

    /// <summary>Whether <c>stream_options.include_usage</c> is understood; where it is not, servers answer 400 or send usage unasked.</summary>
    public bool SupportsStreamUsage { get; init; } = true;
    /// <summary>Name of the field that limits the answer: <c>max_tokens</c> or <c>max_completion_tokens</c>; null: by the model, as OpenAI does.</summary>
    public string? MaxTokensField { get; init; }
    /// <summary>Field in which reasoning of earlier turns is sent back (<c>reasoning_content</c>, <c>reasoning</c>); null: it is not sent.</summary>
    public string? ReasoningField { get; init; }
    /// <summary>Whether <c>top_k</c> is understood.</summary>
    public bool SupportsTopK { get; init; }
    /// <summary>Whether <c>response_format: json_schema</c> is understood; where it is not, <c>json_object</c> and the schema in words are sent.</summary>
    public bool SupportsJsonSchema { get; init; } = true;
    /// <summary>Whether <c>seed</c> is understood.</summary>
    public bool SupportsSeed { get; init; } = true;
}
