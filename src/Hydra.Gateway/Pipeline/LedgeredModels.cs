using System.Runtime.CompilerServices;
using System.Text;
using Hydra.Gateway.Ledger;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Models that are asked directly, with their money in a gateway's ledger: every call is held at its bound in all budgets that cover it
/// and settled at its cost. What the model's own client answers or throws passes unchanged. Models that cost nobody money, offline
/// ones and programs, go past the ledger. Safe to share between threads.
/// </summary>
/// <param name="ledger">Opened by whoever calls first; what it throws fails that call.</param>
/// <param name="caller">Who calls; a question's tags are added.</param>
public sealed class LedgeredModels(IModelCatalog models, Func<string, IChatClient> clients, Func<Task<StoredLedger>> ledger, Caller caller, TimeProvider clock) : IModelCatalog
{
    private const int OutputTokensByDefault = 4_096;

    /// <inheritdoc/>
    public ModelFacts Resolve(string model) => models.Resolve(model);

    /// <summary>A client of one model. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does.</summary>
    public IChatClient GetClient(string model)
    {
        var client = clients(model);
        var facts = models.Resolve(model);
        return facts.Provider is "offline" or "command" ? client : new Client(client, this, facts);
    }

    private sealed class Client(IChatClient inner, LedgeredModels owner, ModelFacts facts) : DelegatingChatClient(inner)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var asked = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
            var call = await owner.BeginAsync(facts, asked, options, cancellationToken);
            try
            {
                var response = await base.GetResponseAsync(asked, options, cancellationToken);
                foreach (var update in response.ToChatResponseUpdates()) call.Note(update);
                call.Answered();
                return response;
            }
            catch (Exception thrown)
            {
                call.Failed(thrown);
                throw;
            }
        }

        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var asked = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
            var call = await owner.BeginAsync(facts, asked, options, cancellationToken);
            try
            {
                await using var updates = base.GetStreamingResponseAsync(asked, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
                while (await NextAsync())
                {
                    call.Note(updates.Current);
                    yield return updates.Current;
                }
                call.Answered();

                async ValueTask<bool> NextAsync()
                {
                    try
                    {
                        return await updates.MoveNextAsync();
                    }
                    catch (Exception thrown)
                    {
                        call.Failed(thrown);
                        throw;
                    }
                }
            }
            finally
            {
                call.Failed(new OperationCanceledException());   // unless it has ended: whoever reads has had enough
            }
        }
    }

    private async Task<Call> BeginAsync(ModelFacts facts, IReadOnlyList<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        var bound = new TokenUsage(PromptBound.Tokens(messages, options), options?.MaxOutputTokens ?? facts.OutputTokensMax ?? OutputTokensByDefault);
        try
        {
            var store = await ledger();
            var reserved = await store.ReserveAsync(new ReserveRequest
            {
                OperationId = OperationId.Next(), Attempt = 1, Caller = options is ITagged { Tags: var tags } ? caller with { Tags = [.. caller.Tags, .. tags] } : caller,
                Model = facts.Name, Deployment = $"direct/{facts.Provider}/{facts.Id}", BoundUsd = facts.Price?.BoundOf(bound.Input, bound.Output).Usd ?? 0, BoundTokens = bound.Total,
            }, cancellationToken);
            return reserved is ReserveResult.Granted granted ? new Call(store, granted.Reservation, facts.Price, bound, clock)
                : throw new CallFailedException(ErrorCode.Budget, ((ReserveResult.Refused)reserved).Refusal.ToString());
        }
        catch (StoreException trouble)
        {
            throw new CallFailedException(ErrorCode.ProviderError, $"the ledger of model calls cannot be written, so '{facts.Name}' was not asked: {trouble.Message}", trouble);
        }
    }

    /// <summary>One call that is under way. The run keeps what it answered in its own journal, so nobody waits for the settlement.</summary>
    private sealed class Call(ILedger ledger, Reservation reservation, ModelPrice? price, TokenUsage bound, TimeProvider clock)
    {
        private readonly long _startedAt = clock.GetTimestamp();
        private TimeSpan? _firstToken;
        private string? _answeredBy;
        private UsageDetails? _usage;
        private long _bytes;
        private bool _hasEnded;

        public void Note(ChatResponseUpdate update)
        {
            _answeredBy = update.ModelId ?? _answeredBy;
            foreach (var content in update.Contents)
            {
                if (content is UsageContent { Details: var details })
                {
                    _usage ??= new UsageDetails();   // a copy: the caller reads the other one
                    _usage.Add(details);
                }
                if (content is TextContent { Text: { Length: > 0 } text })
                {
                    _firstToken ??= clock.GetElapsedTime(_startedAt);
                    _bytes += Encoding.UTF8.GetByteCount(text);
                }
            }
        }

        public void Answered() => Settle("answered", _usage is null ? new TokenUsage(bound.Input, (_bytes + 1) / 2) : UsageReader.Read(_usage), isEstimate: _usage is null, 200);

        public void Failed(Exception thrown)
        {
            var failed = thrown as CallFailedException;
            var said = failed?.Usage ?? default;
            var usage = said.Total > 0 ? said : _usage is not null ? UsageReader.Read(_usage) : failed is null || Failures.MayHaveCost(failed) ? bound : default;
            Settle(failed?.Code.Name ?? (thrown is OperationCanceledException ? "cancelled" : "provider_error"), usage, isEstimate: said.Total == 0 && usage.Total > 0, failed?.HttpStatus ?? 0);
        }

        private void Settle(string outcome, TokenUsage usage, bool isEstimate, int status)
        {
            if (_hasEnded) return;
            _hasEnded = true;
            var bill = price?.Bill(usage) ?? [];
            ledger.Settle(reservation, new Settlement
            {
                Usage = usage, CostUsd = bill.Sum(line => line.Usd), Lines = bill, PriceSource = price?.Source ?? "unknown", Outcome = outcome, UpstreamStatus = status,
                Duration = clock.GetElapsedTime(_startedAt), FirstToken = _firstToken, AnsweredBy = _answeredBy, IsEstimate = isEstimate,
            });
        }
    }
}
