using Hydra.Gateway.Ledger;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>One process alone on its store notes calls first and writes them to SQLite in batches.</summary>
public sealed class LedgerAheadTests : IDisposable
{
    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Thousands_of_noted_calls_are_all_in_the_store_once_somebody_looks()
    {
        await using var ledger = await _folder.OpenAsync("all 1000 day", "team:research 1000 day");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                var reservation = await ledger.TakeAsync(0.02m, $"op{caller}-{i}");
                if (i % 50 == 0) continue;
                if (i % 50 == 1) ledger.Release(reservation);
                else await ledger.SettleAsync(reservation, LedgerFolder.Bill(0.01m));
            }
        })));
        using var report = new LedgerReport(_folder.File);
        var fact = report.Scope(BudgetScope.TryParse("team:research")!.Value, BudgetWindow.Day, _folder.Now);
        Assert.Equal((3_840L, 80L, 38.40m, 1.60m), (fact.Charges, fact.Held, fact.SpentUsd, fact.ReservedUsd));
        Assert.Empty(report.Verify());
        var state = await ledger.StateAsync("all");
        Assert.Equal((38.40m, 1.60m), (state.SpentUsd, state.ReservedUsd));
    }

    [Fact]
    public async Task Calls_are_noted_and_not_written_to_the_store_while_nobody_else_is_there()
    {
        _folder.HoldsTimers = true;
        await using var ledger = await _folder.OpenAsync("all 1 day");
        await ledger.SettleAsync(await ledger.TakeAsync(0.3m), LedgerFolder.Bill(0.2m));
        Assert.Equal(0L, ChargesInStore());
        await using var other = await _folder.OpenAsync();
        Assert.Equal(1L, ChargesInStore());
        await ledger.SettleAsync(await ledger.TakeAsync(0.3m, "op2"), LedgerFolder.Bill(0.2m));
        Assert.Equal(2L, ChargesInStore());
    }

    [Fact]
    public void Whatever_comes_together_in_a_transaction_that_goes_alone_or_among_others_what_is_open_is_known()
    {
        using var connection = LedgerSchema.Open(_folder.File);
        connection.Run("PRAGMA synchronous=OFF");   // nobody cuts the power here
        using var owner = LedgerOwner.Enter(connection, _folder.File, 1);
        using var rows = new AheadRows(new SqliteLedgerRows(connection), owner);
        var (book, random, open, changes) = (new LedgerBook(rows), new Random(5), new List<ReservationRow>(), 0);
        var (ids, settled) = (0L, new List<ReservationRow>());
        for (var step = 0; step < 2_000; step++)
        {
            var (isDirect, wasAlone, isLost) = (random.Next(3) == 0, rows.IsAlone, random.Next(12) == 0);
            var (known, nowOpen, nowSettled) = (open.ToList(), open.ToList(), settled.ToList());   // nobody gives back what he was not told of
            rows.Begin(isDirect);
            book.Refresh();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                switch (random.Next(6))
                {
                    case 0 when isDirect || !wasAlone: (random.Next(2) == 0 ? (Action)rows.GoAlone : rows.GoAmongOthers)(); break;
                    case < 3 when known.Count > 0:
                        var gone = known[random.Next(known.Count)];
                        known.Remove(gone);
                        nowOpen.Remove(gone);
                        if (random.Next(3) == 0) Assert.True(book.Release(gone));
                        else Assert.NotNull(book.Settle(gone, LedgerFolder.Bill(0.01m), 2));
                        nowSettled.Add(gone);
                        break;
                    case 3 when nowSettled.Count > 0: Assert.False(rows.RemoveReservation(nowSettled[random.Next(nowSettled.Count)].Id)); break;
                    default: nowOpen.Add(Assert.IsType<ReserveResult.Granted>(book.Reserve(LedgerFolder.Ask(0.02m), ++ids, owner.Id, 1)).Reservation.Row); break;
                }
            }
            if (isLost)
            {
                rows.Rollback();
                book.Forget();
                continue;
            }
            book.Save();
            rows.Commit();
            (open, settled) = (nowOpen, nowSettled);
            if (rows.IsAlone != wasAlone) changes++;
        }
        Assert.True(changes > 50, $"it went alone and back {changes} times");
        rows.Begin(needsStore: true);
        rows.GoAmongOthers();
        rows.Commit();
        Assert.Equal(open.Select(row => row.Id).Order(), rows.ReservationsOf(owner.Id).Select(row => row.Id).Order());
        using var report = new LedgerReport(_folder.File);
        Assert.Empty(report.Verify());
    }

    [Fact]
    public void Notes_are_read_back_as_they_were_written_up_to_one_that_was_cut()
    {
        var lockFile = Path.Combine(_folder.Folder, "one.lock");
        using var notes = new LedgerNotes(lockFile);
        var (first, second) = (Row(1), Row(2));
        var charge = new ChargeRow(1, null, first, 77, PicoUsd.FromUsd(0.1m), 10, LedgerFolder.Bill(0.1m));
        notes.AddHeld(first);
        notes.AddHeld(second);
        notes.AddSettled(charge);
        notes.Write();
        notes.AddReleased(second);
        notes.Write();
        var read = LedgerNotes.Read(lockFile, written: 0).ToList();
        Assert.Equal([(1L, false, false), (2, false, false), (1, true, false), (2, false, true)], read.Select(note => (note.Row.Id, note.Charge is not null, note.IsReleased)));
        Assert.Equal(["project=x"], read[0].Row.Caller.Tags);
        Assert.Equal((77L, 0.1m, 10L, "answered", 200), (read[2].Charge!.SettledAtMs, read[2].Charge!.Settlement.CostUsd, read[2].Charge!.Tokens, read[2].Charge!.Settlement.Outcome, read[2].Charge!.Settlement.UpstreamStatus));
        Assert.Equal(charge.Settlement.Lines, read[2].Charge!.Settlement.Lines);

        var file = Directory.GetFiles(_folder.Folder, "*.notes").MaxBy(name => new FileInfo(name).Length)!;
        using (var cut = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(cut.Length - 1);
        Assert.Equal(3, LedgerNotes.Read(lockFile, written: 0).Count());
    }

    [Fact]
    public void Notes_that_the_store_knows_and_those_of_a_file_s_earlier_use_are_not_read()
    {
        var lockFile = Path.Combine(_folder.Folder, "one.lock");
        using var notes = new LedgerNotes(lockFile);
        for (var id = 1; id <= 3; id++)
        {
            notes.AddHeld(Row(id));
            notes.AddHeld(Row(10 + id));
            notes.Write();
            if (id < 3) notes.Turn();
        }
        Assert.Equal([2L, 12, 3, 13], LedgerNotes.Read(lockFile, written: 0).Select(note => note.Row.Id));
        Assert.Equal([3L, 13], LedgerNotes.Read(lockFile, written: 2).Select(note => note.Row.Id));
        notes.Turn();
        notes.AddHeld(Row(4));
        notes.Write();
        Assert.Equal([4L], LedgerNotes.Read(lockFile, written: 3).Select(note => note.Row.Id));
    }

    private static ReservationRow Row(long id) => new()
    {
        Id = id, Owner = 1, OperationId = $"op{id}", Attempt = 1, AtMs = 5, Caller = LedgerFolder.Researcher, Model = "smart", Deployment = "smart/a/b",
        BoundUsd = PicoUsd.FromUsd(0.5m), BoundTokens = 7,
    };

    private long ChargesInStore()
    {
        using var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM charges";
        return (long)command.ExecuteScalar()!;
    }
}
