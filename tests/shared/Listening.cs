using System.Net;
using System.Net.Sockets;

namespace Hydra.Tests.Shared;

/// <summary>HTTP listeners on free ports of this machine. They cannot ask for port 0, so a port may be taken between the look and the grasp: then another one is.</summary>
internal static class Listening
{
    /// <param name="path">Begins and ends with a slash.</param>
    public static (HttpListener Listener, int Port) On(string path = "/")
    {
        for (var tries = 0; ; tries++)
        {
            var port = FreePort();
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}{path}");
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException) when (tries < 20)
            {
                // Taken meanwhile: another port.
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
