using System.Text.Json;
using Hydra.Gateway.Caching;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Filters;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using Hydra.Tracing;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>What a gateway takes from its surroundings.</summary>
public sealed record GatewayServiceOptions
{
    /// <summary>Gives an environment variable's value; secrets are read through it.</summary>
    public required Func<string, string?> Environment { get; init; }
    /// <summary>Folder that relative paths of the configuration start from.</summary>
    public required string Folder { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    /// <summary>Seed of the draws; null: another one each time.</summary>
    public int? Seed { get; init; }
    /// <summary>Says why model calls are switched off; null: they are on. Asked before every attempt, so it must be quick.</summary>
    public Func<string?> KillSwitch { get; init; } = () => null;
    /// <summary>Told of failures of the gateway itself, never of a caller's or a provider's.</summary>
    public Action<Exception> OnDefect { get; init; } = _ => { };
    /// <summary>Told of what goes on without: a collector that takes no spans.</summary>
    public Action<string> OnWarning { get; init; } = _ => { };
    /// <summary>Told when another model answered than was asked; called on the call's own path, so it must be quick.</summary>
    public Action<Operation, Attempt> OnOtherModel { get; init; } = (_, _) => { };
    /// <summary>Gives the embedding model of the semantic cache by its name; null: as the environment's accounts know it.</summary>
    public Func<string, IEmbeddingGenerator<string, Embedding<float>>>? Embeddings { get; init; }
}

/// <summary>
/// A running gateway: the one pipeline from a caller's question to an answer, for every door and for callers in the same process. Safe
/// to share between threads.
/// </summary>
public sealed class GatewayService : IAsyncDisposable
{
    private readonly GatewayServiceOptions _options;
    private readonly ProviderFactory _providers;
    private readonly StoredLedger _ledger;
    private readonly Lock _gate = new();
    private readonly long _origin;
    private readonly SpanExport? _spans;
    private readonly System.Collections.Concurrent.ConcurrentQueue<OwnModels> _retired = new();
    private volatile GatewayModels _models;
    private volatile GatewayConfig _config;
    private volatile Lazy<OwnModels> _own;
    private volatile Lazy<IReadOnlyList<string>> _reachable;

    private GatewayService(GatewayConfig config, GatewayServiceOptions options, StoredLedger ledger)
    {
        (_config, _options, _ledger) = (config, options, ledger);
        _origin = options.Clock.GetTimestamp();
        var (tracing, problem) = OtlpSettings.From(options.Environment);
        if (problem is not null) options.OnWarning(problem);
        if (tracing is not null) _spans = new SpanExport(tracing, options.OnWarning);
        FilterSet.Of(config.Filters);   // a wrong filter is refused here, not at the first call
        _providers = new ProviderFactory(config, options);
        _models = GatewayModels.Build(config, _providers, null, Surroundings);
        _own = OwnOf(config);
        _reachable = ReachableOf(config);
        Keys = new KeyRing(ledger, options.Clock);
        AdminKey = AdminKeyOf(config);
        var factory = new PipelineFactory
        {
            Config = () => _config, Ledger = ledger, Gate = _gate, Clock = options.Clock, Now = Now, KillSwitch = SwitchedOff, OnEnd = End,
            Random = options.Seed is { } seed ? new Random(seed) : Random.Shared,
        };
        var route = factory.RouteTo(() => _models);
        var own = factory.RouteTo(() => _own.Value.Models);
        Caches = GatewayCaches.Open(config, options, ledger);
        var caches = Caches.Over(route, () => _config.Cache, (model, asked) => options.Embeddings is { } given ? given(model) : new PipelineEmbedder(own, () => Open("embeddings", asked.Caller, model)));
        var filters = new FilterStage(caches, () => _config, new Moderator(options));
        Client = factory.Begin(filters, () => _models);
    }

    /// <summary>The pipeline. Its options must be those of an operation that <see cref="Open(string, Caller, string)"/> began, as the doors do.</summary>
    public IChatClient Client { get; }
    public KeyRing Keys { get; }
    public GatewayCaches Caches { get; }
    public ILedger Ledger => _ledger;
    public GatewayConfig Config => _config;
    public TimeProvider Clock => _options.Clock;
    /// <summary>The key of the administration; null: there is none over HTTP.</summary>
    internal string? AdminKey { get; private set; }
    /// <summary>Models that are listed beside the groups where names are passed on: those that the price table knows at the accounts.</summary>
    public IReadOnlyList<string> Reachable => _reachable.Value;
    /// <summary>Whether it can serve now.</summary>
    public bool IsReady { get; private set; } = true;

