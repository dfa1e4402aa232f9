using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Tests.Ledger;

public class LedgerWriterTests
{
    [Fact]
    public async Task A_store_that_cannot_even_roll_back_leaves_no_caller_waiting()
    {
        using var rows = new LostRows();
        var writer = new LedgerWriter(rows, new LedgerOwner(1), failed => new IOException("away", failed), TimeProvider.System);
        for (var call = 0; call < 3; call++)
        {
            var work = new OtherWork<bool>((_, _, _) => true);
            writer.Add(work, isAwaited: true);
            var told = await Assert.ThrowsAsync<IOException>(() => work.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            Assert.Equal("lost in the middle of an answer", told.InnerException!.Message);
        }
        await writer.WhenIdle();
        Assert.Equal(3, rows.Begun);
    }

    /// <summary>A store whose connection is gone for good.</summary>
    private sealed class LostRows : ILedgerTransactions
    {
        public int Begun { get; private set; }

        public void Begin(bool needsStore)
        {
            Begun++;
            throw new KeyNotFoundException("lost in the middle of an answer");
        }

        public void Rollback() => throw new KeyNotFoundException("still lost");
        public void Commit() => throw new NotSupportedException();
        public long Version() => throw new NotSupportedException();
        public long BudgetsVersion() => throw new NotSupportedException();
        public IReadOnlyList<BudgetRow> ReadBudgets() => throw new NotSupportedException();
        public Counter? FindCounter(long budget, long startMs) => throw new NotSupportedException();
        public void SaveCounter(long budget, long startMs, Counter counter) => throw new NotSupportedException();
        public Counter Fold(BudgetScope scope, long startMs, long endMs) => throw new NotSupportedException();
        public void AddReservation(ReservationRow row) => throw new NotSupportedException();
        public bool RemoveReservation(long id) => throw new NotSupportedException();
        public IReadOnlyList<ReservationRow> ReservationsOf(long owner) => throw new NotSupportedException();
        public void AddCharge(ChargeRow charge) => throw new NotSupportedException();
        public void AddAlert(long budget, long startMs, int percent, long atMs) => throw new NotSupportedException();

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
