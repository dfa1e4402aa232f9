using System.Net;
using System.Net.Sockets;

namespace Hydra.Tests.Shared;

/// <summary>Ports of this machine. Whoever cannot ask for port 0 may find the port taken between the look and the grasp: then another one is.</summary>
internal static class Listening
{
    /// <summary>How often another port is tried.</summary>
    public const int TriesMax = 20;

    /// <param name="path">Begins and ends with a slash.</param>
    /// <param name="isNamed">It also answers as <c>localhost</c>.</param>
    public static (HttpListener Listener, int Port) On(string path = "/", bool isNamed = false)
    {
        for (var tries = 0; ; tries++)
        {
            var port = FreePort();
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}{path}");
            if (isNamed) listener.Prefixes.Add($"http://localhost:{port}{path}");
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException) when (tries < TriesMax)
            {
                // Taken meanwhile: another port.
            }
        }
    }

    /// <summary>A port on which nobody listens, nor can as long as it is held.</summary>
    public static (Socket Held, int Port) Nowhere()
    {
        var held = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        held.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (held, ((IPEndPoint)held.LocalEndPoint!).Port);
    }

    /// <summary>A port that nobody had a moment ago.</summary>
    public static int FreePort()
    {
        var (held, port) = Nowhere();
        held.Dispose();
        return port;
    }
}
