using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>
/// Several processes on one store, one step at a time in an order that a seed decides: reservations, answers, cancellations, failovers,
/// crashes before and after a commit, windows that roll over. After every step the rows themselves are asked.
/// </summary>
internal sealed class LedgerSimulation
{
    private const int Owners = 4;
    private static readonly string[] Teams = ["a", "b"], Keys = ["k1", "k2", "k3"], Models = ["smart", "cheap"];

    private readonly Random _random;
    private readonly bool _isPlanted;
    private readonly SimulatedStore _store;
    private readonly Process[] _processes = new Process[Owners];
    private readonly List<long> _dead = [];
    private long _nowMs = 1_800_000_000_000;
    private long _owners;
    private long _ids;
    private long _billed;

    public LedgerSimulation(int seed, bool isPlanted = false)
    {
        _random = new Random(seed);
        _isPlanted = isPlanted;
        _store = new SimulatedStore(
        [
            Row(1, "all", BudgetWindow.Day, 40m), Row(2, "team:a", BudgetWindow.Hour, 3m), Row(3, "key:k1", BudgetWindow.Day, 5m),
            Row(4, "tag:p=x", BudgetWindow.Minute, 1m), Row(5, "model:smart", BudgetWindow.Hour, 4m), Row(6, "all", BudgetWindow.Total, 1_000_000m),
        ]);
        for (var i = 0; i < Owners; i++) _processes[i] = NewProcess(i);
    }

    public Dictionary<string, int> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs so many steps; the first broken promise, or null.</summary>
    public string? Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var process = _processes[_random.Next(Owners)];
            var kind = _random.Next(1000);
            var wrong = kind switch
            {
                < 3 => Crash(process),
                < 9 => Recover(process),
                < 30 => Advance(),
                < 300 => Answer(process),
                _ => Transact(process),
            };
            wrong ??= _store.Overshoot([_nowMs]);
            if (_billed > _store.ChargedAmount + _store.HeldAmount) wrong ??= "the ledger is below the provider's bill";
            if (wrong is not null) return $"step {step}: {wrong}";
        }
        return _store.FalseCounter();
    }

    private string? Transact(Process process)
    {
        var book = process.Book;
        book.Refresh();
        var known = new List<Action>();
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            var done = process.Answered.Count > 0 && _random.Next(2) == 0 ? Settle(process) : process.Sent.Count > 0 && _random.Next(12) == 0 ? Cancel(process) : Reserve(process, 1);
            if (done is not null) known.Add(done);
        }
        book.Save();
        var fate = _random.Next(400);
        if (fate == 0)
        {
            _store.Rollback();
            return Crash(process);
        }
        if (fate == 1)
        {
            Note("the store cannot write");
            _store.Rollback();
            book.Forget();
            process.TryAgain();
            return null;
        }
        process.Rows.Commit();
        if (fate == 2) return Crash(process);   // durable, and nobody was told
        foreach (var told in known) told();
        return null;
    }

    private Action? Reserve(Process process, int attempt)
    {
        var caller = new Caller(Pick(Keys), Pick(Teams), null, _random.Next(3) == 0 ? ["p=x"] : []);
        var result = process.Book.Reserve(new ReserveRequest
        {
            OperationId = "op", Attempt = attempt, Caller = caller, Model = Pick(Models), Deployment = "d", BoundUsd = _random.Next(1, 400) / 1000m, BoundTokens = _random.Next(1000),
        }, ++_ids, process.Owner, _nowMs);
        if (result is ReserveResult.Refused)
        {
            Note("refused");
            return null;
        }
        var reservation = ((ReserveResult.Granted)result).Reservation;
        return () =>
        {
            Note(attempt == 1 ? "granted" : "failed over");
            process.Sent.Add(reservation);
        };
    }

    /// <summary>The provider bills a call that was sent, at any cost up to its bound; the process learns of it.</summary>
    private string? Answer(Process process)
    {
        if (Take(process.Sent) is not { } reservation) return null;
        var cost = (long)(_random.NextDouble() * (reservation.Row.BoundUsd.Amount + 1));
        _billed += cost;
        process.Answered.Add((reservation, cost));
        return null;
    }

    private Action? Settle(Process process)
    {
        var index = _random.Next(process.Answered.Count);
        var (reservation, cost) = process.Answered[index];
        process.Answered.RemoveAt(index);
        var settlement = new Settlement { Usage = new TokenUsage(1, 2), CostUsd = new PicoUsd(cost).Usd, PriceSource = "simulated", Outcome = "answered" };
        if (process.Book.Settle(reservation.Row, settlement, _nowMs) is null) throw new InvalidOperationException("An open reservation was gone.");
        process.Unsure.Add((reservation, cost));
        var next = _random.Next(6) == 0 ? Reserve(process, 2) : null;
        return () =>
        {
            Note("settled");
            process.Unsure.Remove((reservation, cost));
            if (_store.Charges[reservation.Id].Cost.Amount != cost) throw new InvalidOperationException("An answered call is not exact.");
            next?.Invoke();
        };
    }

    private Action Cancel(Process process)
    {
        var reservation = Take(process.Sent)!;
        process.Book.Release(reservation.Row);
        process.Released.Add(reservation);
        return () =>
        {
            Note("released");
            process.Released.Remove(reservation);
        };
    }

    private string? Crash(Process process)
    {
        Note("crashed");
        // Calls that were under way reach their provider all the same.
        foreach (var reservation in process.Sent) _billed += (long)(_random.NextDouble() * (reservation.Row.BoundUsd.Amount + 1));
        _dead.Add(process.Owner);
        _processes[process.Place] = NewProcess(process.Place);
        return null;
    }

    private string? Recover(Process process)
    {
        if (_dead.Count == 0) return null;
        var index = _random.Next(_dead.Count);
        process.Book.Refresh();
        if (process.Book.SettleCut(_dead[index], _nowMs) > 0) Note("cut calls charged");
        process.Book.Save();
        process.Rows.Commit();
        _dead.RemoveAt(index);
        return null;
    }

    private string? Advance()
    {
        _nowMs += _random.Next(20) == 0 ? 3_600_000L * _random.Next(1, 30) : _random.Next(40_000);
        return null;
    }

    private Process NewProcess(int place)
    {
        var rows = new SimulatedRows(_store, (int)++_owners, _isPlanted);
        return new Process(place, _owners, rows, new LedgerBook(rows));
    }

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];

    private Reservation? Take(List<Reservation> from)
    {
        if (from.Count == 0) return null;
        var index = _random.Next(from.Count);
        var taken = from[index];
        from.RemoveAt(index);
        return taken;
    }

    private void Note(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    private static BudgetRow Row(long id, string scope, BudgetWindow window, decimal usd) => new(id, new Budget(BudgetScope.TryParse(scope)!.Value, window, usd, null), "config");

    private sealed record Process(int Place, long Owner, SimulatedRows Rows, LedgerBook Book)
    {
        public List<Reservation> Sent { get; } = [];
        public List<(Reservation Reservation, long Cost)> Answered { get; } = [];
        public List<(Reservation Reservation, long Cost)> Unsure { get; } = [];
        public List<Reservation> Released { get; } = [];

        /// <summary>Nothing of the transaction was written: what was to be settled or released still is.</summary>
        public void TryAgain()
        {
            Answered.AddRange(Unsure);
            Sent.AddRange(Released);
            Unsure.Clear();
            Released.Clear();
        }
    }
}
