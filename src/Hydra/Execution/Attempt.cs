using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Execution;

/// <summary>
/// One attempt while it runs: calls the node type, watches the clocks, and is the line between runner and run. It ends
/// in exactly one message, whatever the runner does.
/// </summary>
internal sealed class Attempt : ILine
{
    /// <summary>How long a runner may take to let go after it was told to stop; then the run goes on without it.</summary>
    private static readonly TimeSpan LettingGo = TimeSpan.FromSeconds(10);

    private readonly RunLoop _loop;
    private readonly int _instance;
    private readonly NodeAttempt _given;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private ITimer? _watch;
    private bool _isWatchSet;
    private ITimer? _lettingGo;
    private ErrorCode? _stoppedBy;
    private long _workedSince;
    private TimeSpan _worked;
    private long _lastProgress;
    private int _waitingGrants;
    private int _hasAsked;
    private int _hasEnded;

    public Attempt(RunLoop loop, int instance, NodeAttempt given)
    {
        _loop = loop;
        _instance = instance;
        _given = given;
    }

    /// <summary>It is begun by the loop itself, which goes on when it has asked for its first call.</summary>
    public bool IsEarly { get; init; }

    /// <summary>No earlier result stands for it.</summary>
    public bool IsAskedAnew { get; init; }

    private TimeProvider Clock => _given.Services.Clock;
    private NodeSettings Settings => _given.Node.Settings;

