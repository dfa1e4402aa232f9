using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using Hydra.Model;
using Npgsql;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// The ledger in a PostgreSQL database that gateways of many machines share. A process is known to live by a lock of its session, which
/// the server gives back when the process or its machine is gone.
/// </summary>
public sealed class PostgresLedger : StoredLedger
{
    /// <summary>How long a process may be cut off from the server before others charge what it holds.</summary>
    private static readonly TimeSpan CutOffMax = TimeSpan.FromSeconds(10);

    private readonly PostgresAddress _address;
    private readonly PostgresLedgerRows _rows;
    private readonly NpgsqlConnection _upkeep;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _cutOffMax;
    /// <summary>Since when processes are not seen at the server.</summary>
    private readonly Dictionary<long, long> _missing = [];

    private PostgresLedger(PostgresAddress address, PostgresLedgerRows rows, NpgsqlConnection upkeep, LedgerOwner owner, TimeProvider clock, TimeSpan cutOffMax) : base(rows, owner, clock) =>
        (_address, _rows, _upkeep, _clock, _cutOffMax) = (address, rows, upkeep, clock, cutOffMax);

    internal static Task<PostgresLedger> OpenAsync(PostgresAddress address, TimeProvider clock) => OpenAsync(address, clock, CutOffMax);

    /// <exception cref="StoreException">The server is away, refuses, or holds the tables of another version.</exception>
    internal static async Task<PostgresLedger> OpenAsync(PostgresAddress address, TimeProvider clock, TimeSpan cutOffMax)
    {
        var connection = PostgresSchema.Open(address);
        NpgsqlConnection? upkeep = null;
        PostgresLedger ledger;
        try
        {
            upkeep = PostgresSchema.Open(address);
            var token = RandomNumberGenerator.GetInt32(int.MaxValue) + ((long)RandomNumberGenerator.GetInt32(int.MaxValue) << 31);
            connection.Run("SELECT pg_advisory_lock(@token)", ("token", token));   // first: no owner is ever seen without its lock
            var id = (long)connection.Ask("INSERT INTO owners(token, since) VALUES(@token, @since) RETURNING id", ("token", $"{token}"), ("since", clock.GetUtcNow().ToUnixTimeMilliseconds()))!;
            var owner = new LedgerOwner(id);
            ledger = new PostgresLedger(address, new PostgresLedgerRows(connection, owner, $"{token}", clock), upkeep, owner, clock, cutOffMax);
        }
        catch (Exception failed)
        {
            upkeep?.Dispose();
            connection.Dispose();
            if (PostgresSchema.IsOfStore(failed)) throw PostgresSchema.Explain(failed, address);
            throw;
        }
        try
        {
            await ledger.SettleDeadAsync();
        }
        catch (Exception failed)
        {
            await ledger.DisposeAsync();
            if (PostgresSchema.IsOfStore(failed)) throw PostgresSchema.Explain(failed, address);
            throw;
        }
        ledger.BeginUpkeep();
        return ledger;
    }

    internal override DbConnection Connection => _rows.Connection;

    internal override DbConnection Connect() => PostgresSchema.Open(_address);

    /// <remarks>All machines need the same secret, so it lies in the database; its keys are 256 random bits, which no copy of it tells.</remarks>
    internal override KeyHash OpenKeyHash(bool hasKeys)
    {
        try
        {
            using var connection = PostgresSchema.Open(_address);
            connection.Run("INSERT INTO secrets(name, value) VALUES('pepper', @new) ON CONFLICT DO NOTHING", ("new", KeyHash.NewPepper()));
            return KeyHash.Of((byte[])connection.Ask("SELECT value FROM secrets WHERE name='pepper'")!);
        }
        catch (NpgsqlException failed)
        {
            throw PostgresSchema.Explain(failed, _address);
        }
    }

    private protected override Exception Explain(Exception failed) => PostgresSchema.IsOfStore(failed) ? PostgresSchema.Explain(failed, _address) : failed;

    private protected override async Task KeepAsync()
    {
        if (_rows.HasHeld) await WriteAsync((_, _, _) => true);   // a session that was lost is taken up before others miss it
        await SettleDeadAsync();
    }

    private protected override void Leave() => _upkeep.Dispose();

    /// <summary>Charges what processes that are gone held, at its bound, and gives back what a lost connection left held by mistake.</summary>
    private async Task SettleDeadAsync()
    {
        foreach (var row in await WriteStraysAsync()) Release(new Reservation(row, null));
        var gone = FindMissing();
        foreach (var (id, token) in gone)
        {
            await WriteAsync((book, _, nowMs) => (bool)Connection.Ask("SELECT pg_try_advisory_xact_lock(@token)", ("token", token))! ? Close(book, Connection, id, nowMs) : 0);
            _missing.Remove(id);
        }
    }

    private async Task<IReadOnlyList<ReservationRow>> WriteStraysAsync() => _rows.HasStrays ? await WriteAsync((_, _, _) => _rows.TakeStrays()) : [];

    /// <summary>Processes that were not seen at the server for too long.</summary>
    private List<(long Id, long Token)> FindMissing()
    {
        if (_upkeep.State != System.Data.ConnectionState.Open) PostgresSchema.Enter(_upkeep);
        var owners = new List<(long Id, long Token)>();
        using (var command = _upkeep.Command("SELECT id, token FROM owners WHERE id<>@self", ("self", Owner.Id)))
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read()) owners.Add((reader.GetInt64(0), long.Parse(reader.GetString(1))));
        }
        var gone = new List<(long, long)>();
        foreach (var (id, token) in owners)
        {
            if (!(bool)_upkeep.Ask("SELECT pg_try_advisory_lock(@token)", ("token", token))!)
            {
                _missing.Remove(id);
                continue;
            }
            _upkeep.Run("SELECT pg_advisory_unlock(@token)", ("token", token));
            _missing.TryAdd(id, _clock.GetTimestamp());
            if (_clock.GetElapsedTime(_missing[id]) >= _cutOffMax) gone.Add((id, token));
        }
        return gone;
    }
}
