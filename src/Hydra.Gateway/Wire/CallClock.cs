using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>
/// The patience of one call: cancels it when it has been silent for too long, and tells that timeout from the caller's cancel.
/// </summary>
internal sealed class CallClock : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly TimedToken _timer;
    private TimeSpan _limit;
    private ErrorCode _code = ErrorCode.Timeout;
    private string _what;

    public CallClock(TimeSpan limit, string what, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _limit = limit;
        _what = what;
        _timer = new TimedToken(limit, time, caller);
    }

    public CancellationToken Token => _timer.Token;

    /// <summary>Something came: from now on the silence until the next thing counts, as <c>idle_timeout</c>.</summary>
    public void Restart(TimeSpan limit, string what)
    {
        (_limit, _what, _code) = (limit, what, ErrorCode.IdleTimeout);
        _timer.Restart(limit);
    }

    /// <summary>What an exception of the call means to its caller; <see cref="OperationCanceledException"/> only if the caller cancelled.</summary>
    public Exception Explain(Exception error, Endpoint endpoint, TokenUsage usage = default)
    {
        if (error is CallFailedException) return error;
        if (_caller.IsCancellationRequested)
        {
            return new OperationCanceledException("The call was cancelled.", error, _caller);
        }
        if (_timer.IsOver)
        {
            return new CallFailedException(_code, $"{endpoint} sent no {_what} for {_limit.TotalSeconds:0.###} s.",
                error) { Usage = usage };
        }
        return error switch
        {
            OperationCanceledException =>
                new CallFailedException(ErrorCode.Timeout, $"{endpoint} could not be reached in time.",
                error) { Usage = usage },
            HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } =>
                new CallFailedException(ErrorCode.ProviderError,
                $"{endpoint} closed the connection in the middle of its answer (truncated).", error) { Usage = usage },
            HttpRequestException or IOException => new CallFailedException(ErrorCode.Network,
                $"{endpoint} could not be reached or broke the connection: {Innermost(error)}. Is {endpoint.Setting} right?", error) { Usage = usage },
            _ => error,
        };
    }

    public void Dispose() => _timer.Dispose();

    private static string Innermost(Exception error)
    {
        while (error.InnerException is { } inner) error = inner;
        return error.Message.TrimEnd('.');
    }
}