    public async Task RunAsync(ILeafNodeType type)
    {
        StartWatch();
        AttemptOutcome outcome;
        try
        {
            if (_loop.Reuse?.Find(_given, _instance, IsAskedAnew) is { } source)
            {
                End(new AttemptOutcome.Completed(Value.Null, source.Signal), source);
                StopWatch();
                return;
            }
            outcome = _given.Services.IsDryRun && !type.AnswersDryRuns ? DryRun.Outcome(_given) : await type.RunAsync(_given, LineOf(), _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            outcome = StoppedOutcome();
        }
        catch (Exception thrown)   // foreign code: whatever a runner throws is the attempt's failure, never the engine's
        {
            outcome = AttemptFailures.Of(thrown);
            if (_stop.IsCancellationRequested && outcome is AttemptOutcome.Failed) outcome = StoppedOutcome();
        }
        End(outcome);
        StopWatch();
    }

    /// <summary>Runs a type that neither waits nor calls out, on the loop's own thread.</summary>
    public static AttemptOutcome RunInline(ILeafNodeType type, NodeAttempt given, ILine line)
    {
        try
        {
            var running = type.RunAsync(given, line, CancellationToken.None);
            if (running.IsCompletedSuccessfully) return running.Result;
            return running.AsTask().GetAwaiter().GetResult();
        }
        catch (Exception thrown)   // foreign code, as above
        {
            return AttemptFailures.Of(thrown);
        }
    }

    public void Cancel()
    {
        StopFor(ErrorCode.Cancelled);
        _lettingGo = Clock.CreateTimer(_ => End(new AttemptOutcome.Failed(ErrorCode.Cancelled, "the attempt did not let go in time after it was cancelled")), null, LettingGo, Timeout.InfiniteTimeSpan);
    }

    private void End(AttemptOutcome outcome, ReuseSource? source = null)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0) return;
        _lettingGo?.Dispose();
        _loop.EndAttempt(_instance, _given, outcome, source);
    }

    private AttemptOutcome.Failed StoppedOutcome() => (_stoppedBy ?? ErrorCode.Cancelled) switch
    {
        var code when code == ErrorCode.Timeout => new(code, $"no result within timeout_seconds {Settings.Timeout!.Value.TotalSeconds:0.###}"),
        var code when code == ErrorCode.IdleTimeout => new(code, $"no sign of life for idle_timeout_seconds {Settings.IdleTimeout!.Value.TotalSeconds:0.###}"),
        var code => new(code, "cancelled"),
    };

    // The clocks: the whole attempt, without the time its calls queue; and the silence between signs of life.

    private void StartWatch()
    {
        if (Settings.Timeout is null && Settings.IdleTimeout is null) return;
        _workedSince = _lastProgress = Clock.GetTimestamp();
        _watch = Clock.CreateTimer(_ => Look(isDue: true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Look(isDue: false);
    }

    /// <param name="isDue">The timer went off. It may do so too early: nothing brings a time forward, so one that is set is left as it is.</param>
    private void Look(bool isDue)
    {
        lock (_lock)
        {
            if (isDue) _isWatchSet = false;
            if (_watch is null || _waitingGrants > 0 || _isWatchSet) return;
            var worked = _worked + Clock.GetElapsedTime(_workedSince);
            var silent = Clock.GetElapsedTime(_lastProgress);
            var left = Settings.Timeout is { } timeout ? timeout - worked : TimeSpan.MaxValue;
            var idleLeft = Settings.IdleTimeout is { } idle ? idle - silent : TimeSpan.MaxValue;
            if (left <= TimeSpan.Zero || idleLeft <= TimeSpan.Zero)
            {
                var code = left <= TimeSpan.Zero ? ErrorCode.Timeout : ErrorCode.IdleTimeout;
                ThreadPool.UnsafeQueueUserWorkItem(static state => state.Attempt.StopFor(state.Code), (Attempt: this, Code: code), preferLocal: false);
                return;
            }
            var next = left < idleLeft ? left : idleLeft;
            _isWatchSet = true;
            _watch.Change(next < TimeSpan.FromDays(1) ? next : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }
    }

    private void StopWatch()
    {
        lock (_lock)
        {
            _watch?.Dispose();
            _watch = null;
        }
    }

    private void StopFor(ErrorCode code)
    {
        lock (_lock) _stoppedBy ??= code;
        _stop.Cancel();
    }

    private void PauseClock()
    {
        if (_watch is null) return;
        lock (_lock)
        {
            if (_waitingGrants++ == 0) _worked += Clock.GetElapsedTime(_workedSince);
        }
    }

    private void ResumeClock()
    {
        if (_watch is null) return;
        lock (_lock)
        {
            if (--_waitingGrants > 0) return;
            _workedSince = _lastProgress = Clock.GetTimestamp();
        }
        Look(isDue: false);
    }

    /// <summary>A replayed run is answered by its recording; a dry one calls nobody anyway.</summary>
    private ILine LineOf() => _given.Services.Cassette is { } cassette
        ? new ReplayLine(this, _given.Path, cassette, why => _loop.Post(new Message.StopRequested(RunStatus.Failed, why)))
        : this;

    // The line.

    public async ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken)
    {
        var ticket = new TaskCompletionSource<StepAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        PauseClock();
        try
        {
            _loop.Post(new Message.StepRequested(_instance, _given.Attempt, _given.Incarnation, call, ticket));
            var isFirst = Interlocked.Exchange(ref _hasAsked, 1) == 0;
            if (isFirst && !IsEarly) _loop.Reuse?.Note(_given, _instance);   // while the intent is on its way to disk
            StepAnswer answer;
            using (cancellationToken.UnsafeRegister(static (asked, token) => ((TaskCompletionSource<StepAnswer>)asked!).TrySetCanceled(token), ticket)) answer = await ticket.Task;
            if (isFirst && IsEarly) _loop.Reuse?.Note(_given, _instance);   // before, it would keep the loop from writing the intent
            if (answer.Error is { } error) throw new CallFailedException(error.Code, error.Message) { RetryAfter = answer.RetryAfter };
            return new StepGrant(answer.Step, answer.Known) { IsUnderBudget = answer.IsUnderBudget };
        }
        finally
        {
            ResumeClock();
        }
    }

    public void Report(StepGrant grant, StepResult result)
    {
        if (grant.Known is null) _loop.Enqueue(new Message.StepReported(_instance, _given.Attempt, _given.Incarnation, grant.Step, result));
    }

    public void Progress(string? partial = null)
    {
        if (_watch is not null) _lastProgress = Clock.GetTimestamp();
        _loop.Progress(_instance, partial);
    }

    public ValueRef Keep(Value value, Labels labels = default) => _loop.Artifacts.Keep(value, labels);

    public Value Read(ValueRef reference) => _loop.Artifacts.Read(reference);
}

/// <summary>What a runner threw, as the outcome of its attempt.</summary>
internal static class AttemptFailures
{
    public static AttemptOutcome Of(Exception thrown) => thrown switch
    {
        CallFailedException call => new AttemptOutcome.Failed(call.Code, call.Message, call.RetryAfter),
        TemplateException template => new AttemptOutcome.Failed(ErrorCode.BadRequest, template.Message),
        ModelUnavailableException model => new AttemptOutcome.Failed(ErrorCode.BadRequest, model.Message),
        StoreException store => new AttemptOutcome.Failed(ErrorCode.ToolFailed, store.Message),
        OperationCanceledException => new AttemptOutcome.Failed(ErrorCode.Cancelled, "cancelled"),
        _ => new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"{thrown.GetType().Name}: {thrown.Message}"),
    };
}
