using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>The events of one answer while they come. Used once, by one caller.</summary>
/// <param name="usageSoFar">Asked when the stream breaks, so that the failure says what it has cost.</param>
internal sealed class EventStream(ModelHttp http, GatewayOptions options, Endpoint endpoint, HttpRequestMessage request, Func<TokenUsage> usageSoFar, CancellationToken cancellationToken) : IAsyncDisposable
{
    /// <summary>Name of the event of an answer that came whole although a stream was asked for.</summary>
    public const string WholeAnswer = "whole";

    private readonly CallClock _clock = new(options.FirstEventTimeout, "first event", options.Clock, cancellationToken);
    private HttpResponseMessage? _response;
    private Stream? _body;
    private IEventReader? _reader;
    private bool _hasCome, _isOver;

    /// <summary>
    /// The next event; its data stands until the next is waited for. A provider that ignores the wish to stream and answers with one JSON
    /// document gives that document alone, under the name <see cref="WholeAnswer"/>.
    /// </summary>
    /// <returns>Null: the stream is over.</returns>
    /// <exception cref="CallFailedException">Whatever went wrong.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async ValueTask<StreamEvent?> NextAsync()
    {
        try
        {
            if (_response is null)
            {
                _response = await http.SendAsync(endpoint, request, _clock.Token);
                if (_response.Content.Headers.ContentType?.MediaType is "application/json")
                {
                    _isOver = true;
                    return new StreamEvent(WholeAnswer, await ModelHttp.ReadAnswerAsync(endpoint, _response, _clock.Token));
                }
                _body = await _response.Content.ReadAsStreamAsync(_clock.Token);
                _reader = endpoint.Reader(_body);
            }
            while (!_isOver)
            {
                if (await ReadAsync() is { } next && IsTaken(next)) return next;
            }
            return null;
        }
        // Foreign code ends here: whatever it threw is told in our words.
        catch (Exception error) when (error is not CallFailedException)
        {
            throw _clock.Explain(error, endpoint, usageSoFar());
        }
    }

    /// <summary>A further event that came together with the last one; false: it has to be waited for.</summary>
    public bool TryNext(out StreamEvent next)
    {
        while (!_isOver && _reader!.TryRead(out next))
        {
            if (IsTaken(next)) return true;
        }
        next = default;
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        (_reader as IDisposable)?.Dispose();
        if (_body is not null) await _body.DisposeAsync();
        _response?.Dispose();
        _clock.Dispose();
    }

    private async ValueTask<StreamEvent?> ReadAsync()
    {
        // Without a wait, and without what only a wait needs, where there is something already.
        var reading = _reader!.ReadAsync(_clock.Token);
        var isWaiting = !reading.IsCompletedSuccessfully;
        if (isWaiting && _hasCome) _clock.Restart(options.IdleTimeout, "further event");
        if (await reading is { } next)
        {
            // How long the caller takes with it is no silence of the provider's.
            if (isWaiting || !_hasCome) _clock.Restart(Timeout.InfiniteTimeSpan, "further event");
            _hasCome = true;
            return next;
        }
        _isOver = true;
        if (_hasCome) return null;
        throw new CallFailedException(ErrorCode.ProviderError, $"{endpoint} answered {(int)_response!.StatusCode} and an empty stream.") { HttpStatus = (int)_response.StatusCode };
    }

    private bool IsTaken(in StreamEvent next)
    {
        _isOver = next.IsDone;
        return !_isOver && next.Data.Length > 0;
    }
}
