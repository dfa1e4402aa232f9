using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Hydra.Tests.Shared;

namespace Hydra.Cli.Tests;

/// <summary>The world outside: counts effects by path and idempotency key, in a process that no test kills.</summary>
internal sealed class EffectServer : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _arrivals = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new(StringComparer.Ordinal);
    private readonly Task _serving;

    public EffectServer()
    {
        (_listener, Port) = Listening.On();
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

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath[1..];
        Effects.Enqueue((path, context.Request.Headers["Idempotency-Key"]));
        Arrival(path).TrySetResult();
        Happened?.Invoke(path);
        if (_held.TryGetValue(path, out var held)) await held.Task;
        try
        {
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes("did " + path), CancellationToken.None);
            context.Response.Close();
        }
        catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Whoever asked was killed.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held.Values) held.TrySetResult();
        _listener.Close();
        await _serving;
    }
}
