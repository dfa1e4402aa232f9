using System.Diagnostics;
using System.Text.Json;
using System.Web;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Hydra.Agents.Mcp;

/// <summary>
/// One connection to a server, from handshake to end. The only file that sees the protocol's package, which is loaded when the first
/// server is spoken to and not before. Calls may be made at once.
/// </summary>
internal sealed class McpSession : IAsyncDisposable
{
    private static readonly TimeSpan PongWithin = TimeSpan.FromSeconds(2);
    /// <summary>How long a program may take to end after its input was closed, in real time: foreign code keeps no other.</summary>
    private static readonly TimeSpan Leaving = TimeSpan.FromSeconds(2);

    private readonly McpServerSpec _server;
    private readonly FloodGuard _guard;
    private readonly Process? _process;
    private readonly HttpClient? _http;
    private readonly TailOutput _errors = new();
    private readonly SemaphoreSlim _asking = new(1);
    private McpForms? _forms;   // of the call under way: the protocol does not say which call a question belongs to
    private int? _exitCode;
    private IDisposable? _held;
    private Task _readingErrors = Task.CompletedTask;
    private McpClient? _client;

    private McpSession(McpServerSpec server, FloodGuard guard, Process? process, HttpClient? http) => (_server, _guard, _process, _http) = (server, guard, process, http);

    /// <summary>The server said that its tools have changed since they were last listed.</summary>
    public bool ToolsMayHaveChanged { get; set; }
    /// <summary>A call was cut: it may hang as a whole.</summary>
    public bool IsSuspect { get; set; }
    public bool HasEnded => _client is null || _client.Completion.IsCompleted || _guard.Broken is not null;

    /// <summary>Revisions that begin with a handshake, newest first; a server that is asked for one may answer with no other.</summary>
    private static readonly string[] HandshakeRevisions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

