using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hydra.Gateway.Fake;

/// <summary>
/// A server that speaks the formats of OpenAI (chat completions, Responses, embeddings), Azure, Anthropic, Gemini, Ollama and Bedrock over
/// real HTTP and does what a script says, faults too. For tests, rehearsals and load tests: it knows no models and asks for no key; only
/// Bedrock's signatures are checked.
/// </summary>
public sealed class FakeProvider : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Writing = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly WebApplication _app;
    private readonly FakeScript _script;
    private readonly int[] _uses;
    private readonly ConcurrentQueue<FakeCall> _calls = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<FakeCall>> _awaited = new();
    private int _count, _running, _runningMax, _cancelled;

    private FakeProvider(WebApplication app, FakeScript script)
    {
        (_app, _script, _uses) = (app, script, new int[script.Rules.Count]);
        Open("/v1/chat/completions", FakeDoor.Chat);
        Open("/v1/responses", FakeDoor.Responses);
        Open("/v1/embeddings", FakeDoor.Embeddings);
        Open("/v1/messages", FakeDoor.Messages);
        Open("/openai/v1/chat/completions", FakeDoor.Azure);
        Open("/openai/v1/responses", FakeDoor.Responses);
        Open("/openai/v1/embeddings", FakeDoor.Embeddings);
        Open("/openai/deployments/{deployment}/chat/completions", FakeDoor.Azure);
        Open("/openai/deployments/{deployment}/embeddings", FakeDoor.Embeddings);
        Open("/v1beta/openai/chat/completions", FakeDoor.Chat);
        Open("/v1beta/models/{target}", GeminiDoor.Door);
        Open("/api/chat", OllamaDoor.Door);
        Open("/api/embed", OllamaDoor.Door);
        Open("/model/{model}/{verb}", BedrockDoor.Door);
        app.MapGet("/v1/models", (HttpContext context) => WriteJsonAsync(context, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. script.Models
                .Select(model => (JsonNode)new JsonObject { ["id"] = model, ["object"] = "model", ["created"] = 1,
                ["owned_by"] = "fake" })]),
        }));
        app.MapGet("/_fake/stats", (HttpContext context) => WriteJsonAsync(context, Stats()));
        app.MapGet("/_fake/calls", (HttpContext context) => context.Response.WriteAsJsonAsync(
            Calls.Select(call =>
                new { call.Number, call.Path, call.Model, call.IsStream, call.Prompt, call.Status, call.Outcome,
                call.Body }), Writing, context.RequestAborted));

        void Open(string path, FakeDoor door) => app.MapPost(path, (HttpContext context) => AnswerAsync(context, door));
    }

    /// <summary>Where it listens: <c>http://127.0.0.1:PORT</c>. An OpenAI client wants <c>/v1</c> after it, an Anthropic client does not.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The calls so far, oldest first; a snapshot.</summary>
    public IReadOnlyList<FakeCall> Calls => [.. _calls];

    /// <summary>No call is answered before this has happened. Default: nothing is waited for.</summary>
    public Task AnswersAfter { get; set; } = Task.CompletedTask;

    /// <summary>Starts on a free port of the loopback address.</summary>
    public static Task<FakeProvider> StartAsync(FakeScript? script = null,
        CancellationToken cancellationToken = default) =>
        StartAsync("http://127.0.0.1:0", script ?? new FakeScript(), cancellationToken);

    /// <summary>Serves until cancelled, as <c>hydra models fake</c> does.</summary>
    /// <param name="urls">Addresses to listen on, separated by semicolons.</param>
    /// <param name="scriptFile">The script, or null for plain answers.</param>
    /// <exception cref="FormatException">The script is wrong.</exception>
    public static async Task RunAsync(string urls, string? scriptFile, CancellationToken cancellationToken)
    {
        var script = scriptFile is null ? new FakeScript()
            : FakeScript.Parse(await File.ReadAllTextAsync(scriptFile, cancellationToken), scriptFile);
        await using var fake = await StartAsync(urls, script, cancellationToken);
        var stopped = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <summary>The call of this number (from 1), as soon as it has arrived.</summary>
    public async Task<FakeCall> WaitForCallAsync(int number, CancellationToken cancellationToken)
    {
        var waiting = _awaited.GetOrAdd(number,
            _ => new TaskCompletionSource<FakeCall>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (_calls.FirstOrDefault(call => call.Number == number) is { } arrived) return arrived;
        return await waiting.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Calls that hang are meant to be cut.
        }
        await _app.DisposeAsync();
    }

    /// <summary>Starts on the given addresses; <see cref="Url"/> then says the first of them with its real port.</summary>
    /// <param name="urls">Addresses to listen on, separated by semicolons.</param>
    public static async Task<FakeProvider> StartAsync(string urls, FakeScript script,
        CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 256 * 1024 * 1024;
            kestrel.Limits.MinResponseDataRate = null;   // slow and silent answers are the point
            kestrel.AddServerHeader = false;
        }).UseUrls(urls);
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var app = builder.Build();
        app.UseRouting();
        var fake = new FakeProvider(app, script);
        await app.StartAsync(cancellationToken);
        fake.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return fake;
    }

    private async Task AnswerAsync(HttpContext context, FakeDoor door)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var call = new FakeCall(Interlocked.Increment(ref _count), FakeDoor.RawPath(context.Request), body,
            context.Request.RouteValues["deployment"]?.ToString())
        {
            Query = context.Request.QueryString.Value ?? "",
            Betas = context.Request.Headers["anthropic-beta"].ToString(),
            KeyHeader = Array.Find((string[])["authorization", "x-api-key", "api-key", "x-goog-api-key"], context.Request.Headers.ContainsKey) ?? "",
        };
        Keep(call);
        InterlockedMax(ref _runningMax, Interlocked.Increment(ref _running));
        try
        {
            var rule = call.IsMalformed ? new FakeRule { Status = 400, ErrorMessage = "The body is not JSON." }
                : door.Refuse(context.Request, call) ?? RuleFor(call);
            await SendAsync(context, call, rule, door);
            call.End(rule.Then == "reset" ? "reset" : "done");
        }
        catch (Exception error) when (error is OperationCanceledException or IOException
            && context.RequestAborted.IsCancellationRequested)
        {
            Interlocked.Increment(ref _cancelled);
            call.End("cancelled");
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private FakeRule RuleFor(FakeCall call)
    {
        for (var i = 0; i < _script.Rules.Count; i++)
        {
            var rule = _script.Rules[i];
            if (!rule.When.Holds(call)) continue;
            if (rule.Times is { } times && Interlocked.Increment(ref _uses[i]) > times) continue;
            return rule;
        }
        return new FakeRule();
    }

    private async Task SendAsync(HttpContext context, FakeCall call, FakeRule rule, FakeDoor door)
    {
        var response = context.Response;
        var cancelled = context.RequestAborted;
        await AnswersAfter.WaitAsync(cancelled);
        if (rule.LatencyMs > 0) await Task.Delay(rule.LatencyMs, cancelled);
        call.Status = response.StatusCode = rule.Status;
        if (rule.RetryAfter is { } wait) response.Headers.RetryAfter = wait;
        if (rule.RetryAfterMs is { } milliseconds)
        {
            response.Headers["retry-after-ms"] = milliseconds.ToString(CultureInfo.InvariantCulture);
        }

        var raw = Raw(context, rule);
        if (raw is not null)
        {
            response.ContentType = rule.ContentType ?? (rule.Status >= 400 ? "application/json" : door.StreamType);
            await response.StartAsync(cancelled);
            await response.Body.FlushAsync(cancelled);
            do
            {
                await WriteAsync(response, raw, rule.WriteSizes, cancelled);
            }
            while (rule.Then == "repeat");
        }
        else if (rule.Status >= 400)
        {
            response.ContentType = "application/json";
            if (door.ErrorHeader is { } header) response.Headers[header] = door.ErrorName(rule);
            await response.WriteAsync(door.Error(rule), cancelled);
        }
        else if (call.IsStream)
        {
            var reply = FakeReply.Of(call, rule, _script.Answer);
            response.ContentType = door.StreamType;
            await response.StartAsync(cancelled);
            foreach (var sent in door.Events(reply).Take(rule.CutAfter ?? int.MaxValue))
            {
                await WriteAsync(response, sent, rule.WriteSizes, cancelled);
                if (rule.ChunkDelayMs > 0) await Task.Delay(rule.ChunkDelayMs, cancelled);
            }
            if (rule.Then == "error") await WriteAsync(response, door.ErrorEvent(rule), rule.WriteSizes, cancelled);
        }
        else if (rule.Then is not ("hang" or "reset"))
        {
            var reply = FakeReply.Of(call, rule, _script.Answer);
            response.ContentType = "application/json";
            await response.WriteAsync(door.Whole(reply), cancelled);
        }
        call.MarkWritten();
        if (rule.Then == "hang") await Task.Delay(Timeout.Infinite, cancelled);
        if (rule.Then == "reset") context.Abort();
    }

    private static byte[]? Raw(HttpContext context, FakeRule rule)
    {
        if (rule.Body is { } text) return Encoding.UTF8.GetBytes(text);
        if (rule.BodyB64 is not { } base64) return null;
        var bytes = Convert.FromBase64String(base64);
        if (bytes.AsSpan().IndexOf("{{KEY}}"u8) < 0) return bytes;
        var key = context.Request.Headers.Authorization.ToString()
            .Replace("Bearer ", "", StringComparison.Ordinal) + context.Request.Headers["x-api-key"]
            + context.Request.Headers["api-key"];
        return Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(bytes)
            .Replace("{{KEY}}", key, StringComparison.Ordinal));
    }

    private static async Task WriteAsync(HttpResponse response, byte[] bytes, IReadOnlyList<int> sizes,
        CancellationToken cancellationToken)
    {
        for (int at = 0, turn = 0; at < bytes.Length; turn++)
        {
            var size = sizes.Count == 0 ? bytes.Length : Math.Clamp(sizes[turn % sizes.Count], 1, bytes.Length - at);
            await response.Body.WriteAsync(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            at += size;
        }
    }

    private void Keep(FakeCall call)
    {
        _calls.Enqueue(call);
        while (_calls.Count > _script.CallsKeptMax && _calls.TryDequeue(out _)) { }
        if (_awaited.TryRemove(call.Number, out var waiting)) waiting.TrySetResult(call);
    }

    private JsonObject Stats()
    {
        var models = new JsonObject();
        foreach (var (model, count) in Calls.CountBy(call => call.Model)) models[model] = count;
        return new JsonObject
        {
            ["calls"] = _count, ["running"] = _running, ["running_max"] = _runningMax, ["cancelled"] = _cancelled,
            ["kept_by_model"] = models,
        };
    }

    private static Task WriteJsonAsync(HttpContext context, JsonNode json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json.ToJsonString(), context.RequestAborted);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref target))
            && Interlocked.CompareExchange(ref target, value, seen) != seen) { }
    }
}
