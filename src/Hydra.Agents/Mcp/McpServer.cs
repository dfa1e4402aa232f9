using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Mcp;

/// <summary>
/// One server as a run uses it: connected when first needed, connected anew after it was lost, left alone while its breaker is open, and
/// used only while it offers what is pinned. Every failure names the server. Safe for many callers at once.
/// </summary>
/// <param name="spec">With its variables filled in.</param>
internal sealed class McpServer(McpServerSpec spec, string workingDirectory, McpAuthorization? authorization, TimeProvider clock) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Breaker _breaker = new(spec.Breaker);
    private readonly McpPins _pins = new(workingDirectory);
    private McpSession? _session;
    private bool _isChecked;   // what the connection offers was listed and is what is pinned
    private long _opened;

    public McpServerSpec Spec => spec;

    /// <summary>The tools that may be told of: the pinned ones; where nothing is pinned yet, those offered now, which are pinned by that.</summary>
    public async ValueTask<IReadOnlyList<McpDefinition>> ToolsAsync(CancellationToken cancellationToken)
    {
        if (_pins.Find(spec.Name) is { } pin && pin.Source == spec.Source) return pin.Tools;
        await SessionAsync(cancellationToken);
        return _pins.Find(spec.Name)!.Tools;
    }

    /// <summary>What the server offers now, pinned or not.</summary>
    public async ValueTask<IReadOnlyList<McpDefinition>> OfferedAsync(CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(cancellationToken);
        return await GuardAsync(session, null, EffectClass.Pure, token => session.ListAsync(token), cancellationToken);
    }

    /// <param name="effect">What doing it twice would mean: decides what a connection lost in the middle of the call leads to.</param>
    /// <param name="answered">What people have said to its questions; null: nobody can be asked.</param>
    public async ValueTask<Value> CallAsync(string tool, ValueMap arguments, EffectClass effect, IReadOnlyList<AnsweredForm>? answered, Action alive, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        return await GuardAsync(session, tool, effect, token => session.CallAsync(tool, arguments, answered, alive, token), cancellationToken);
    }

    /// <remarks>(1) Keep the connection that works. (2) Open one. (3) Hold what it offers against the pin.</remarks>
    private async ValueTask<McpSession> SessionAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // (1)
            if (_session is { HasEnded: false, IsSuspect: true } suspect) suspect.IsSuspect = !await suspect.PingAsync(cancellationToken);
            if (_session is not { HasEnded: false, IsSuspect: false })
            {
                // (2)
                if (_session is not null) await _session.DisposeAsync();
                (_session, _isChecked) = (null, false);
                _session = await OpenAsync(cancellationToken);
            }
            if (_isChecked && !_session.ToolsMayHaveChanged) return _session;
            _isChecked = false;

            // (3)
            var offered = await GuardAsync(_session!, null, EffectClass.Pure, token => _session!.ListAsync(token), cancellationToken);
            if (_pins.Find(spec.Name) is not { } pin)
            {
                _pins.Record(spec.Name, new McpPin(spec.Source, offered));
                _isChecked = true;
                return _session!;
            }
            var differences = McpPins.Differences(pin, spec.Source, offered);
            _isChecked = differences.Count == 0;
            if (_isChecked) return _session!;
            throw new CallFailedException(ErrorCode.PolicyDenied,
                $"the MCP server '{spec.Name}' is not what was pinned in {McpPins.FileName}: {string.Join("; ", differences)}. Look at the change, and if it is right pin it with `hydra tools pin {spec.Name} --workflow FILE`");
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<McpSession> OpenAsync(CancellationToken cancellationToken)
    {
        var caller = Interlocked.Increment(ref _opened);
        lock (_breaker)
        {
            if (_breaker.Refuses(clock.GetUtcNow().ToUnixTimeMilliseconds()))
                throw new CallFailedException(ErrorCode.ToolFailed, $"the MCP server '{spec.Name}' is left alone for {spec.Breaker.Cooldown.TotalSeconds:0.###} s after {spec.Breaker.Failures} failures");
            _breaker.Enter(caller);
        }
        using var limit = new CancellationTokenSource(spec.StartTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var session = await McpSession.OpenAsync(spec, workingDirectory, authorization, clock, either.Token);
            lock (_breaker) _breaker.Succeeded(caller);
            return session;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            lock (_breaker) _breaker.Abandoned(caller);
            throw;
        }
        catch (Exception failed)
        {
            // The package and the system beneath it throw many types; all mean that there is no connection.
            lock (_breaker) _breaker.Failed(caller, clock.GetUtcNow().ToUnixTimeMilliseconds());
            var code = failed is CallFailedException { Code: var own } ? own : limit.IsCancellationRequested ? ErrorCode.Timeout : spec.Command is null ? ErrorCode.Network : ErrorCode.ToolFailed;
            var why = limit.IsCancellationRequested ? $"gave no handshake within {spec.StartTimeout.TotalSeconds:0.###} s" : $"could not be connected: {WordsOf(failed)}";
            throw new CallFailedException(code, $"the MCP server '{spec.Name}' ({spec.Source}) {why}", failed);
        }
    }

    /// <summary>Does something over a connection and says in its own words, with the server's name, what went wrong.</summary>
    /// <param name="tool">The tool that is called; null: the tools are listed.</param>
    private async ValueTask<T> GuardAsync<T>(McpSession session, string? tool, EffectClass effect, Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(tool is null ? spec.StartTimeout : Timeout.InfiniteTimeSpan, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var what = tool is null ? $"the MCP server '{spec.Name}'" : $"'{tool}' of the MCP server '{spec.Name}'";
        try
        {
            return await act(either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            session.IsSuspect = true;
            throw;
        }
        catch (CallFailedException failed)
        {
            throw new CallFailedException(failed.Code, tool is null ? $"the tools of {what} are not used: {failed.Message}" : $"{what} failed: {failed.Message}", failed);
        }
        catch (Exception failed)
        {
            // The package throws its own types, the transports those of the system: they differ in whether an answer came.
            session.IsSuspect = true;
            if (limit.IsCancellationRequested) throw new CallFailedException(ErrorCode.Timeout, $"{what} did not list its tools within {spec.StartTimeout.TotalSeconds:0.###} s{Account(session)}", failed);
            if (IsAnswer(failed)) throw new CallFailedException(ErrorCode.ToolFailed, $"{what} answered with an error: {WordsOf(failed)}", failed);
            lock (_breaker) _breaker.Failed(_opened, clock.GetUtcNow().ToUnixTimeMilliseconds());
            var mayRepeat = effect is EffectClass.Pure or EffectClass.Idempotent;
            throw new CallFailedException(!mayRepeat ? ErrorCode.UnknownOutcome : spec.Command is null ? ErrorCode.Network : ErrorCode.ToolFailed,
                $"{what} was lost in the middle of the call: {WordsOf(failed)}{Account(session)}{(mayRepeat ? "" : ". It is not known whether it took effect")}", failed);
        }
    }

    private static string Account(McpSession session) => session.Account() is { Length: > 0 } said ? "; " + said : "";

    /// <summary>A method of its own, so that the protocol's package is loaded only when something has failed.</summary>
    private static bool IsAnswer(Exception failed) => failed is ModelContextProtocol.McpProtocolException { InnerException: null };

    private static string WordsOf(Exception failed) => Excerpt.Of(failed.InnerException is { } inner && !failed.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{failed.Message} ({inner.Message})" : failed.Message, 500);

    public async ValueTask DisposeAsync()
    {
        if (_session is not null) await _session.DisposeAsync();
        _turn.Dispose();
    }
}
