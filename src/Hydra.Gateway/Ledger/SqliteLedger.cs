using System.Data.Common;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// The ledger in one SQLite file that any number of processes on this machine share. While one process is alone on it, calls are noted in a
/// file of that process and written to SQLite in batches; another one that comes, or a report, has it write everything first.
/// </summary>
public sealed class SqliteLedger : StoredLedger
{
    /// <summary>Pages of the log after which a checkpoint may hold writers up, so that it can begin anew: 64 MiB.</summary>
    private const long LogPagesMax = 16_384;

    private readonly string _file;
    private readonly string? _temporary;
    private readonly SqliteConnection _connection;
    private readonly SqliteConnection _upkeep;
    private readonly AheadRows _rows;
    private readonly LedgerKnock.Listener? _knocks;

    private SqliteLedger(string file, string? temporary, SqliteConnection connection, SqliteConnection upkeep, AheadRows rows, LedgerOwner owner, TimeProvider clock) : base(rows, owner, clock)
    {
        (_file, _temporary, _connection, _upkeep, _rows) = (file, temporary, connection, upkeep, rows);
        _knocks = LedgerKnock.Listen(file, GoAmongOthers);
    }

    /// <summary>The file; of a ledger in memory a temporary one.</summary>
    public string File => _file;

    /// <summary>Opens the ledger and charges what dead processes left open at its bound.</summary>
    /// <param name="file">Null: a file of its own, gone with the process.</param>
    /// <exception cref="StoreException">The file cannot be opened, made or written.</exception>
    public static Task<SqliteLedger> OpenAsync(string? file, TimeProvider clock) => OpenAsync(file, clock, LedgerKnock.WaitMax);

    internal static async Task<SqliteLedger> OpenAsync(string? file, TimeProvider clock, TimeSpan knockMax)
    {
        var temporary = file is null ? Directory.CreateTempSubdirectory("hydra-ledger-").FullName : null;
        file = Path.GetFullPath(file ?? Path.Combine(temporary!, "gateway.db"));
        var connection = LedgerSchema.Open(file);
        SqliteConnection? upkeep = null;
        SqliteLedger ledger;
        try
        {
            upkeep = LedgerSchema.Connect(file);
            var owner = LedgerOwner.Enter(connection, file, clock.GetUtcNow().ToUnixTimeMilliseconds());
            ledger = new SqliteLedger(file, temporary, connection, upkeep, new AheadRows(new SqliteLedgerRows(connection), owner), owner, clock);
        }
        catch (Exception failed) when (IsOfStore(failed))
        {
            upkeep?.Dispose();
            connection.Dispose();
            throw LedgerSchema.Explain(failed, file);
        }
        try
        {
            LedgerKnock.Wait(upkeep, file, ledger.Owner.Id, knockMax);
            await ledger.SettleDeadAsync();
            await ledger.GoAloneAsync();
        }
        catch (Exception failed)
        {
            await ledger.DisposeAsync();
            if (IsOfStore(failed)) throw LedgerSchema.Explain(failed, file);
            throw;
        }
        ledger.BeginUpkeep();
        return ledger;
    }

    internal override DbConnection Connection => _connection;

    internal override DbConnection Connect() => LedgerSchema.Connect(_file);

    internal override KeyHash OpenKeyHash(bool hasKeys) => KeyHash.Open(_file, hasKeys);

    private protected override Exception Explain(Exception failed) => IsOfStore(failed) ? LedgerSchema.Explain(failed, _file) : failed;

    private protected override async Task KeepAsync()
    {
        Checkpoint();
        await SettleDeadAsync();
        await GoAloneAsync();
        if (_rows.HasNoted) await WriteAsync((_, _, _) => true);   // whoever looks into the store sees what is older than a second
    }

    private protected override void Stop() => _knocks?.Dispose();

    private protected override void Leave()
    {
        _upkeep.Dispose();
        _connection.Dispose();
        if (_temporary is not null) Directory.Delete(_temporary, recursive: true);
    }

    /// <summary>Charges what processes that are gone held, at its bound.</summary>
    private async Task SettleDeadAsync()
    {
        var dead = LedgerOwner.FindDead(_upkeep, _file, Owner.Id);
        try
        {
            foreach (var owner in dead)
            {
                await WriteAsync((book, _, nowMs) => Close(book, owner, nowMs));
                LedgerNotes.Delete(owner.LockFile);
            }
        }
        finally
        {
            foreach (var owner in dead) owner.Dispose();
        }
    }

    /// <summary>Notes calls first from now on, where nobody else uses the store and those who come can be heard.</summary>
    private async Task GoAloneAsync()
    {
        if (_knocks is null || _rows.IsAlone || (long)StoreSchema.Ask(_upkeep, "SELECT COUNT(*) FROM owners")! != 1) return;
        await WriteAsync((_, _, _) =>
        {
            _rows.GoAlone();
            return true;
        });
    }

    private void GoAmongOthers() => WriteLater(_rows.GoAmongOthers);

    private int Close(LedgerBook book, DeadOwner owner, long nowMs)
    {
        if (LedgerOwner.AheadOf(_connection, owner.Id) is { } written)
        {
            foreach (var note in LedgerNotes.Read(owner.LockFile, written)) book.Repeat(note);
        }
        return Close(book, _connection, owner.Id, nowMs);
    }

    private void Checkpoint()
    {
        using var command = _upkeep.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
        long pages;
        using (var reader = command.ExecuteReader()) pages = reader.Read() ? reader.GetInt64(1) : 0;
        if (pages > LogPagesMax) StoreSchema.Run(_upkeep, "PRAGMA wal_checkpoint(RESTART)");
    }

    private static bool IsOfStore(Exception failed) => failed is SqliteException or IOException or UnauthorizedAccessException;
}
