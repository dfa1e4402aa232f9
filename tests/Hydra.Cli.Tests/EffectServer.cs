using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hydra.Cli.Tests;

/// <summary>The world outside: counts effects by path and idempotency key, in a process that no test kills.</summary>
internal sealed class EffectServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _arrivals = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Task> _served = new();
    private readonly Task _serving;

    public EffectServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _serving = Task.Run(ServeAsync);
    }

    public int Port { get; }
    /// <summary>Every effect in the order of its arrival.</summary>
    public ConcurrentQueue<(string Path, string? Key)> Effects { get; } = new();
    /// <summary>Called with the path when an effect has happened and is not answered yet.</summary>
    public Action<string>? Happened { get; set; }

    /// <summary>A node that has this effect.</summary>
    public string Node(string id, string more = "") =>
        $"  - {{id: {id}, type: http, method: POST, url: 'http://127.0.0.1:{Port}/{id}', allow_hosts: ['127.0.0.1']{(more.Length > 0 ? ", " + more : "")}}}\n";

    public string Compensation(string path) => $"compensate: {{type: http, method: POST, url: 'http://127.0.0.1:{Port}/{path}', allow_hosts: ['127.0.0.1']}}";

    public bool Saw(string path) => Effects.Any(effect => effect.Path == path);

    /// <summary>Leaves an effect unanswered until the returned source is completed.</summary>
    public TaskCompletionSource Hold(string path) => _held[path] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the effect has happened for the first time.</summary>
    public Task ArrivalOf(string path) => Arrival(path).Task;

    private TaskCompletionSource Arrival(string path) => _arrivals.GetOrAdd(path, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>
    /// Completes when everything has happened that was asked for by processes that are gone: what one had sent when it was killed may
    /// still be on its way, and whoever looked before would say that it did not happen.
    /// </summary>
    public async Task SettledAsync()
    {
        using (var last = new HttpClient()) await last.GetStringAsync($"http://127.0.0.1:{Port}/");   // whoever came before has been let in
        await Task.WhenAll(_served);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                _served.Enqueue(ServeAsync(await _listener.AcceptAsync()));
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>One connection, to its end.</summary>
    private async Task ServeAsync(Socket connection)
    {
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.Latin1);   // a letter is a byte
        try
        {
            while (await reader.ReadLineAsync() is { } asked)
            {
                var (key, length) = ((string?)null, 0);
                string? line;
                while ((line = await reader.ReadLineAsync()) is { Length: > 0 })
                {
                    var (name, value) = (line.Split(':')[0], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
                    if (name.Equals("Idempotency-Key", StringComparison.OrdinalIgnoreCase)) key = value;
                    if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)) length = int.Parse(value, CultureInfo.InvariantCulture);
                }
                if (line is null || (length > 0 && await reader.ReadBlockAsync(new char[length]) < length)) return;   // it was killed while it asked
                var said = await AnswerAsync(asked.Split(' ')[1][1..], key);
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(said)}\r\n\r\n{said}"));
            }
        }
        catch (IOException)
        {
            // Whoever asked was killed.
        }
    }

    private async Task<string> AnswerAsync(string path, string? key)
    {
        if (path.Length == 0) return "";
        Effects.Enqueue((path, key));
        Arrival(path).TrySetResult();
        Happened?.Invoke(path);
        if (_held.TryGetValue(path, out var held)) await held.Task;
        return "did " + path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held.Values) held.TrySetResult();
        _listener.Dispose();
        await _serving;
    }
}
