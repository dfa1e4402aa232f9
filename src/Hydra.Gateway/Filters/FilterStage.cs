using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Filters;

/// <summary>Looks for what must not go to a provider or come from one. What it finds is never written anywhere, only what kind it was.</summary>
/// <remarks>
/// (1) The question: every text of every message. (2) The answer, while it streams; what a cache gives passes here as well. (3) A
/// whole answer that is blocked is read to its end first, so that its cost stands exact; a stream is cut, and stands at its bound.
/// </remarks>
internal sealed class FilterStage(IChatClient inner, Func<GatewayConfig> config, Moderator moderator) : Stage(inner)
{
    private volatile Tuple<IReadOnlyList<FilterConfig>, FilterSet>? _last;

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var filters = FiltersNow();
        return filters.IsEmpty ? InnerClient.GetStreamingResponseAsync(messages, options, cancellationToken) : FilterAsync(filters, messages, (CallOptions)options!, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) moderator.Dispose();
        base.Dispose(disposing);
    }

    private async IAsyncEnumerable<ChatResponseUpdate> FilterAsync(FilterSet filters, IEnumerable<ChatMessage> messages, CallOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // (1)
        var operation = options.Operation;
        List<ChatMessage> question = [.. messages.Select(message => Question(message, filters, operation))];
        if (options.Instructions is { } instructions) options.Instructions = TextWindow.Filter(instructions, filters.Instructions, operation.Labels);
        operation.PromptTokensMax = Math.Max(operation.PromptTokensMax, PromptBound.Tokens(question, options));   // a mark may be longer than what it hides
        await moderator.CheckAsync(string.Join("\n", question.Where(message => message.Role != ChatRole.System).Select(message => message.Text)), filters.InputModeration, operation.Labels, cancellationToken);

        // (2)
        var filter = new AnswerFilter(filters, moderator, operation.Labels);
        await using var answer = InnerClient.GetStreamingResponseAsync(question, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await answer.MoveNextAsync())
        {
            ChatResponseUpdate passed;
            try
            {
                passed = await filter.PassAsync(answer.Current, cancellationToken);
            }
            catch (GatewayRefusedException) when (!operation.IsStreamed)
            {
                // (3)
                while (await answer.MoveNextAsync())
                {
                    // Nobody is shown the rest.
                }
                throw;
            }
            yield return passed;
        }
        if (await filter.EndAsync(cancellationToken) is { } rest) yield return rest;
    }

    private static ChatMessage Question(ChatMessage message, FilterSet filters, Operation operation)
    {
        var rules = message.Role == ChatRole.System ? filters.Instructions : filters.Input;
        return rules.Count == 0 ? message : ContentTexts.Map(message, text => TextWindow.Filter(text, rules, operation.Labels));
    }

    /// <summary>Built again when a reload has brought other filters.</summary>
    private FilterSet FiltersNow()
    {
        var wanted = config().Filters;
        if (_last is { } last && ReferenceEquals(last.Item1, wanted)) return last.Item2;
        var set = FilterSet.Of(wanted);
        _last = Tuple.Create(wanted, set);
        return set;
    }
}
