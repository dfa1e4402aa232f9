using System.Collections.Concurrent;
using System.Collections.Frozen;
using Hydra.Model;
using System.Data.Common;

namespace Hydra.Gateway.Ledger;

/// <summary>The keys of a ledger's store in memory. What another process changes is seen within a second.</summary>
public sealed class KeyRing : IKeyRing, IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NoteUseEvery = TimeSpan.FromMinutes(1);

    private readonly StoredLedger _ledger;
    private readonly TimeProvider _clock;
    private readonly DbConnection _connection;
    private readonly KeyHash _hash;
    private readonly Lock _looking = new();
    private readonly ConcurrentDictionary<string, long> _usedAtMs = new(StringComparer.Ordinal);
    private volatile FrozenDictionary<Hash256, (VirtualKey Key, bool IsOld)> _keys = FrozenDictionary<Hash256, (VirtualKey, bool)>.Empty;
    private long _version = -1;
    private long _lookedAt;

    /// <exception cref="StoreException">The store or its pepper cannot be read.</exception>
    public KeyRing(StoredLedger ledger, TimeProvider clock)
    {
        _ledger = ledger;
        _clock = clock;
        _connection = ledger.Connect();
        _hash = ledger.OpenKeyHash(KeyRows.Read(_connection).Count > 0);
        _lookedAt = clock.GetTimestamp();
        Look();
    }

    public KeyCheck Find(string presented)
    {
        if (_clock.GetElapsedTime(Volatile.Read(ref _lookedAt)) >= LookEvery) LookUnlessOthersDo();
        if (presented.Length is 0 or > KeyHash.PresentedCharsMax || !_keys.TryGetValue(_hash.Of(presented), out var found)) return new KeyCheck.Refused(KeyProblem.Unknown);
        var now = _clock.GetUtcNow();
        var key = found.Key;
        if (found.IsOld && !(key.OldSecretUntil > now)) return new KeyCheck.Refused(KeyProblem.Expired);
        if (key.IsBlocked) return new KeyCheck.Refused(KeyProblem.Blocked);
        if (key.ExpiresAt <= now) return new KeyCheck.Refused(KeyProblem.Expired);
        NoteUse(key, now.ToUnixTimeMilliseconds());
        return new KeyCheck.Valid(key);
    }

    /// <summary>Every key that is not deleted, oldest first, as it stands in the store now.</summary>
    public IReadOnlyList<VirtualKey> List()
    {
        lock (_looking) return [.. KeyRows.Read(_connection).Select(row => row.Key)];
    }

    public async Task<IssuedKey> CreateAsync(NewKey wish)
    {
        KeyWishes.Check(wish, _clock.GetUtcNow());
        var secret = KeyHash.NewSecret();
        var id = $"key{Guid.CreateVersion7():n}"[..19] + $"{Random.Shared.Next(0x10000):x4}";
        var key = new VirtualKey
        {
            Id = id, Name = wish.Name, Prefix = PrefixOf(secret), Team = wish.Team, User = wish.User, Tags = wish.Tags, Models = wish.Models,
            RequestsPerMinute = wish.RequestsPerMinute, TokensPerMinute = wish.TokensPerMinute, ParallelMax = wish.ParallelMax, CreatedAt = _clock.GetUtcNow(), ExpiresAt = wish.ExpiresAt,
            Budget = wish.UsdMax is null && wish.TokensMax is null ? null : new Budget(new BudgetScope(BudgetScopeKind.Key, id), wish.Window, wish.UsdMax, wish.TokensMax),
        };
        await ChangeAsync(book =>
        {
            if (KeyRows.Read(_ledger.Connection).Any(row => row.Key.Name == wish.Name)) throw new KeyTakenException(wish.Name);
            KeyRows.Add(_ledger.Connection, key, _hash.Of(secret));
            _ledger.ReplaceBudgets(book, BudgetRows.OfKey(id), key.Budget is null ? [] : [key.Budget]);
        });
        return new IssuedKey(key, secret);
    }

    /// <summary>Gives a key a new secret; the old one is good for the grace, which may be zero. Everything else stays.</summary>
    public async Task<IssuedKey> RotateAsync(string idOrName, TimeSpan grace)
    {
        var key = Named(idOrName);
        var secret = KeyHash.NewSecret();
        var until = _clock.GetUtcNow() + grace;
        await ChangeAsync(_ => KeyRows.Rotate(_ledger.Connection, key.Id, PrefixOf(secret), _hash.Of(secret), until.ToUnixTimeMilliseconds()));
        return new IssuedKey(Named(key.Id), secret);
    }

    public async Task<VirtualKey> SetBlockedAsync(string idOrName, bool isBlocked)
    {
        var key = Named(idOrName);
        await ChangeAsync(_ => KeyRows.SetBlocked(_ledger.Connection, key.Id, isBlocked));
        return key with { IsBlocked = isBlocked };
    }

    /// <summary>The key is refused from now on; its charges stay, and its name is free again.</summary>
    public async Task<VirtualKey> DeleteAsync(string idOrName)
    {
        var key = Named(idOrName);
        await ChangeAsync(book =>
        {
            KeyRows.Delete(_ledger.Connection, key.Id, _clock.GetUtcNow().ToUnixTimeMilliseconds());
            _ledger.ReplaceBudgets(book, BudgetRows.OfKey(key.Id), []);
        });
        return key;
    }

    /// <exception cref="KeyRefusedException">There is no such key.</exception>
    public VirtualKey Named(string idOrName)
    {
        var all = List();
        return all.FirstOrDefault(key => key.Id == idOrName) ?? all.FirstOrDefault(key => key.Name == idOrName)
            ?? throw new KeyRefusedException($"There is no key '{idOrName}'.{DidYouMean.Hint(idOrName, all.Select(key => key.Name))} `hydra gateway keys list` shows them.");
    }

    public void Dispose() => _connection.Dispose();

    private async Task ChangeAsync(Action<LedgerBook> change)
    {
        try
        {
            await _ledger.WriteAsync((book, _, _) =>
            {
                change(book);
                BudgetRows.Bump(_ledger.Connection, "keys");
                BudgetRows.Bump(_ledger.Connection, "budgets");   // a budget may name the key
                book.Save();
                book.Forget();
                book.Refresh();
                return true;
            });
        }
        catch (KeyTakenException taken)
        {
            throw new KeyRefusedException(taken.Message);
        }
        lock (_looking) Look();
    }

    private void LookUnlessOthersDo()
    {
        if (!_looking.TryEnter()) return;
        try
        {
            Look();
        }
        catch (DbException)
        {
            // The keys as they were a second ago; the ledger tells the next caller that the store is broken.
        }
        finally
        {
            _looking.Exit();
        }
    }

    private void Look()
    {
        Volatile.Write(ref _lookedAt, _clock.GetTimestamp());
        _connection.Revive();
        var version = KeyRows.Version(_connection);
        if (version == _version) return;
        var keys = new Dictionary<Hash256, (VirtualKey, bool)>();
        foreach (var row in KeyRows.Read(_connection))
        {
            keys[row.Hash] = (row.Key, false);
            if (row.OldHash is { } old) keys[old] = (row.Key, true);
        }
        _keys = keys.ToFrozenDictionary();
        _version = version;
    }

    private void NoteUse(VirtualKey key, long nowMs)
    {
        var noted = _usedAtMs.GetOrAdd(key.Id, static (_, known) => known, key.LastUsedAt?.ToUnixTimeMilliseconds() ?? 0);
        if (nowMs - noted < NoteUseEvery.TotalMilliseconds || !_usedAtMs.TryUpdate(key.Id, nowMs, noted)) return;
        _ledger.WriteLater(() => KeyRows.SetUsed(_ledger.Connection, key.Id, nowMs));
    }

    private static string PrefixOf(string secret) => secret[..(KeyHash.Start.Length + 4)];

    private sealed class KeyTakenException(string name) : InvalidOperationException($"There is a key '{name}' already. Choose another name, or delete or rotate that one.");
}
