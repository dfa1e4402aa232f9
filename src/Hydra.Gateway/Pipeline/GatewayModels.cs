using Hydra.Gateway.Config;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;

namespace Hydra.Gateway.Pipeline;

/// <summary>The groups of one configuration with their deployments. Immutable; a reload makes another one that keeps the health of those that stay.</summary>
internal sealed class GatewayModels
{
    public required IReadOnlyDictionary<string, ModelGroup> Groups { get; init; }

    public ModelGroup Find(string model) => Groups.TryGetValue(model, out var group) ? group
        : throw new GatewayRefusedException(RefusalKind.UnknownModel,
            $"There is no model '{Wire.Excerpt.Of(model)}' here.{Hydra.Model.DidYouMean.Hint(model, Groups.Keys)} GET /v1/models lists those that your key may use.") { Parameter = "model" };
}

/// <summary>A name that callers use, with those who can answer to it.</summary>
internal sealed class ModelGroup
{
    public required string Name { get; init; }
    public required ModelGroupConfig Config { get; init; }
    public required IReadOnlyList<Deployment> Deployments { get; init; }
    public required IReadOnlyDictionary<string, Deployment> ById { get; init; }
    /// <summary>The deployments as routing knows them, in the same order.</summary>
    public required IReadOnlyList<RouteDeployment> Routes { get; init; }
    public required RouteMemory Memory { get; init; }
    /// <summary>Limits of the route as a whole.</summary>
    public required ScopeMeter Meter { get; init; }
}
