using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>One attempt's answer while it comes in. Used once, by one caller.</summary>
internal sealed class LiveAnswer(Deployment deployment, Operation operation, Attempt attempt, AttemptRunner.Pass pass, Reservation reservation, ICallLedger ledger, TimeProvider clock)
{
    /// <summary>Frames that are held back at most before there is content; more than that is content of some kind.</summary>
    private const int HeldMax = 64;

    /// <summary>The race that this answer won; null: there was none. It is over when the answer is.</summary>
    public HedgeRace? Race { private get; set; }
    public Deployment Deployment => deployment;

    private readonly long _startedAt = clock.GetTimestamp();
    private readonly List<ChatResponseUpdate> _held = [];
    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private TimedToken? _patience;
    private TimeSpan _idle;
    private UsageDetails? _usage;
    private string? _service;
    private long _chars;
    private bool _isWhole;

    /// <summary>Asks, and reads up to the commit point.</summary>
    public async ValueTask<AttemptStart> OpenAsync(IEnumerable<ChatMessage> messages, CallOptions options, TimeoutConfig timeouts, CancellationToken cancellationToken)
    {
        attempt.BegunAt = clock.GetUtcNow();
        var limit = operation.IsStreamed ? timeouts.FirstToken : timeouts.Answer ?? timeouts.Total / 2;
        _idle = timeouts.Idle;
        _patience = new TimedToken(limit, clock, cancellationToken);
        try
        {
            _updates = Ask(messages, NativeFields.For(deployment, options, attempt.Dropped), _patience.Token).GetAsyncEnumerator(_patience.Token);
            do
            {
                if (!await _updates.MoveNextAsync())
                {
                    _isWhole = true;
                    break;
                }
                _held.Add(_updates.Current);
                Note(_updates.Current);
            }
            while (!HasContent(_updates.Current) && _held.Count < HeldMax);
        }
        catch (OperationCanceledException) when (IsOutOfPatience)
        {
            var late = new CallFailedException(ErrorCode.Timeout, $"'{deployment.Id}' sent no {(operation.IsStreamed ? "content" : "answer")} within {limit.TotalSeconds:0.###} s.");
            await FailAsync(late);
            return new AttemptStart.Failed(FailureKind.Timeout, late);
        }
        catch (CallFailedException failed)
        {
            await FailAsync(failed);
            return new AttemptStart.Failed(Failures.KindOf(failed), failed);
        }
        catch (Exception thrown)
        {
            throw await BreakAsync(thrown);
        }
        _patience.Restart(Timeout.InfiniteTimeSpan);
        attempt.FirstToken = clock.GetElapsedTime(_startedAt);
        pass.Succeeded();
        if (!operation.TryAnswer(attempt)) throw await BreakAsync(new OperationCanceledException(cancellationToken));
        return new AttemptStart.Committed(this);
    }

