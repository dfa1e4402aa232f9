using Hydra.Gateway.Config;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>One model at one account while the gateway runs: its client, its facts and its health.</summary>
internal sealed class Deployment
{
    /// <summary><c>group/provider/model</c>; with a number behind it where that is not unique.</summary>
    public required string Id { get; init; }
    public required string Group { get; init; }
    public required DeploymentConfig Config { get; init; }
    public required IChatClient Client { get; init; }
    /// <summary>Asks the same model for vectors.</summary>
    public required Lazy<IChatClient> Embeddings { get; init; }
    /// <summary>Price and limits of the model.</summary>
    public required ModelFacts Facts { get; init; }
    public required DeploymentHealth Health { get; init; }
    public required QuotaGroup Quota { get; init; }
    public required Turnstile Turnstile { get; init; }
}

/// <summary>What is learnt of a deployment; kept over a reload of the configuration. All of it lies under the service's one lock.</summary>
internal sealed class DeploymentHealth(string id, RateLimits limits, BreakerOptions breaker)
{
    private readonly OperationHealth[] _kinds = [.. Enum.GetValues<OperationKind>().Select(_ => new OperationHealth(breaker))];

    public BreakerOptions Options => breaker;
    public ScopeMeter Meter { get; } = new(LimitScope.Deployment, id, limits);

    /// <summary>What is learnt of one kind of calls alone: a deployment whose embeddings fail may still chat.</summary>
    public OperationHealth Of(OperationKind kind) => _kinds[(int)kind];
}

/// <summary>What is learnt of a deployment by one kind of calls.</summary>
internal sealed class OperationHealth(BreakerOptions breaker)
{
    public CallBreaker Breaker { get; } = new(breaker);
    public DeploymentStats Stats { get; } = new(TimeSpan.FromMinutes(5));
}
