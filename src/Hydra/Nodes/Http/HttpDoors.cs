using System.Net;
using System.Net.Sockets;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>
/// The ways out: one pool of connections that reaches public addresses only, and one for hosts that a node allows by name.
/// They are apart because a pooled connection is used again without looking at its address. The address is checked when
/// the connection is made, so a name that is resolved anew to an inward address gains nothing.
/// </summary>
internal static class HttpDoors
{
    private static readonly HttpClient Public = New(ConnectPublicAsync);
    private static readonly HttpClient Any = New(connect: null);

    /// <param name="isAllowedByName">The node lists the host in <c>allow_hosts</c>.</param>
    public static HttpClient For(bool isAllowedByName) => isAllowedByName ? Any : Public;

    /// <summary>A way of its own: to one host that the author named, wherever that is, and else to public addresses only. The caller's to dispose of.</summary>
    public static SocketsHttpHandler HandlerFor(string host) => Handler((context, cancellationToken) =>
        context.DnsEndPoint.Host.Equals(host, StringComparison.OrdinalIgnoreCase) ? ConnectAsync(context, _ => true, cancellationToken) : ConnectAsync(context, PublicAddress.Is, cancellationToken));

    private static HttpClient New(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => new(Handler(connect))
    {
        Timeout = Timeout.InfiniteTimeSpan,     // the attempt has its own clock
    };

    private static SocketsHttpHandler Handler(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => new()
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

    private static ValueTask<Stream> ConnectPublicAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) => ConnectAsync(context, PublicAddress.Is, cancellationToken);

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, Predicate<IPAddress> mayReach, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var reachable = Array.FindAll(addresses, mayReach);
        if (reachable.Length == 0 && addresses.Length > 0)
            throw new CallFailedException(ErrorCode.PolicyDenied, $"'{host}' leads to {addresses[0]}, which is no public address. If that is meant, list the host in `allow_hosts`");
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
