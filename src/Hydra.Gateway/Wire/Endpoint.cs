namespace Hydra.Gateway.Wire;

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

    public Uri At(string path) => new(Base + path);

    /// <summary>The address without secrets that a user may have put into it.</summary>
    public string Display =>
        new Uri(Base).GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Never the key: records print their members.</summary>
    public override string ToString() => $"{Provider} at {Display}";
}
