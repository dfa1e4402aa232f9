using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Caching;

/// <summary>A gateway's store of answers as an operator reaches it from outside; one in memory cannot be reached.</summary>
public sealed class CacheStore : IAsyncDisposable
{
    private readonly IAnswerStore _answers;

    private CacheStore(IAnswerStore answers) => _answers = answers;

    /// <summary>The SQLite file of a gateway's cache, beside its ledger.</summary>
    public static string FileBeside(string ledger) => SqliteAnswers.FileBeside(ledger);

    /// <exception cref="Hydra.Model.StoreException">The file cannot be opened.</exception>
    public static CacheStore OpenSqlite(string file, TimeProvider clock) => new(new SqliteAnswers(file, long.MaxValue, clock));

    /// <param name="url">As <c>redis://:PASSWORD@HOST:PORT/DATABASE</c>.</param>
    /// <exception cref="GatewayConfigException">It is no such address.</exception>
    public static CacheStore OpenRedis(string url, TimeProvider clock) => new(new RedisAnswers(RedisAddress.Parse(url), clock));

    /// <summary>Forgets what is selected and says how many answers that were.</summary>
    /// <exception cref="Hydra.Model.StoreException">The store cannot be read or written.</exception>
    public async Task<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken) => await _answers.ClearAsync(selection, cancellationToken);

    /// <exception cref="Hydra.Model.StoreException">The store cannot be read.</exception>
    public async Task<CacheStats> StatsAsync(CancellationToken cancellationToken) => await _answers.StatsAsync(cancellationToken);

    public ValueTask DisposeAsync() => _answers.DisposeAsync();
}