    /// <summary>A connection by the newest revision; where a server answers that with nothing useful, by the newest it knows that begins with a handshake.</summary>
    public static async Task<McpSession> OpenAsync(McpServerSpec server, string workingDirectory, McpAuthorization? authorization, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(server, workingDirectory, authorization, clock, null, cancellationToken);
        }
        catch (Exception unread) when (IsUnread(unread))
        {
            // It answered, and not as the package can read: older servers may say anything to a method they do not know.
            foreach (var revision in HandshakeRevisions)
            {
                try
                {
                    return await OpenAsync(server, workingDirectory, authorization, clock, revision, cancellationToken);
                }
                catch (Exception other) when (IsUnread(other))
                {
                    // Perhaps the one before.
                }
            }
            throw;
        }
    }

    private static bool IsUnread(Exception failed) => failed is McpException or JsonException or KeyNotFoundException or InvalidOperationException;

    /// <param name="revision">Of the protocol; null: the newest, and what the package falls back to.</param>
    private static async Task<McpSession> OpenAsync(McpServerSpec server, string workingDirectory, McpAuthorization? authorization, TimeProvider clock, string? revision, CancellationToken cancellationToken)
    {
        var guard = new FloodGuard();
        var confined = server.Command is null ? null : Confine(server, workingDirectory);
        var process = confined is null ? null : ProcessRunner.Start(confined.Request);
        var http = process is null ? new HttpClient(new GuardedHttp(HttpDoors.HandlerFor(server.Url!.IdnHost), guard)) { Timeout = Timeout.InfiniteTimeSpan } : null;
        var session = new McpSession(server, guard, process, http) { _held = confined?.Held };
        try
        {
            if (process is not null) session._readingErrors = session.ReadErrorsAsync(process.StandardError.BaseStream);
            IClientTransport transport = process is not null
                ? new StreamClientTransport(process.StandardInput.BaseStream, new GuardedStream(process.StandardOutput.BaseStream, guard, isLines: true))
                : new HttpClientTransport(HttpOptions(server, authorization), http!, ownsHttpClient: false);
            session._client = await McpClient.CreateAsync(transport, session.Options(workingDirectory, clock, revision), cancellationToken: cancellationToken);
            return session;
        }
        catch (Exception failed)
        {
            // Whatever it was: nothing is left behind, and what the program said on its way out is told.
            await session.DisposeAsync();
            if (failed is OperationCanceledException || session.Account() is not { Length: > 0 } said) throw;
            if (session.ExitCode is null) throw new IOException($"{failed.Message}; {said}", failed);
#pragma warning disable MA0054 // what failed on the closed input of a program that has ended says nothing of why it ended
            throw new IOException(said);
#pragma warning restore MA0054
        }
    }

    private static Confined Confine(McpServerSpec server, string workingDirectory)
    {
        var sandbox = Sandboxes.Of(server.Sandbox);
        if (sandbox.WhyNot() is { } why) throw new CallFailedException(ErrorCode.BadRequest, why);
        var folder = Path.GetFullPath(workingDirectory);
        // What lies outside is not there in a sandbox, and what is to be written must be there before.
        if (sandbox.Name != "inprocess" && server.Roots.FirstOrDefault(root => Path.GetFullPath(root, folder) is var path && (!Directory.Exists(path) || Path.GetRelativePath(folder, path).StartsWith("..", StringComparison.Ordinal))) is { } missing)
            throw new CallFailedException(ErrorCode.BadRequest, $"its root '{missing}' is no folder in the working directory, and nothing else is there in the sandbox {sandbox.Name}. Make the folder, or write 'sandbox: none' to trust the program");
        return sandbox.Confine(new ProcessRequest(server.Command!, server.Arguments) { Environment = server.Environment, WorkingDirectory = workingDirectory, OutputBytesMax = 1, Writable = server.Roots });
    }

    private static HttpClientTransportOptions HttpOptions(McpServerSpec server, McpAuthorization? authorization) => new()
    {
        Endpoint = server.Url!,
        Name = server.Name,
        TransportMode = HttpTransportMode.StreamableHttp,
        AdditionalHeaders = server.Headers.ToDictionary(header => header.Key, header => header.Value, StringComparer.Ordinal),
        ConnectionTimeout = server.StartTimeout,
        OAuth = authorization is null ? null : OAuthOf(authorization),
    };

    private static ClientOAuthOptions OAuthOf(McpAuthorization authorization) => new()
    {
        RedirectUri = authorization.RedirectUri,
        ClientId = authorization.ClientId,
        ClientSecret = authorization.ClientSecret,
        ClientMetadataDocumentUri = authorization.ClientMetadataDocumentUri,
        DynamicClientRegistration = new DynamicClientRegistrationOptions { ClientName = "Hydra" },
        AuthorizationCallbackHandler = async (asked, cancellationToken) =>
        {
            if (await authorization.SignInAsync(asked.AuthorizationUri, cancellationToken) is not { } back) return null;
            var query = HttpUtility.ParseQueryString(back.Query);
            return new AuthorizationResult { Code = query["code"], State = query["state"], Iss = query["iss"] };
        },
    };

    private McpClientOptions Options(string workingDirectory, TimeProvider clock, string? revision) => new()
    {
        ProtocolVersion = revision,
        ClientInfo = new Implementation { Name = "hydra", Version = typeof(McpSession).Assembly.GetName().Version?.ToString(3) ?? "0" },
        InitializationTimeout = _server.StartTimeout,
        TimeProvider = clock,
        Handlers = new McpClientHandlers
        {
            // What is not handled is not offered, and a server that asks all the same is told that there is no such method: sampling always.
#pragma warning disable MCP9005 // deprecated in the protocol's newest revision; servers of the others still ask
            RootsHandler = _server.Roots.Count == 0 ? null : (_, _) => ValueTask.FromResult(new ListRootsResult
            {
                Roots = [.. _server.Roots.Select(root => new Root { Uri = new Uri(Path.GetFullPath(Path.Combine(workingDirectory, root))).AbsoluteUri, Name = root })],
            }),
#pragma warning restore MCP9005
            ElicitationHandler = _server.Forms == McpFormRule.Refuse ? null : (form, _) => ValueTask.FromResult((_forms ?? new McpForms(_server.Forms, null)).Answer(form)),
            NotificationHandlers =
            [
                new(NotificationMethods.ToolListChangedNotification, (_, _) =>
                {
                    ToolsMayHaveChanged = true;
                    return ValueTask.CompletedTask;
                }),
            ],
        },
    };

    /// <summary>Asks the server something, until it answers or is cut off.</summary>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        _guard.BeginQuestion();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _guard.Cut);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException cut) when (_guard.Broken is { } why && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException(why, cut);
        }
    }

    /// <summary>All tools of the server, page by page; none where it says that it has no tools.</summary>
    public Task<IReadOnlyList<McpDefinition>> ListAsync(CancellationToken cancellationToken) => AskAsync(ListPagesAsync, cancellationToken);

    private async Task<IReadOnlyList<McpDefinition>> ListPagesAsync(CancellationToken cancellationToken)
    {
        if (_client!.ServerCapabilities.Tools is null) return [];
        ToolsMayHaveChanged = false;
        var all = new List<McpDefinition>();
        var asked = new ListToolsRequestParams();
        var pages = 0;
        do
        {
            var page = await _client.ListToolsAsync(asked, cancellationToken);
            foreach (var tool in page.Tools) all.Add(DefinitionOf(tool));
            if (all.Count > McpDefinition.CountMax || ++pages > McpDefinition.CountMax) throw new CallFailedException(ErrorCode.PolicyDenied, $"it lists more than {McpDefinition.CountMax} tools");
            asked = new ListToolsRequestParams { Cursor = page.NextCursor };
        }
        while (asked.Cursor is not null);
        if (all.GroupBy(tool => tool.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new CallFailedException(ErrorCode.PolicyDenied, $"it lists two tools '{Excerpt.Of(twice.Key)}', and one would shadow the other");
        return all;
    }

    private static McpDefinition DefinitionOf(Tool tool)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(tool, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(Tool)));
        if (json.Length > McpDefinition.BytesMax) throw new CallFailedException(ErrorCode.PolicyDenied, $"the definition of its tool '{Excerpt.Of(tool.Name)}' has {json.Length} bytes, and at most {McpDefinition.BytesMax} are taken");
        if (tool.Name.Length is 0 or > 128) throw new CallFailedException(ErrorCode.PolicyDenied, $"it lists a tool with a name of {tool.Name.Length} characters, and 1 to 128 are taken");
        return new McpDefinition(ValueJson.Parse(json));
    }

    /// <summary>One call; an error that the tool itself reports comes back as <see cref="CallFailedException"/>.</summary>
    /// <param name="answered">What people have said to its questions; null: nobody can be asked.</param>
    /// <returns>The result, or a <see cref="ToolForm"/> that nobody has answered yet.</returns>
    public async Task<Value> CallAsync(string tool, ValueMap arguments, IReadOnlyList<AnsweredForm>? answered, Action alive, CancellationToken cancellationToken)
    {
        if (_server.Forms != McpFormRule.Ask) return await CallAsync(tool, arguments, alive, cancellationToken);
        await _asking.WaitAsync(cancellationToken);
        var forms = _forms = new McpForms(McpFormRule.Ask, answered);
        try
        {
            var result = await CallAsync(tool, arguments, alive, cancellationToken);
            if (forms.Open is null && ToolForm.Read(result) is not null) throw new CallFailedException(ErrorCode.ToolFailed, "its result has the form of a question to the user, and it asked none");
            return forms.Open?.ToValue() ?? result;
        }
        catch (Exception failed) when (forms.Open is not null && failed is CallFailedException or McpProtocolException)
        {
            return forms.Open!.ToValue();   // it went no further without its answer
        }
        finally
        {
            _forms = null;
            _asking.Release();
        }
    }

    private async Task<Value> CallAsync(string tool, ValueMap arguments, Action alive, CancellationToken cancellationToken)
    {
        var given = arguments.ToDictionary(pair => pair.Key, pair => (object?)JsonElement.Parse(ValueJson.ToUtf8(pair.Value)), StringComparer.Ordinal);
        return McpResult.ValueOf(await AskAsync(token => _client!.CallToolAsync(tool, given, new Pulse(alive), cancellationToken: token).AsTask(), cancellationToken));
    }

    /// <summary>Whether the server still answers at all.</summary>
    public async Task<bool> PingAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(PongWithin);
        try
        {
            await _client!.PingAsync(cancellationToken: limit.Token);
            return true;
        }
        catch (McpProtocolException)
        {
            return true;   // an answer, if no pong: the newest revision of the protocol has none
        }
        catch (Exception gone) when (gone is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // No answer in time, or a connection that is gone: the same to whoever asks.
            return false;
        }
    }

    /// <summary>What is known of how the server behaved, for a message; empty: nothing.</summary>
    public string Account()
    {
        var parts = new List<string>();
        if (_guard.Broken is { } broken) parts.Add(broken);
        else if (_guard.LastStray is { } stray) parts.Add($"it wrote a line that is no message: {Excerpt.Of(stray)}");
        if (ExitCode is { } code) parts.Add($"it ended with exit code {code}");
        if (_errors.Text is { Length: > 0 } said) parts.Add($"standard error ends with: {Excerpt.Of(said.Length > 300 ? said[^300..] : said, 300)}");
        return string.Join("; ", parts);
    }

    private int? ExitCode => _exitCode ?? (_process is { HasExited: true } ? _process.ExitCode : null);

    /// <remarks>(1) Close its input, which asks it to leave. (2) Give it a moment, unless it hangs. (3) End it and all it started.</remarks>
    public async ValueTask DisposeAsync()
    {
        // (1)
        if (_process is not null) CloseInput(_process);
        try
        {
            if (_client is not null) await Task.WhenAny(_client.DisposeAsync().AsTask(), Task.Delay(Leaving, CancellationToken.None));
        }
        catch (Exception failed) when (failed is IOException or HttpRequestException or McpException or InvalidOperationException or OperationCanceledException)
        {
            // It was going anyway.
        }
        _http?.Dispose();
        _guard.Dispose();
        _asking.Dispose();
        if (_process is null) return;

        // (2)
        if (!IsSuspect) await Task.WhenAny(_process.WaitForExitAsync(CancellationToken.None), Task.Delay(Leaving, CancellationToken.None));
        if (_process.HasExited) _exitCode = _process.ExitCode;

        // (3)
        await ProcessRunner.EndTreeAsync(_process);
        await Task.WhenAny(_readingErrors, Task.Delay(Leaving, CancellationToken.None));
        _process.Dispose();
        _held?.Dispose();
    }

    private static void CloseInput(Process process)
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            // The other end has closed it.
        }
    }

    private async Task ReadErrorsAsync(Stream from)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, CancellationToken.None) is > 0 and var count) _errors.Add(buffer.AsSpan(0, count));
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // What was read stands.
        }
    }

    private sealed class Pulse(Action alive) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => alive();
    }
}
