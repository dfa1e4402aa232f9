using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Hydra.Model;

namespace Hydra.Gateway.Caching;

/// <summary>Answers at a Redis server, which any number of gateways share. The server's own <c>maxmemory</c> bounds it.</summary>
/// <remarks>
/// One connection carries the commands of all calls. A call waits for <see cref="Patience"/> at most; a failure, and a reply that is
/// later, rests the server for <see cref="Rest"/>, in which every call is a miss at once.
/// </remarks>
internal sealed class RedisAnswers(RedisAddress address, TimeProvider clock, TimeSpan? patience = null) : IAnswerStore
{
    private const string Start = "hydra:answer:";
    private const int BodyBytesMax = 8 << 20, ScannedAtOnce = 500;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    /// <summary>An operator's command reads everything and may take its time.</summary>
    private static readonly TimeSpan UpkeepPatience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _connecting = new(1);
    private volatile RespConnection? _connection;
    private long _restsUntil;

    private TimeSpan Patience { get; } = patience ?? TimeSpan.FromMilliseconds(100);

    public async ValueTask<CachedAnswer?> FindAsync(string key, CancellationToken cancellationToken) =>
        await TryAsync(["GET", Start + key], cancellationToken) is byte[] body ? AnswerCodec.Read(body) : null;

    public async ValueTask KeepAsync(string key, CachedAnswer answer, CancellationToken cancellationToken)
    {
        var life = (long)(answer.ExpiresAt - clock.GetUtcNow()).TotalMilliseconds;
        if (life <= 0 || AnswerCodec.Write(answer) is not { Length: <= BodyBytesMax } body) return;
        await TryAsync(["SET", Start + key, body, "PX", life.ToString(CultureInfo.InvariantCulture)], cancellationToken);
    }

    public async ValueTask<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken)
    {
        var gone = 0L;
        await foreach (var (key, answer, _) in ScanAsync(cancellationToken))
        {
            if (answer is not null ? selection.Takes(answer) : selection == new CacheSelection()) gone += (long)(await AskAsync(["DEL", key], UpkeepPatience, cancellationToken))!;
        }
        return gone;
    }

    public async ValueTask<CacheStats> StatsAsync(CancellationToken cancellationToken)
    {
        var stats = new CacheStats(0, 0, 0);
        await foreach (var (_, answer, bytes) in ScanAsync(cancellationToken))
        {
            if (answer is not null) stats = new CacheStats(stats.Entries + 1, stats.Bytes + bytes, stats.SavesUsd + answer.CostUsd);
        }
        return stats;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection) await connection.DisposeAsync();
        _connecting.Dispose();
    }

    /// <summary>Every entry, each at least once while others write; one that is met twice is gone the second time.</summary>
    private async IAsyncEnumerable<(byte[] Key, CachedAnswer? Answer, int Bytes)> ScanAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = "0";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        do
        {
            if (await AskAsync(["SCAN", cursor, "MATCH", Start + "*", "COUNT", ScannedAtOnce.ToString(CultureInfo.InvariantCulture)], UpkeepPatience, cancellationToken) is not List<object?> { Count: 2 } page
                || page[0] is not byte[] next || page[1] is not List<object?> keys) throw new StoreException(StoreFault.Other, $"Redis at {address.Host}:{address.Port} answered SCAN with something else.");
            cursor = Encoding.ASCII.GetString(next);
            foreach (var key in keys.OfType<byte[]>())
            {
                if (!seen.Add(Encoding.UTF8.GetString(key))) continue;
                if (await AskAsync(["GET", key], UpkeepPatience, cancellationToken) is byte[] body) yield return (key, AnswerCodec.Read(body), body.Length);
            }
        }
        while (cursor != "0");
    }

    /// <summary>For calls: null instead of any failure, and at once while the server rests.</summary>
    private async ValueTask<object?> TryAsync(IReadOnlyList<object> words, CancellationToken cancellationToken)
    {
        if (clock.GetTimestamp() < Interlocked.Read(ref _restsUntil)) return null;
        try
        {
            return await AskAsync(words, Patience, cancellationToken);
        }
        catch (StoreException)
        {
            Interlocked.Exchange(ref _restsUntil, clock.GetTimestamp() + (long)(Rest.TotalSeconds * clock.TimestampFrequency));
            return null;
        }
    }

    /// <exception cref="StoreException">Redis does not answer in time, cannot be reached, or says no.</exception>
    private async ValueTask<object?> AskAsync(IReadOnlyList<object> words, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            // A caller that goes away must not break the connection of all the others: the reply is awaited to its own limit.
            var connection = await ConnectAsync(timer.Token);
            return await connection.AskAsync(words, timer.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!timer.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failed) when (failed is OperationCanceledException or IOException or SocketException or RespException or AuthenticationException or ObjectDisposedException)
        {
            var why = failed is OperationCanceledException ? $"it did not answer within {patience.TotalMilliseconds:0} ms" : failed.Message;
            throw new StoreException(StoreFault.Other, $"Redis at {address.Host}:{address.Port} cannot be used: {why}. Check cache.exact.url and the server.", failed);
        }
    }

    private async ValueTask<RespConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_connection is { IsOpen: true } open) return open;
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { IsOpen: true } meanwhile) return meanwhile;
            if (_connection is { } broken) await broken.DisposeAsync();
            return _connection = await RespConnection.OpenAsync(address, cancellationToken);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
