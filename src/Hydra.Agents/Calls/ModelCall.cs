using System.Collections.Concurrent;
using System.Text;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>
/// The calls of an attempt to models, one after another, each made as a step: announced with the most it can cost, answered or failed, and reported
/// with what it did cost. An answer known from before a crash is not asked for again.
/// </summary>
/// <param name="watch">Ends the call early; null: it runs to its end.</param>
internal sealed class ModelCall(NodeAttempt attempt, ILine line, Func<string, IChatClient> clients, PartialWatch? watch)
{
    /// <summary>How often a growing answer is shown to live views.</summary>
    private static readonly TimeSpan PartialInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>What each asker was answered last: an agent that another calls as a tool asks beside it.</summary>
    private readonly ConcurrentDictionary<string, AnsweredQuestion> _earlier = new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);

    private TimeProvider Clock => attempt.Services.Clock;

    /// <remarks>(1) Ask leave. (2) Call. (3) Report what it cost, whatever came of it.</remarks>
    public async ValueTask<ModelAnswer> AskAsync(ModelQuestion question, CancellationToken cancellationToken)
    {
        // (1)
        var call = question.ToStepCall(line, _earlier.GetValueOrDefault(question.Asker));
        var grant = await line.IntendAsync(call, cancellationToken);
        if (grant.Known is { } known) return Remember(Again(known));

        // (2)
        var reading = new Reading(Clock.GetTimestamp());
        var options = new TaggedOptions(question, call, grant, attempt);
        try
        {
            await CallAsync(question, options, reading, cancellationToken);
        }
        catch (CallFailedException failed)
        {
            // (3) A failed call may have cost something.
            Report(failed.Usage, options.Charged, new NodeError(failed.Code, failed.Message), null);
            throw;
        }
        var answer = new ModelAnswer(reading.Text.ToString(), reading.Finish, reading.IsCutShort) { Calls = reading.IsCutShort ? [] : reading.Calls };
        var kept = answer.ToValue();

        // (3) A provider that counts nothing, and an answer cut short, are charged at their bound: never at zero. Of one cut short that is the bound of what came.
        var usage = reading.Usage ?? new TokenUsage(call.PromptTokensMax, (Encoding.UTF8.GetByteCount(kept.ToDisplayText()) + 1) / 2);
        Report(usage, reading.IsCutShort ? null : options.Charged, null, line.Keep(kept, question.Labels));
        return Remember(answer);

        ModelAnswer Remember(ModelAnswer given)
        {
            _earlier[question.Asker] = new AnsweredQuestion(question.Messages, given, grant.Step);
            return given;
        }

        void Report(TokenUsage counted, (MicroUsd Cost, TokenUsage Usage)? charged, NodeError? error, ValueRef? response) =>
            line.Report(grant, new StepResult(response, charged?.Usage ?? counted, charged?.Cost ?? question.Model.Price?.CostOf(counted) ?? MicroUsd.Zero, error, Clock.GetElapsedTime(reading.StartedAt).TotalMilliseconds)
            {
                AnsweredBy = reading.AnsweredBy,
                FirstTokenMs = reading.FirstTokenMs,
                FinishReason = reading.IsCutShort ? PartialWatch.FinishReason : reading.Finish,
            });
    }

    /// <summary>The answer of an earlier incarnation, as if it had just come.</summary>
    private ModelAnswer Again(StepResult known)
    {
        if (known.Error is { } error) throw new CallFailedException(error.Code, error.Message);
        return ModelAnswer.Read(known.Response is null ? "" : line.Read(known.Response), known.FinishReason);
    }

    private async Task CallAsync(ModelQuestion question, TaggedOptions options, Reading reading, CancellationToken cancellationToken)
    {
        using var limit = question.Timeout is { } timeout ? new CancellationTokenSource(timeout, Clock) : null;
        using var either = limit is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var token = either?.Token ?? cancellationToken;
        try
        {
            var client = clients(question.Model.Name);
            if (question.IsStreamed) await ReadStreamAsync(client, question, options, reading, token);
            else Take(reading, await client.GetResponseAsync(question.Messages, options, token));
        }
        catch (OperationCanceledException stopped) when (limit is { IsCancellationRequested: true } && !cancellationToken.IsCancellationRequested)
        {
            throw new CallFailedException(ErrorCode.Timeout, $"'{question.Model.Name}' did not answer within the {question.Timeout!.Value.TotalSeconds:0.###} s of its alias's timeout_seconds", stopped)
            {
                Usage = new TokenUsage(question.PromptTokensMax, question.OutputTokensMax),   // how much was generated is not known
            };
        }
        catch (Exception thrown) when (thrown is not (OperationCanceledException or CallFailedException or ModelUnavailableException))
        {
            // Foreign code: a client of an embedder may throw whatever it likes.
            throw new CallFailedException(ErrorCode.ProviderError, $"the client of '{question.Model.Name}' failed: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }

    private async Task ReadStreamAsync(IChatClient client, ModelQuestion question, TaggedOptions options, Reading reading, CancellationToken cancellationToken)
    {
        long? shownAt = null;
        await foreach (var update in client.GetStreamingResponseAsync(question.Messages, options, cancellationToken))
        {
            var before = reading.Text.Length;
            Take(reading, update);
            if (reading.Text.Length == before || (shownAt is { } last && Clock.GetElapsedTime(last) < PartialInterval))
            {
                line.Progress();
                continue;
            }
            shownAt = Clock.GetTimestamp();
            var partial = reading.Text.ToString();
            line.Progress(partial);
            if (watch is null || !watch.Holds(partial, Clock.GetElapsedTime(reading.StartedAt))) continue;
            reading.IsCutShort = true;
            return;
        }
    }

    private void Take(Reading reading, ChatResponseUpdate update)
    {
        foreach (var content in update.Contents)
        {
            if (content is TextContent { Text.Length: > 0 } text)
            {
                if (reading.FirstTokenMs == 0) reading.FirstTokenMs = Math.Max(0.001, Clock.GetElapsedTime(reading.StartedAt).TotalMilliseconds);
                reading.Text.Append(text.Text);
            }
            else if (content is FunctionCallContent call)
            {
                reading.Calls.Add(ModelToolCall.Of(call));
                reading.Broken ??= call.Exception;
            }
            else if (content is UsageContent usage)
            {
                reading.Usage = (reading.Usage ?? default) + UsageReader.Read(usage.Details);
            }
        }
        reading.AnsweredBy = update.ModelId ?? reading.AnsweredBy;
        reading.Finish = update.FinishReason?.Value ?? reading.Finish;
        RefuseBroken(reading);
    }

    private static void Take(Reading reading, ChatResponse response)
    {
        reading.Text.Append(response.Text);
        foreach (var call in response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>())
        {
            reading.Calls.Add(ModelToolCall.Of(call));
            reading.Broken ??= call.Exception;
        }
        reading.Usage = response.Usage is { } usage ? UsageReader.Read(usage) : null;
        reading.AnsweredBy = response.ModelId;
        reading.Finish = response.FinishReason?.Value;
        RefuseBroken(reading);
    }

    /// <summary>A tool call whose arguments are no JSON object: nothing may run from it, and the model may do better the next time.</summary>
    private static void RefuseBroken(Reading reading)
    {
        if (reading.Broken is { } broken) throw new CallFailedException(ErrorCode.InvalidOutput, broken.Message, broken) { Usage = reading.Usage ?? default };
    }

    /// <summary>An answer while it comes in.</summary>
    private sealed class Reading(long startedAt)
    {
        public long StartedAt { get; } = startedAt;
        public StringBuilder Text { get; } = new();
        public List<ModelToolCall> Calls { get; } = [];
        /// <summary>Why one of the calls cannot be used; null: all can.</summary>
        public Exception? Broken { get; set; }
        public TokenUsage? Usage { get; set; }
        public string? AnsweredBy { get; set; }
        public string? Finish { get; set; }
        public double FirstTokenMs { get; set; }
        public bool IsCutShort { get; set; }
    }
}
