using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// The ledger in one SQLite file that any number of processes on this machine share. While one process is alone on it, calls are noted in a
/// file of that process and written to SQLite in batches; another one that comes, or a report, has it write everything first.
/// </summary>
public sealed class SqliteLedger : ILedger
{
    /// <summary>Pages of the log after which a checkpoint may hold writers up, so that it can begin anew: 64 MiB.</summary>
    private const long LogPagesMax = 16_384;
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(1);

    private readonly string _file;
    private readonly string? _temporary;
    private readonly SqliteConnection _connection;
    private readonly SqliteConnection _upkeep;
    private readonly AheadRows _rows;
    private readonly LedgerOwner _owner;
    private readonly LedgerWriter _writer;
    private readonly PeriodicTimer _timer;
    private readonly LedgerKnock.Listener? _knocks;
    private Task _keeping = Task.CompletedTask;
    private bool _isDisposed;

    private SqliteLedger(string file, string? temporary, SqliteConnection connection, TimeProvider clock)
    {
        _file = file;
        _temporary = temporary;
        _connection = connection;
        _upkeep = LedgerSchema.Connect(file);
        _owner = LedgerOwner.Enter(connection, file, clock.GetUtcNow().ToUnixTimeMilliseconds());
        _rows = new AheadRows(new SqliteLedgerRows(connection), _owner);
        _writer = new LedgerWriter(_rows, _owner, file, clock);
        _timer = new PeriodicTimer(UpkeepEvery, clock);
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
        SqliteLedger ledger;
        try
        {
            ledger = new SqliteLedger(file, temporary, connection, clock);
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection.Dispose();
            throw LedgerSchema.Explain(failed, file);
        }
        try
        {
            LedgerKnock.Wait(ledger._upkeep, file, ledger._owner.Id, knockMax);
            await ledger.SettleDeadAsync();
            await ledger.GoAloneAsync();
        }
        catch (Exception failed)
        {
            await ledger.DisposeAsync();
            if (failed is SqliteException or IOException or UnauthorizedAccessException) throw LedgerSchema.Explain(failed, file);
            throw;
        }
        ledger._keeping = ledger.KeepAsync();
        return ledger;
    }

    public ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
    {
        if (request.BoundUsd < 0 || request.BoundTokens < 0) throw new ArgumentException("A bound is negative.", nameof(request));
        return new(Add(new ReserveWork(request, cancellationToken)));
    }

    public Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement) => Add(new SettleWork(reservation, Checked(settlement)));

    public void Settle(Reservation reservation, Settlement settlement) => _writer.Add(new SettleWork(reservation, Checked(settlement)), isAwaited: false);

    public void Release(Reservation reservation) => _writer.Add(new ReleaseWork(reservation), isAwaited: false);

    public Task ConfigureAsync(IReadOnlyList<Budget> budgets, CancellationToken cancellationToken) => WriteAsync((book, _, _) =>
    {
        ReplaceBudgets(book, BudgetRows.OfConfig, budgets);
        return true;
    });

    public Task<IReadOnlyList<BudgetState>> BudgetsAsync(CancellationToken cancellationToken) => WriteAsync((book, _, nowMs) => book.States(nowMs));

    /// <summary>Charges what processes that are gone held, at its bound.</summary>
    private async Task SettleDeadAsync()
    {
        var dead = LedgerOwner.FindDead(_upkeep, _file, _owner.Id);
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

    private void GoAmongOthers() => _writer.Add(new OtherWork<bool>((_, _, _) =>
    {
        _rows.GoAmongOthers();
        return true;
    }), isAwaited: false);

    /// <summary>Writes what is queued. Reservations that nobody settled are charged at their bound.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _knocks?.Dispose();
        _timer.Dispose();
        await _keeping;
        _writer.AddOwed();
        await _writer.WhenIdle();
        try
        {
            await WriteAsync((book, self, nowMs) => Close(book, self.Id, nowMs));
        }
        catch (StoreException)
        {
            // The next process to open the store finds the lock free and charges what is left.
        }
        await _writer.WhenIdle();
        _rows.Dispose();
        _upkeep.Dispose();
        _connection.Dispose();
        _owner.Dispose();
        if (_temporary is not null) Directory.Delete(_temporary, recursive: true);
    }

    internal Task<T> WriteAsync<T>(Func<LedgerBook, LedgerOwner, long, T> act) => Add(new OtherWork<T>(act));

    /// <summary>Writes with the next transaction; nobody waits.</summary>
    internal void WriteLater(Action act) => _writer.Add(new OtherWork<bool>((_, _, _) =>
    {
        act();
        return true;
    }), isAwaited: false);

    /// <summary>The connection that writes, for use within <see cref="WriteAsync"/> only.</summary>
    internal SqliteConnection Connection => _connection;

    /// <summary>Changes budgets within a transaction of <see cref="WriteAsync"/>.</summary>
    internal void ReplaceBudgets(LedgerBook book, string origin, IReadOnlyList<Budget> budgets)
    {
        book.Save();   // what came before in this transaction
        BudgetRows.Replace(_connection, origin, budgets);
        book.Forget();
        book.Refresh();
    }

    private int Close(LedgerBook book, DeadOwner owner, long nowMs)
    {
        if (LedgerOwner.AheadOf(_connection, owner.Id) is { } written)
        {
            foreach (var note in LedgerNotes.Read(owner.LockFile, written)) book.Repeat(note);
        }
        return Close(book, owner.Id, nowMs);
    }

    private int Close(LedgerBook book, long owner, long nowMs)
    {
        var charged = book.SettleCut(owner, nowMs);
        LedgerOwner.Remove(_connection, owner);
        return charged;
    }

    private Task<T> Add<T>(LedgerWork<T> work)
    {
        _writer.Add(work, isAwaited: true);
        return work.Task;
    }

    private static Settlement Checked(Settlement settlement) => settlement.CostUsd >= 0 && settlement.Usage.Total >= 0 ? settlement : throw new ArgumentException("A bill is negative.", nameof(settlement));

    private async Task KeepAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            try
            {
                _writer.AddOwed();
                Checkpoint();
                await SettleDeadAsync();
                await GoAloneAsync();
                if (_rows.HasNoted) await WriteAsync((_, _, _) => true);   // whoever looks into the store sees what is older than a second
            }
            catch (Exception busy) when (busy is SqliteException or StoreException or IOException)
            {
                // Upkeep that fails now is done a second later; whoever reserves or settles is told of a store that stays broken.
            }
        }
    }

    private void Checkpoint()
    {
        using var command = _upkeep.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
        long pages;
        using (var reader = command.ExecuteReader()) pages = reader.Read() ? reader.GetInt64(1) : 0;
        if (pages > LogPagesMax) StoreSchema.Run(_upkeep, "PRAGMA wal_checkpoint(RESTART)");
    }
}
