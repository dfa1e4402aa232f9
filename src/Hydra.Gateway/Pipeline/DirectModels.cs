using Hydra.Gateway.Config;
using Hydra.Gateway.Embeddings;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Models of a run without a gateway: asked through the gateway's pipeline as if it had a configuration with one deployment for each model,
/// and with its money in a ledger where there is one. Safe to share between threads; dispose it when no call is under way.
/// </summary>
/// <remarks>
/// What a run does itself is left to it: it repeats calls (no retries here), rests providers (no breaker, no cooling), keeps its limits
/// (no queue) and has its own patience. Models that cost nobody money, offline ones and programs, are asked past the pipeline.
/// </remarks>
public sealed class DirectModels : IModelCatalog, IAsyncDisposable
{
    private readonly ModelGateway _models;
    private readonly LateLedger? _ledger;
    private readonly Lazy<InProcessModels> _pipeline;

    /// <param name="openLedger">Opens the ledger when the first call that costs money is made; what it throws fails that call. Null: there is none.</param>
    /// <param name="caller">Who calls; a question's tags are added.</param>
    public DirectModels(ModelGateway models, Func<Task<StoredLedger>>? openLedger, Caller caller, TimeProvider clock)
    {
        _models = models;
        _ledger = openLedger is null ? null : new LateLedger(openLedger);
        _pipeline = new(() => Open(caller, clock));
    }

    /// <inheritdoc/>
    public ModelFacts Resolve(string model) => _models.Resolve(model);

    /// <summary>A client of one model. Throws <see cref="ModelUnavailableException"/> as <see cref="Resolve"/> does.</summary>
    public IChatClient GetClient(string model) => _models.Resolve(model).Provider is "offline" or "command" ? _models.GetClient(model) : _pipeline.Value.GetClient(model);

    /// <remarks>Waits until the ledger has written what it holds.</remarks>
    public ValueTask DisposeAsync() => _ledger?.DisposeAsync() ?? ValueTask.CompletedTask;

    private InProcessModels Open(Caller caller, TimeProvider clock)
    {
        var config = new GatewayConfig { Retries = new RetryOptions { AttemptsMax = 1 }, Breaker = new BreakerOptions { IsOff = true } };
        var (gate, origin) = (new Lock(), clock.GetTimestamp());
        var factory = new PipelineFactory { Config = () => config, Ledger = _ledger ?? (ICallLedger)new NoLedger(), Gate = gate, Clock = clock, Now = () => clock.GetElapsedTime(origin) };
        var around = new ModelSurroundings(gate, clock, factory.Now) { Quota = new QuotaGroupOptions { Aimd = new AimdOptions { Ceiling = int.MaxValue, Decrease = 1 }, CoolMax = TimeSpan.Zero } };
        var groups = GatewayModels.OnDemand("direct", GroupOf, config, around);
        return new InProcessModels(groups.Find, factory.Begin(factory.RouteTo(() => groups), () => groups), caller, clock);
    }

    /// <remarks>Nobody else could answer, so the provider says itself what fits its window. The longest that a node may take is no limit: the client's own and the run's end a call before.</remarks>
    private (ModelGroupConfig, IProviders) GroupOf(string model)
    {
        var facts = _models.Resolve(model);
        var patience = TimeSpan.FromHours(24);
        return (new() { Deployments = [new() { Provider = facts.Provider, Model = facts.Id, ContextTokensMax = long.MaxValue }], Timeouts = new TimeoutConfig { FirstToken = patience, Idle = patience, Answer = patience, Total = patience } }, new OneModel(_models, model));
    }

    /// <summary>Whoever answers for a model by the name that it has in the run.</summary>
    private sealed class OneModel(ModelGateway models, string name) : IProviders
    {
        public (IChatClient Client, ModelFacts Facts) Open(DeploymentConfig deployment) => models.Open(name, endpoint => endpoint, facts => facts);
        public IChatClient OpenEmbeddings(DeploymentConfig deployment) => new EmbeddingCall(models.GetEmbeddings(name));
    }
}
