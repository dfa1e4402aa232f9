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

    private GatewayCaches(IAnswerStore exact, SemanticIndex semantic, CacheHits hits, TimeProvider clock) => (_exact, _semantic, _hits, _clock) = (exact, semantic, hits, clock);

    /// <exception cref="GatewayConfigException">The store is not known, or its address is missing or wrong.</exception>
    internal static GatewayCaches Open(GatewayConfig config, GatewayServiceOptions options, StoredLedger ledger)
    {
        var semantic = config.Cache.Semantic;
        if (semantic.Enabled && semantic.Model is null) throw new GatewayConfigException("cache.semantic.model is missing. Name an embedding model, such as openai/text-embedding-3-small.");
        if (semantic.Threshold is not (>= 0.5 and <= 1)) throw new GatewayConfigException($"cache.semantic.threshold is {semantic.Threshold}. It must be 0.5 to 1.");
        return new(OpenExact(config, options), new SemanticIndex(semantic.EntriesMax, options.Clock), new CacheHits(ledger, options.Clock), options.Clock);
    }

    /// <summary>Puts the caches before the rest of a pipeline.</summary>
    /// <param name="embedder">Gives the embedding model of a name, for an operation that needs it.</param>
    internal IChatClient Over(IChatClient inner, Func<CacheConfig> config, Func<string, Operation, IEmbeddingGenerator<string, Embedding<float>>> embedder) =>
        new ExactCacheStage(new SemanticCacheStage(inner, () => config().Semantic, embedder, _semantic, _hits, _clock), () => config().Exact, _exact, _hits, _clock);

    /// <summary>Forgets what is selected and says how many answers that were.</summary>
    public async Task<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken) =>
        _semantic.Clear(selection) + await _exact.ClearAsync(selection, cancellationToken);

    public async Task<CacheStats> StatsAsync(CancellationToken cancellationToken) => await _exact.StatsAsync(cancellationToken);

    public ValueTask DisposeAsync() => _exact.DisposeAsync();

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
