using System.Collections.Concurrent;
using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>The caches of one gateway: their stores, and the stages that ask them.</summary>
public sealed class GatewayCaches : IAsyncDisposable
{
    private readonly IAnswerStore _exact;
    private readonly CacheHits _hits;
    private readonly TimeProvider _clock;
    private readonly SemanticIndex _semantic;
    private readonly GatewayServiceOptions _options;
    private readonly ConcurrentDictionary<string, IEmbeddingGenerator<string, Embedding<float>>> _embedders = new(StringComparer.Ordinal);
    private ModelGateway? _models;

    private GatewayCaches(IAnswerStore exact, SemanticIndex semantic, CacheHits hits, GatewayServiceOptions options) =>
        (_exact, _semantic, _hits, _options, _clock) = (exact, semantic, hits, options, options.Clock);

    /// <exception cref="GatewayConfigException">The store is not known, or its address is missing or wrong.</exception>
    internal static GatewayCaches Open(GatewayConfig config, GatewayServiceOptions options, SqliteLedger ledger)
    {
        var semantic = config.Cache.Semantic;
        if (semantic.Enabled && semantic.Model is null) throw new GatewayConfigException("cache.semantic.model is missing. Name an embedding model, such as openai/text-embedding-3-small.");
        if (semantic.Threshold is not (>= 0.5 and <= 1)) throw new GatewayConfigException($"cache.semantic.threshold is {semantic.Threshold}. It must be 0.5 to 1.");
        return new(OpenExact(config, options), new SemanticIndex(semantic.EntriesMax, options.Clock), new CacheHits(ledger, options.Clock), options);
    }

    /// <summary>Puts the caches before the rest of a pipeline.</summary>
    internal IChatClient Over(IChatClient inner, Func<CacheConfig> config) =>
        new ExactCacheStage(new SemanticCacheStage(inner, () => config().Semantic, Embedder, _semantic, _hits, _clock), () => config().Exact, _exact, _hits, _clock);

    /// <summary>Forgets what is selected and says how many answers that were.</summary>
    public async Task<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken) =>
        _semantic.Clear(selection) + await _exact.ClearAsync(selection, cancellationToken);

    public async Task<CacheStats> StatsAsync(CancellationToken cancellationToken) => await _exact.StatsAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var embedder in _embedders.Values) embedder.Dispose();
        _models?.Dispose();
        await _exact.DisposeAsync();
    }

    /// <exception cref="Hydra.Model.ModelUnavailableException">The environment names no account for it, or it gives no embeddings.</exception>
    private IEmbeddingGenerator<string, Embedding<float>> Embedder(string model) => _embedders.GetOrAdd(model, _options.Embeddings ?? FromEnvironment);

    private IEmbeddingGenerator<string, Embedding<float>> FromEnvironment(string model)
    {
        lock (_embedders) _models ??= new ModelGateway(GatewayOptions.FromEnvironment(_options.Environment) with { Clock = _options.Clock });
        return _models.GetEmbeddings(model);
    }

    private static IAnswerStore OpenExact(GatewayConfig config, GatewayServiceOptions options)
    {
        var exact = config.Cache.Exact;
        switch (exact.Store)
        {
            case "sqlite" when exact.Enabled:
                var ledger = config.Store.Sqlite ?? throw new GatewayConfigException("cache.exact.store is 'sqlite', but store.sqlite names no file. Name one, or take 'memory'.");
                return new SqliteAnswers(SqliteAnswers.FileBeside(Path.GetFullPath(ledger, options.Folder)), exact.BytesMax, options.Clock);
            case "redis" when exact.Enabled:
                var url = exact.Url ?? throw new GatewayConfigException("cache.exact.store is 'redis', but cache.exact.url is missing. Write redis://HOST:PORT, or env:NAME where it holds a password.");
                return new RedisAnswers(RedisAddress.Parse(SecretReference.IsReference(url) ? SecretReference.Read(url, "cache.exact.url", options) : url), options.Clock);
            case "memory" or "sqlite" or "redis": return new MemoryAnswers(exact.BytesMax, options.Clock);
            default: throw new GatewayConfigException($"cache.exact.store is '{exact.Store}'. It must be memory, sqlite or redis.");
        }
    }
}
