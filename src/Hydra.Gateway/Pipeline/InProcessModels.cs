using System.Runtime.CompilerServices;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// A gateway as the engine's models: group names are models, and a call takes the same way as one over HTTP. What the gateway
/// refuses leaves as <see cref="CallFailedException"/>. Safe to share between threads.
/// </summary>
public sealed class InProcessModels : IModelCatalog
{
    private readonly Func<string, ModelGroup> _find;
    private readonly IChatClient _pipeline;
    private readonly Caller _caller;
    private readonly TimeProvider _clock;

    /// <param name="caller">Who calls, for budgets and the ledger.</param>
    public InProcessModels(GatewayService service, Caller caller) : this(model => service.Models.Find(model), service.Client, caller, service.Clock) { }

    internal InProcessModels(Func<string, ModelGroup> find, IChatClient pipeline, Caller caller, TimeProvider clock) =>
        (_find, _pipeline, _caller, _clock) = (find, pipeline, caller, clock);

    /// <summary>Retries as an engine wants them: a failed deployment gives way to another, but the same one is not asked again, since the node's own retries do that.</summary>
    public static RetryOptions WithoutRepeats(RetryOptions retries) => retries with
    {
        Rules = retries.Rules.ToDictionary(rule => rule.Key, IReadOnlyList<RetryWay> (rule) => [.. rule.Value.Where(way => way.Step != RetryStep.RetrySame)]),
    };

    /// <inheritdoc/>
    /// <remarks>The price is the highest of all deployments that a call may come to, so that what is reserved for it suffices whoever answers; the ledger holds what it did cost.</remarks>
    public ModelFacts Resolve(string model)
    {
        ModelGroup group;
        List<ModelGroup> others;
        try
        {
            group = _find(model);
            others = OthersOf(group);
        }
        catch (GatewayRefusedException unknown)
        {
            throw new ModelUnavailableException(unknown.Message);
        }
        var known = group.Deployments.Select(deployment => deployment.Facts).ToList();
        return new ModelFacts
        {
            Name = model,
            Provider = known.Select(facts => facts.Provider).Distinct(StringComparer.Ordinal).Count() == 1 ? known[0].Provider : "hydra",
            Id = known.Count == 1 ? known[0].Id : model,
            Price = known.Exists(facts => facts.Price is null) ? null : HighestPrice.Of([.. known.Concat(others.SelectMany(other => other.Deployments.Select(deployment => deployment.Facts))).Select(facts => facts.Price).OfType<ModelPrice>()]),
            ContextTokensMax = known.Exists(facts => facts.ContextTokensMax is null) ? null : known.Max(facts => facts.ContextTokensMax),
            OutputTokensMax = group.OutputTokensMax,
        };
    }

    /// <summary>The groups that a call of one may come to: by its rules, and when it cannot answer. Where one has no known price, no budget lets a call come to it.</summary>
    private List<ModelGroup> OthersOf(ModelGroup first)
    {
        var groups = new List<ModelGroup> { first };
        for (var i = 0; i < groups.Count; i++)
        {
            var config = groups[i].Config;
            var uses = config.Policy.Rules.Select(rule => rule.Use).Concat(config.Policy.Steps.Select(step => step.Use)).Append(config.Policy.Default).OfType<RouteUse.Group>().Select(use => use.Name);
            foreach (var name in uses.Concat(config.Fallbacks).Concat(config.ContextWindowFallbacks).Concat(config.ContentPolicyFallbacks))
            {
                if (!groups.Exists(group => group.Name == name)) groups.Add(_find(name));
            }
        }
        return groups[1..];
    }

    /// <summary>A client of one group. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does.</summary>
    public IChatClient GetClient(string model)
    {
        var facts = Resolve(model);
        return new Client(this, facts);
    }

    private sealed class Client(InProcessModels owner, ModelFacts facts) : IChatClient
    {
        public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var call = Begin(options, isStreamed: false);
            try
            {
                return await owner._pipeline.GetResponseAsync(messages, call, cancellationToken);
            }
            catch (GatewayRefusedException refused)
            {
                throw FailureOf(refused);
            }
            finally
            {
                Charge(options, call.Operation);
            }
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var call = Begin(options, isStreamed: true);
            var updates = owner._pipeline.GetStreamingResponseAsync(messages, call, cancellationToken).GetAsyncEnumerator(cancellationToken);
            try
            {
                while (await NextAsync()) yield return updates.Current;
            }
            finally
            {
                await updates.DisposeAsync();
                Charge(options, call.Operation);
            }

            async ValueTask<bool> NextAsync()
            {
                try
                {
                    return await updates.MoveNextAsync();
                }
                catch (GatewayRefusedException refused)
                {
                    throw FailureOf(refused);
                }
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceKey is not null ? null : serviceType == typeof(ModelFacts) ? facts : serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose()
        {
            // The pipeline owns what this client uses.
        }

        private CallOptions Begin(ChatOptions? options, bool isStreamed)
        {
            var caller = options is ITagged { Tags: var tags } ? owner._caller with { Tags = [.. owner._caller.Tags, .. tags] } : owner._caller;
            var accounted = options as IAccounted;
            var operation = Operation.Begin("engine", caller, facts.Name, owner._clock, accounted?.Cap);
            operation.IsStreamed = isStreamed;
            if (accounted is not null) operation.PromptTokensMax = accounted.PromptTokensMax;
            return new CallOptions(options, operation) { ModelId = null };
        }
    }

    /// <summary>Whoever keeps an account hears what stands in the ledger; of an answer of a cache that is nothing.</summary>
    private static void Charge(ChatOptions? options, Operation operation)
    {
        if (options is IAccounted accounted && (operation.Hit is not null || operation.Attempts.Any(attempt => attempt.BegunAt is not null))) accounted.Charge(operation.CostUsd, operation.Usage);
    }

    private static CallFailedException FailureOf(GatewayRefusedException refused)
    {
        var code = refused.Kind switch
        {
            RefusalKind.BudgetExceeded or RefusalKind.PriceUnknown => ErrorCode.Budget,
            RefusalKind.RateLimited => ErrorCode.RateLimited,
            RefusalKind.KillSwitch or RefusalKind.Forbidden => ErrorCode.PolicyDenied,
            RefusalKind.Filtered => ErrorCode.ContentFiltered,
            RefusalKind.ContextWindow => ErrorCode.ContextLength,
            RefusalKind.TimedOut => ErrorCode.Timeout,
            RefusalKind.Unauthenticated or RefusalKind.CredentialsExhausted => ErrorCode.Auth,
            RefusalKind.AllCooling or RefusalKind.StoreUnavailable => ErrorCode.ProviderError,
            _ => ErrorCode.BadRequest,
        };
        var message = refused.InnerException is StoreException trouble ? $"the ledger of model calls cannot be written, so nobody was asked: {trouble.Message}" : refused.Message;
        return new CallFailedException(code, message, refused) { RetryAfter = code.IsRetryable ? refused.RetryAfter : null };
    }
}
