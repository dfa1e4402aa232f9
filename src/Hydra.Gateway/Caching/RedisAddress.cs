using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Caching;

/// <summary>Where a Redis server is, and how to enter: <c>redis://USER:PASSWORD@HOST:PORT/DATABASE</c>, <c>rediss://</c> with TLS.</summary>
internal sealed record RedisAddress(string Host, int Port, bool IsTls, string? User, string? Password, int Database)
{
    private const int PortByDefault = 6379;

    /// <exception cref="GatewayConfigException">It is no such address; the message does not hold it, as it may hold a password.</exception>
    public static RedisAddress Parse(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("redis" or "rediss") || uri.Host.Length == 0) throw Wrong();
        var database = 0;
        if (uri.AbsolutePath.Length > 1 && !(int.TryParse(uri.AbsolutePath.AsSpan(1), out database) && database >= 0)) throw Wrong();
        string? user = null, password = null;
        if (uri.UserInfo.Length > 0)
        {
            var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
            user = Uri.UnescapeDataString(colon < 0 ? uri.UserInfo : uri.UserInfo[..colon]);
            password = colon < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]);
            if (password is null) throw Wrong();
        }
        return new RedisAddress(uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : PortByDefault, uri.Scheme == "rediss", user is { Length: > 0 } ? user : null, password, database);

        static GatewayConfigException Wrong() => new("cache.exact.url is no address of a Redis server. Write redis://HOST:PORT/DATABASE, with USER:PASSWORD@ or :PASSWORD@ before the host where it asks for one, and rediss:// for TLS.");
    }
}
