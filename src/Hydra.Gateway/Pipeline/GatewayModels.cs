using Hydra.Gateway.Config;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;

namespace Hydra.Gateway.Pipeline;

/// <summary>The groups of one configuration with their deployments. Immutable; a reload makes another one that keeps the health of those that stay.</summary>
internal sealed class GatewayModels
{
    private readonly Dictionary<string, QuotaGroup> _quotas = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Turnstile> _turnstiles = new(StringComparer.Ordinal);

    /// <summary>Groups made on demand that are kept; at the limit they begin anew, so that made-up names cannot fill the memory.</summary>
    private const int OnDemandMax = 1_000;

    private readonly Dictionary<string, ModelGroup> _onDemand = new(StringComparer.Ordinal);
    private Func<string, ModelGroup?> _make = _ => null;

    public required IReadOnlyDictionary<string, ModelGroup> Groups { get; init; }

    /// <param name="before">What ran until now; null: nothing.</param>
    public static GatewayModels Build(GatewayConfig config, IProviders providers, GatewayModels? before, ModelSurroundings around)
    {
        var groups = new Dictionary<string, ModelGroup>(StringComparer.Ordinal);
        var models = new GatewayModels { Groups = groups };
        foreach (var (name, group) in config.Models) groups[name] = models.BuildGroup(name, group, config, providers, before, around);
        if (config.Passthrough) models._make = model => models.PassTo(model, config, providers, before, around);
        return models;
    }

    /// <summary>No groups but those that are made when a model is asked for the first time.</summary>
    /// <param name="ids">What the ids of their deployments begin with.</param>
    /// <param name="make">Gives a model's group and who opens its deployments.</param>
    public static GatewayModels OnDemand(string ids, Func<string, (ModelGroupConfig Group, IProviders Providers)> make, GatewayConfig config, ModelSurroundings around)
    {
        var models = new GatewayModels { Groups = new Dictionary<string, ModelGroup>(StringComparer.Ordinal) };
        models._make = model =>
        {
            var (group, providers) = make(model);
            return models.BuildGroup(model, group, config, providers, null, around, ids);
        };
        return models;
    }

    /// <summary>A group of the one deployment that a model's own name points to; null: it points to none.</summary>
    private ModelGroup? PassTo(string model, GatewayConfig config, IProviders providers, GatewayModels? before, ModelSurroundings around)
    {
        if (AutomaticConfig.Deployment(config, model) is not { } deployment) return null;
        try
        {
            return BuildGroup(model, new ModelGroupConfig { Deployments = [deployment] }, config, providers, before, around);
        }
        catch (GatewayConfigException unavailable)
        {
            throw new GatewayRefusedException(RefusalKind.UnknownModel, unavailable.Message) { Parameter = "model" };
        }
    }

    private ModelGroup BuildGroup(string name, ModelGroupConfig group, GatewayConfig config, IProviders providers, GatewayModels? before, ModelSurroundings around, string? idsBegin = null)
    {
        var known = before?.Known(name);
        var breaker = config.Breaker;
        if (group.Deployments.Count == 1 && group.Fallbacks.Count == 0) breaker = breaker.ForLone();
        var deployments = new List<Deployment>();
        var ids = new DeploymentIds(idsBegin ?? name);
        foreach (var written in group.Deployments)
        {
            var id = ids.Next(written.Provider, written.Model);
            var (client, facts) = providers.Open(written);
            var quota = QuotaOf(config.Providers.GetValueOrDefault(written.Provider)?.QuotaGroup ?? written.Provider, before, around);
            var health = known?.ById.GetValueOrDefault(id)?.Health is { } learnt && learnt.Options == breaker ? learnt : new DeploymentHealth(id, written.Limits, breaker);
            lock (around.Gate) health.Meter.Limits = written.Limits;
            deployments.Add(new Deployment { Id = id, Group = name, Config = written, Client = client, Embeddings = new(() => providers.OpenEmbeddings(written)), Facts = facts, Health = health, Quota = quota, Turnstile = _turnstiles[quota.Name] });
        }
        return new ModelGroup
        {
            Name = name,
            Config = group,
            Deployments = deployments,
            ById = deployments.ToDictionary(deployment => deployment.Id, StringComparer.Ordinal),
            Routes = [.. deployments.Select(RouteOf)],
            Memory = known is { } && known.Config.Policy == group.Policy ? known.Memory : new RouteMemory(group.Policy),
            Meter = known?.Meter ?? new ScopeMeter(LimitScope.Route, name, group.Limits),
        };
    }

    private QuotaGroup QuotaOf(string name, GatewayModels? before, ModelSurroundings around)
    {
        if (_quotas.TryGetValue(name, out var quota)) return quota;
        var options = around.Quota;
        quota = before?._quotas.GetValueOrDefault(name) ?? new QuotaGroup(name, RateLimits.None, options);
        _turnstiles[name] = before?._turnstiles.GetValueOrDefault(name) ?? new Turnstile(quota.Bulkhead, around.Gate, around.Clock, around.Now, options.QueueWaitMax);
        return _quotas[name] = quota;
    }

    private static RouteDeployment RouteOf(Deployment deployment) => new()
    {
        Id = deployment.Id,
        QuotaGroup = deployment.Quota.Name,
        Weight = deployment.Config.Weight,
        Priority = deployment.Config.Priority,
        Region = deployment.Config.Region,
        Tags = deployment.Config.Tags,
        ContextWindow = deployment.Config.ContextTokensMax ?? deployment.Facts.ContextTokensMax,
        InputPrice = deployment.Facts.Price?.Input,
        OutputPrice = deployment.Facts.Price?.Output,
    };

    private ModelGroup? Known(string name)
    {
        if (Groups.TryGetValue(name, out var group)) return group;
        lock (_onDemand) return _onDemand.GetValueOrDefault(name);
    }

    private ModelGroup? MadeOnDemand(string model)
    {
        lock (_onDemand)
        {
            if (_onDemand.TryGetValue(model, out var group)) return group;
            if (_make(model) is not { } made) return null;
            if (_onDemand.Count >= OnDemandMax) _onDemand.Clear();
            return _onDemand[model] = made;
        }
    }

    public ModelGroup Find(string model) => Groups.TryGetValue(model, out var group) ? group : MadeOnDemand(model)
        ?? throw new GatewayRefusedException(RefusalKind.UnknownModel,
            $"There is no model '{Wire.Excerpt.Of(model)}' here.{Hydra.Model.DidYouMean.Hint(model, Groups.Keys)} GET /v1/models lists those that your key may use.") { Parameter = "model" };
}

/// <summary>What deployments share with the service that runs them.</summary>
internal sealed record ModelSurroundings(Lock Gate, TimeProvider Clock, Func<TimeSpan> Now)
{
    /// <summary>How many calls an account stands, and how it rests.</summary>
    public QuotaGroupOptions Quota { get; init; } = new();
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
    /// <summary>The longest answer that every deployment can give; null: not known of all.</summary>
    public long? OutputTokensMax => Deployments.Any(one => one.Facts.OutputTokensMax is null) ? null : Deployments.Min(one => one.Facts.OutputTokensMax);
}
