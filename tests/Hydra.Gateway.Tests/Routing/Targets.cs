using Hydra.Gateway.Routing;

namespace Hydra.Gateway.Tests.Routing;

/// <summary>Deployments and their facts, short to write.</summary>
internal static class Targets
{
    public static readonly RouteRequest Request = new() { PromptTokensMax = 1_000, OutputTokensMax = 1_000 };

    public static RouteTarget Of(string id, LiveFacts? live = null, double weight = 1, int priority = 1, string? region = null, string? account = null,
        long? window = null, Capabilities? can = null, decimal? input = null, decimal? output = null, params string[] tags) =>
        new(new RouteDeployment
        {
            Id = id, QuotaGroup = account ?? id, Weight = weight, Priority = priority, Region = region, ContextWindow = window, Can = can,
            InputPrice = input, OutputPrice = output, Tags = tags,
        }, live ?? new LiveFacts());

    public static RouteDecision Route(RoutePolicy policy, RouteRequest? request = null, params RouteTarget[] targets) =>
        Router.Choose(policy, request ?? Request, targets, new RouteMemory(policy), new Random(1), TimeSpan.Zero);

    public static string[] Ids(this RouteDecision decision) => [.. decision.Order.Select(candidate => candidate.Deployment.Id)];
}