    /// <exception cref="GatewayConfigException">A secret or a price file cannot be read, or a provider cannot be made; the message lists everything.</exception>
    /// <exception cref="Hydra.Model.StoreException">The store cannot be opened.</exception>
    public static async Task<GatewayService> OpenAsync(GatewayConfig config, GatewayServiceOptions options, CancellationToken cancellationToken)
    {
        var ledger = await LedgerPlace.Of(config.Store, options).OpenAsync(options.Clock);
        try
        {
            var service = new GatewayService(config, options, ledger);
            await ledger.ConfigureAsync(config.Budgets, cancellationToken);
            return service;
        }
        catch
        {
            await ledger.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a changed configuration; calls under way go on with the old one, and what stays keeps its health.</summary>
    /// <exception cref="GatewayConfigException">The new one cannot be used; the old one stays.</exception>
    public async Task ReloadAsync(GatewayConfig config, CancellationToken cancellationToken)
    {
        var before = _config;
        FilterSet.Of(config.Filters);
        _providers.Take(config);
        try
        {
            _models = GatewayModels.Build(config, _providers, _models, Surroundings);
        }
        catch
        {
            _providers.Take(before);
            throw;
        }
        AdminKey = AdminKeyOf(config);
        _config = config;
        var retired = _own;
        (_own, _reachable) = (OwnOf(config), ReachableOf(config));
        if (retired.IsValueCreated) _retired.Enqueue(retired.Value);
        await _ledger.ConfigureAsync(config.Budgets, cancellationToken);
    }

    /// <summary>Begins an operation of a caller in this process.</summary>
    public Operation Open(string door, Caller caller, string model) => Operation.Begin(door, caller, model, Clock);

    /// <summary>Begins an operation of whoever stands at a door.</summary>
    /// <exception cref="GatewayRefusedException">The key is missing, unknown, blocked or expired, or may not use the model.</exception>
    internal Operation Open(RequestFacts facts, DoorRequest request)
    {
        var key = KeyOf(facts.PresentedKey);
        if (key is not null && !key.Allows(request.Model))
        {
            throw new GatewayRefusedException(RefusalKind.Forbidden, $"The key '{key.Name}' may not use the model '{Wire.Excerpt.Of(request.Model)}'. It may use: {string.Join(", ", key.Models)}.") { Parameter = "model" };
        }
        return new Operation
        {
            Door = facts.Door,
            Caller = key?.ToCaller(facts.User, facts.Tags) ?? new Caller(null, null, facts.User, facts.Tags),
            Key = key,
            Model = request.Model,
            CreatedAt = Clock.GetUtcNow(),
            StartedAt = Clock.GetTimestamp(),
            Metadata = facts.Metadata,
            CacheControl = facts.Cache,
            Timeout = facts.Timeout,
            Trace = OperationSpans.TraceOf(facts.TraceParent),
        };
    }

    internal IEnumerable<string> ModelsFor(string? presentedKey)
    {
        var key = KeyOf(presentedKey);
        return _models.Groups.Keys.Concat(_reachable.Value).Where(model => key?.Allows(model) != false).Order(StringComparer.Ordinal);
    }

    /// <summary>Whether a caller may ask for a model, listed or not.</summary>
    internal bool MayAsk(string? presentedKey, string model)
    {
        if (KeyOf(presentedKey)?.Allows(model) == false) return false;
        try
        {
            return _models.Find(model) is not null;
        }
        catch (GatewayRefusedException)
        {
            return false;
        }
    }

    internal GatewayModels Models => _models;

    /// <summary>An operation is over: its spans go to the collector, where there is one, and who listens hears of other models.</summary>
    private void End(Operation operation, bool isWhole)
    {
        if (_spans is not null)
        {
            var outcome = isWhole ? Attempt.Answered : operation.Last is { Outcome: not Attempt.Answered } last ? last.Outcome : "refused";
            _spans.Add(OperationSpans.Of(operation, Clock.GetUtcNow(), Clock.GetElapsedTime(operation.StartedAt), outcome));
        }
        foreach (var attempt in operation.Attempts)
        {
            if (attempt.IsOtherModel) _options.OnOtherModel(operation, attempt);
        }
    }

    /// <summary>Every deployment with its breaker, its calls and its times, as JSON.</summary>
    internal void WriteHealth(Utf8JsonWriter json)
    {
        json.WriteStartArray("deployments");
        foreach (var deployment in _models.Groups.Values.SelectMany(group => group.Deployments).OrderBy(deployment => deployment.Id, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("deployment", deployment.Id);
            json.WriteString("quota_group", deployment.Quota.Name);
            WriteHealth(json, deployment, OperationKind.Chat);
            json.WriteStartObject("embeddings");
            WriteHealth(json, deployment, OperationKind.Embeddings);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void WriteHealth(Utf8JsonWriter json, Deployment deployment, OperationKind kind)
    {
        BreakerView view;
        LiveFacts facts;
        lock (_gate)
        {
            var health = deployment.Health.Of(kind);
            view = health.Breaker.At(Now());
            facts = health.Stats.Facts(view, null, 1, Now());
        }
        json.WriteString("breaker", view.Position switch { BreakerPosition.Closed => "closed", BreakerPosition.Open => "open", _ => "half_open" });
        if (view.RefusesUntil is { } until) json.WriteNumber("retry_in_seconds", Math.Max(0, (until - Now()).TotalSeconds));
        if (view.Cause is { } cause) json.WriteString("cause", cause);
        json.WriteNumber("in_flight", facts.InFlight);
        json.WriteNumber("calls", facts.Calls);
        json.WriteNumber("successes", facts.Successes);
        if (facts.Latency is { } latency) json.WriteNumber("latency_ms", latency.TotalMilliseconds);
        if (facts.FirstToken is { } first) json.WriteNumber("first_token_ms", first.TotalMilliseconds);
    }

    private string? AdminKeyOf(GatewayConfig config) => config.AdminKey is { } reference ? SecretReference.Read(reference, "auth.admin_key", _options) : null;

    internal void Report(Exception failure, Operation? operation)
    {
        if (failure is GatewayRefusedException { InnerException: null } or Hydra.Model.CallFailedException or OperationCanceledException) return;
        _options.OnDefect(failure);
    }

    public async ValueTask DisposeAsync()
    {
        IsReady = false;
        Keys.Dispose();
        if (_spans is not null) await _spans.DisposeAsync();
        Client.Dispose();
        await Caches.DisposeAsync();
        await _ledger.DisposeAsync();
        _providers.Dispose();
        if (_own.IsValueCreated) _own.Value.Providers.Dispose();
        foreach (var retired in _retired) retired.Providers.Dispose();
    }

    private VirtualKey? KeyOf(string? presented)
    {
        if (presented is null)
        {
            return _config.AuthRequired ? throw Unauthenticated("No key was sent. Send one as `Authorization: Bearer KEY` or `x-api-key: KEY`; `hydra gateway keys create` makes one.") : null;
        }
        if (Keys.Find(presented) is KeyCheck.Valid valid) return valid.Key;
        // Without auth, official clients still send whatever they were given.
        if (!_config.AuthRequired && !presented.StartsWith(KeyHash.Start, StringComparison.Ordinal)) return null;
        var problem = ((KeyCheck.Refused)Keys.Find(presented)).Problem;
        throw Unauthenticated(problem switch
        {
            KeyProblem.Blocked => "The key is blocked.",
            KeyProblem.Expired => "The key has expired.",
            _ => "The key is not known here.",
        });

        static GatewayRefusedException Unauthenticated(string message) => new(RefusalKind.Unauthenticated, message);
    }

    private GatewayRefusedException? SwitchedOff() =>
        _options.KillSwitch() is { } reason ? new GatewayRefusedException(RefusalKind.KillSwitch, $"Model calls are switched off: {reason}.") : null;

    private TimeSpan Now() => Clock.GetElapsedTime(_origin);

    /// <summary>
    /// Models that the gateway itself asks for embeddings: those of the configuration, whether callers may name them or not, and the
    /// environment's accounts. They share the health and the quotas of the callers' deployments.
    /// </summary>
    private Lazy<OwnModels> OwnOf(GatewayConfig config) => new(() =>
    {
        var providers = new Dictionary<string, ProviderConfig>(AutomaticConfig.Of(_options.Environment).Providers, StringComparer.Ordinal) { ["offline"] = new() { Kind = "offline" } };
        foreach (var (name, provider) in config.Providers) providers[name] = provider;
        var wide = config with { Providers = providers, Passthrough = true };
        var factory = new ProviderFactory(wide, _options);
        return new OwnModels(GatewayModels.Build(wide, factory, _models, Surroundings), factory);
    });

    private Lazy<IReadOnlyList<string>> ReachableOf(GatewayConfig config) => new(() => ReachableModels.Of(config, DateOnly.FromDateTime(Clock.GetUtcNow().UtcDateTime)));

    private sealed record OwnModels(GatewayModels Models, ProviderFactory Providers);

    private ModelSurroundings Surroundings => new(_gate, Clock, Now);
}
