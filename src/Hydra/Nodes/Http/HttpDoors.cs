using System.Net;
using System.Net.Sockets;

namespace Hydra.Nodes;

/// <summary>
/// The ways out: one pool of connections that reaches public addresses only, and one for hosts that a node allows by name.
/// They are apart because a pooled connection is used again without looking at its address. The address is checked when
/// the connection is made, so a name that is resolved anew to an inward address gains nothing.
/// </summary>
internal static class HttpDoors
{
    private static readonly AddressGate Gate = new(Dns.GetHostAddressesAsync);
    private static readonly HttpClient Public = New(isAllowedByName: false);
    private static readonly HttpClient Any = New(isAllowedByName: true);

    /// <param name="isAllowedByName">The node lists the host in <c>allow_hosts</c>.</param>
    public static HttpClient For(bool isAllowedByName) => isAllowedByName ? Any : Public;

    /// <summary>A way of its own: to one host that the author named, wherever that is, and else to public addresses only. The caller's to dispose of.</summary>
    public static SocketsHttpHandler HandlerFor(string host) => Handler((context, cancellationToken) =>
        ConnectAsync(context, context.DnsEndPoint.Host.Equals(host, StringComparison.OrdinalIgnoreCase), cancellationToken));

    private static HttpClient New(bool isAllowedByName) => new(Handler((context, cancellationToken) => ConnectAsync(context, isAllowedByName, cancellationToken)))
    {
        Timeout = Timeout.InfiniteTimeSpan,     // the attempt has its own clock
    };

    private static SocketsHttpHandler Handler(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect) => new()
    {
        ConnectCallback = connect,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AllowAutoRedirect = false,              // each hop is checked anew
        AutomaticDecompression = DecompressionMethods.All,
        UseCookies = false,
        UseProxy = false,                       // a proxy would connect in our name, unchecked
        ActivityHeadersPropagator = null,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, bool isAllowedByName, CancellationToken cancellationToken)
    {
        var reachable = await Gate.ReachableAsync(context.DnsEndPoint.Host, isAllowedByName, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(reachable, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