    /// <summary>The answer from its beginning. It ends only when its cost is settled.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isEnded = false;
        try
        {
            foreach (var update in _held) yield return update;
            while (!_isWhole && await NextAsync() is { } update) yield return update;
            if (Race is not null) await Race.DisposeAsync();
            (isEnded, operation.IsSaid) = (true, true);
            await SettleAsync(Attempt.Answered, UsageOrEstimate(out var isEstimate), isEstimate, null, null, 200);
        }
        finally
        {
            // The reader left in the middle: what was generated is charged.
            if (!isEnded && attempt.Outcome == "running") await SettleAsync("cancelled", Bound, isEstimate: true, FailureKind.ClientCancelled, null, 0);
            if (!isEnded && Race is not null) await Race.DisposeAsync();
        }
    }

    private async ValueTask<ChatResponseUpdate?> NextAsync()
    {
        try
        {
            var next = _updates!.MoveNextAsync();
            var isWaiting = !next.IsCompleted;
            if (isWaiting) _patience!.Restart(_idle);
            if (!await next) return null;
            if (isWaiting) _patience!.Restart(Timeout.InfiniteTimeSpan);
            Note(_updates.Current);
            return _updates.Current;
        }
        catch (OperationCanceledException) when (IsOutOfPatience)
        {
            var silent = new CallFailedException(ErrorCode.IdleTimeout, $"'{deployment.Id}' fell silent for {_idle.TotalSeconds:0.###} s in the middle of its answer.") { HasDelivered = true };
            await FailAsync(silent);
            throw silent;
        }
        catch (CallFailedException failed)
        {
            failed.HasDelivered = true;
            await FailAsync(failed);
            throw;
        }
        catch (Exception thrown)
        {
            throw await BreakAsync(thrown);
        }
    }

    private IAsyncEnumerable<ChatResponseUpdate> Ask(IEnumerable<ChatMessage> messages, CallOptions options, CancellationToken cancellationToken) =>
        operation.IsEmbedding ? AskWholeAsync(deployment.Embeddings.Value, messages, options, cancellationToken)
        : operation.IsStreamed ? deployment.Client.GetStreamingResponseAsync(messages, options, cancellationToken) : AskWholeAsync(deployment.Client, messages, options, cancellationToken);

    private async IAsyncEnumerable<ChatResponseUpdate> AskWholeAsync(IChatClient client, IEnumerable<ChatMessage> messages, CallOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answer = await client.GetResponseAsync(messages, options, cancellationToken);
        foreach (var update in answer.ToChatResponseUpdates()) yield return update;
    }

    private void Note(ChatResponseUpdate update)
    {
        attempt.AnsweredBy = update.ModelId ?? attempt.AnsweredBy;
        if (update.AdditionalProperties?.GetValueOrDefault(Parameters.DroppedKey) is string dropped) attempt.Dropped.AddRange(dropped.Split(','));
        if (update.AdditionalProperties?.GetValueOrDefault(ServiceTier.Key) is string service) _service = service;
        Exception? broken = null;
        for (var i = 0; i < update.Contents.Count; i++)
        {
            switch (update.Contents[i])
            {
                case TextContent text: _chars += text.Text.Length; break;
                case FunctionCallContent { Exception: { } unusable }: broken ??= unusable; break;
                case UsageContent usage when _usage is null: _usage = usage.Details; break;
                case UsageContent usage: _usage.Add(usage.Details); break;
                case TextReasoningContent thought: _chars += thought.Text.Length; break;
            }
        }
        if (broken is null) return;
        attempt.HasMalformedCall = true;
        // Where arguments are JSON, there is no way to tell what the model wrote: it is asked again, or the call fails.
        if (operation.Door is "messages" or "engine") throw new CallFailedException(ErrorCode.InvalidOutput, broken.Message);
    }

    private bool IsOutOfPatience => _patience!.IsOver;

    private static bool HasContent(ChatResponseUpdate update)
    {
        for (var i = 0; i < update.Contents.Count; i++)
        {
            if (update.Contents[i] is TextContent { Text.Length: > 0 } or TextReasoningContent { Text.Length: > 0 } or FunctionCallContent or DataContent or UriContent) return true;
        }
        return false;
    }

    /// <summary>As the provider counted; where it did not, the bound of the prompt and two bytes a token of what came.</summary>
    private TokenUsage UsageOrEstimate(out bool isEstimate)
    {
        isEstimate = _usage is null;
        return _usage is { } usage ? UsageReader.Read(usage) : new TokenUsage(operation.PromptTokensMax, (_chars + 1) / 2);
    }

    private TokenUsage Bound => new(operation.PromptTokensMax, operation.OutputTokensMax);

    private Task FailAsync(CallFailedException failed)
    {
        var usage = failed.Usage.Total > 0 ? failed.Usage : _usage is not null ? UsageReader.Read(_usage) : Failures.MayHaveCost(failed) ? Bound : default;
        return SettleAsync(failed.Code.Name, usage, isEstimate: failed.Usage.Total == 0 && usage.Total > 0, Failures.KindOf(failed), failed.RetryAfter, failed.HttpStatus);
    }

    /// <summary>The caller went away, or foreign code threw something of its own.</summary>
    private async Task<Exception> BreakAsync(Exception thrown)
    {
        var isCancel = thrown is OperationCanceledException;
        var isOutpaced = isCancel && operation.IsOutpaced(attempt);
        var usage = isOutpaced && !operation.IsStreamed ? await UsageSoFarAsync() : null;
        await SettleAsync(isOutpaced ? Attempt.Outpaced : isCancel ? "cancelled" : "provider_error", usage ?? Bound, isEstimate: usage is null, isCancel ? FailureKind.ClientCancelled : FailureKind.Unknown, null, 0);
        return isCancel ? thrown : new CallFailedException(ErrorCode.ProviderError, $"The client of '{deployment.Id}' failed: {thrown.GetType().Name}: {thrown.Message}", thrown);
    }

    /// <summary>What an answer that came whole says it used; null: it did not come, or says nothing.</summary>
    private async ValueTask<TokenUsage?> UsageSoFarAsync()
    {
        if (_held.Count == 0) return null;
        while (!_isWhole && await _updates!.MoveNextAsync()) Note(_updates.Current);
        return _usage is null ? null : UsageReader.Read(_usage);
    }

    private async Task SettleAsync(string outcome, TokenUsage usage, bool isEstimate, FailureKind? failure, TimeSpan? retryAfter, int status)
    {
        if (attempt.Outcome != "running") return;
        attempt.Outcome = outcome;
        attempt.Usage = usage;
        attempt.Duration = clock.GetElapsedTime(_startedAt);
        if (outcome != Attempt.Outpaced) operation.AddUpstream(attempt.Duration);
        var rates = deployment.Facts.Price?.For(_service) ?? deployment.Facts.Price;
        if (_service is not null && deployment.Facts.Price?.For(_service) is null) isEstimate = true;   // that class has no known rates
        var bill = rates?.Bill(usage) ?? [];
        attempt.CostUsd = bill.Sum(line => line.Usd);
        // One that was outpaced would have taken longer still: without that the slow would look fast.
        pass.End(failure, retryAfter, outcome == Attempt.Outpaced ? attempt.FirstToken ?? attempt.Duration : attempt.FirstToken, usage.Total);
        if (_patience is not null && failure is not null) await _patience.CancelAsync();
        if (_updates is not null)
        {
            try
            {
                await _updates.DisposeAsync();
            }
            catch (Exception closing) when (closing is not OutOfMemoryException)
            {
                // Foreign code that throws while it is put away has nothing more to tell.
            }
        }
        _patience?.Dispose();
        var settled = await ledger.SettleAsync(reservation, new Settlement
        {
            Usage = usage, CostUsd = attempt.CostUsd, Lines = bill, PriceSource = rates?.Source ?? "unknown", Outcome = outcome, UpstreamStatus = status,
            Duration = attempt.Duration, FirstToken = attempt.FirstToken, AnsweredBy = attempt.AnsweredBy, IsEstimate = isEstimate,
        });
        attempt.OverBoundUsd = settled.OverBoundUsd;
        operation.RemainingUsd = settled.RemainingUsd ?? operation.RemainingUsd;
    }
}
