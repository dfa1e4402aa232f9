namespace Hydra.Agents.Mcp;

/// <summary>How a program that embeds Hydra signs in to MCP servers that ask for it (OAuth 2.1 with PKCE, dynamic registration or an id of its own).</summary>
public sealed record McpAuthorization
{
    /// <summary>Where the server sends the user back to.</summary>
    public required Uri RedirectUri { get; init; }
    /// <summary>
    /// Shows the user the address (first) and gives the address to which the server sent them back, with <c>code</c> in its query; null: they declined.
    /// </summary>
    public required Func<Uri, CancellationToken, Task<Uri?>> SignInAsync { get; init; }
    /// <summary>An id that the server knows already; null: one is registered.</summary>
    public string? ClientId { get; init; }
    public string? ClientSecret { get; init; }
    /// <summary>The address of a document that describes this client, for servers that take one in place of a registration.</summary>
    public Uri? ClientMetadataDocumentUri { get; init; }
}
