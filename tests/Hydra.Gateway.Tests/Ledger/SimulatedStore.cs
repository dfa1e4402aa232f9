using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A ledger's store in memory with transactions, and beside it sums of its raw rows that no counter can falsify.</summary>
internal sealed class SimulatedStore(IReadOnlyList<BudgetRow> budgets)
{
    private readonly Dictionary<(long, long), Counter> _counters = [];
    private readonly Dictionary<long, List<ChargeRow>> _chargesByHour = [];
    private readonly List<Action> _undo = [];

    public IReadOnlyList<BudgetRow> Budgets { get; } = budgets;
    public Dictionary<long, ReservationRow> Reservations { get; } = [];
    public Dictionary<long, ChargeRow> Charges { get; } = [];
    /// <summary>Spent and held by the rows themselves.</summary>
    public Dictionary<(long Budget, long StartMs), long> Sums { get; } = [];
    public IReadOnlyDictionary<(long, long), Counter> Counters => _counters;
    public long ChargedAmount { get; private set; }
    public long HeldAmount { get; private set; }
    /// <summary>Who wrote last, and how often anybody has.</summary>
    public (int Owner, long Count) Written { get; set; }

    public void Rollback()
    {
        for (var i = _undo.Count - 1; i >= 0; i--) _undo[i]();
        _undo.Clear();
    }

    public void Commit(int owner)
    {
        if (_undo.Count > 0) Written = (owner, Written.Count + 1);
        _undo.Clear();
    }

    public Counter? FindCounter(long budget, long start) => _counters.TryGetValue((budget, start), out var counter) ? counter : null;

    public void Save(long budget, long start, Counter counter)
    {
        var before = FindCounter(budget, start);
        _counters[(budget, start)] = counter;
        _undo.Add(() =>
        {
            if (before is { } known) _counters[(budget, start)] = known;
            else _counters.Remove((budget, start));
        });
    }

    public Counter Fold(BudgetScope scope, long start, long end)
    {
        var counter = new Counter();
        foreach (var (hour, charges) in _chargesByHour)
        {
            if (hour < end && (start == long.MinValue || hour + 3_600_000 > start))
            {
                foreach (var charge in charges.Where(charge => IsIn(charge.Reserved, scope, start, end)))
                {
                    counter.SpentUsd += charge.Cost;
                    counter.SpentTokens += charge.Tokens;
                }
            }
        }
        foreach (var row in Reservations.Values.Where(row => IsIn(row, scope, start, end)))
        {
            counter.ReservedUsd += row.BoundUsd;
            counter.ReservedTokens += row.BoundTokens;
        }
        return counter;
    }

    public void Add(ReservationRow row)
    {
        Reservations.Add(row.Id, row);
        Count(row, row.BoundUsd.Amount);
        HeldAmount += row.BoundUsd.Amount;
        _undo.Add(() =>
        {
            Reservations.Remove(row.Id);
            Count(row, -row.BoundUsd.Amount);
            HeldAmount -= row.BoundUsd.Amount;
        });
    }

    public bool Remove(long id)
    {
        if (!Reservations.Remove(id, out var row)) return false;
        Count(row, -row.BoundUsd.Amount);
        HeldAmount -= row.BoundUsd.Amount;
        _undo.Add(() =>
        {
            Reservations.Add(id, row);
            Count(row, row.BoundUsd.Amount);
            HeldAmount += row.BoundUsd.Amount;
        });
        return true;
    }

    public void Add(ChargeRow charge)
    {
        Charges.Add(charge.Id, charge);
        var hour = BudgetWindows.StartOf(BudgetWindow.Hour, charge.Reserved.AtMs);
        if (!_chargesByHour.TryGetValue(hour, out var list)) _chargesByHour[hour] = list = [];
        list.Add(charge);
        Count(charge.Reserved, charge.Cost.Amount);
        ChargedAmount += charge.Cost.Amount;
        _undo.Add(() =>
        {
            Charges.Remove(charge.Id);
            list.Remove(charge);
            Count(charge.Reserved, -charge.Cost.Amount);
            ChargedAmount -= charge.Cost.Amount;
        });
    }

    /// <summary>The budget and window that hold more than they may; null: none does.</summary>
    public string? Overshoot(IEnumerable<long> moments)
    {
        foreach (var at in moments)
        {
            foreach (var budget in Budgets)
            {
                var sum = Sums.GetValueOrDefault((budget.Id, BudgetWindows.StartOf(budget.Budget.Window, at)));
                if (sum > budget.UsdMax!.Value.Amount) return $"{budget.Budget.Scope} holds {sum} of {budget.UsdMax.Value.Amount}";
            }
        }
        return null;
    }

    /// <summary>A counter that is not the fold of its rows; null: all are.</summary>
    public string? FalseCounter()
    {
        foreach (var ((budget, start), counter) in _counters)
        {
            var row = Budgets.Single(known => known.Id == budget);
            if (!counter.Equals(Fold(row.Budget.Scope, start, BudgetWindows.EndOf(row.Budget.Window, start)))) return $"the counter of {row.Budget.Scope} at {start} is not its fold";
        }
        return null;
    }

    private static bool IsIn(ReservationRow row, BudgetScope scope, long start, long end) => row.AtMs >= start && row.AtMs < end && scope.Covers(row.Caller, row.Model);

    private void Count(ReservationRow row, long amount)
    {
        foreach (var budget in Budgets)
        {
            if (!budget.Budget.Scope.Covers(row.Caller, row.Model)) continue;
            var place = (budget.Id, BudgetWindows.StartOf(budget.Budget.Window, row.AtMs));
            Sums[place] = Sums.GetValueOrDefault(place) + amount;
        }
    }
}

/// <summary>The store as one process sees it.</summary>
/// <param name="looksOnce">The planted bug: what was read once is believed for ever, so the check and the change are not one step.</param>
internal sealed class SimulatedRows(SimulatedStore store, int owner, bool looksOnce) : ILedgerRows
{
    private long _othersSeen;
    private (int, long) _last;

    public long Version()
    {
        // As SQLite's data_version: changes by others count, one's own do not.
        if (store.Written != _last && store.Written.Owner != owner && !looksOnce) _othersSeen++;
        _last = store.Written;
        return _othersSeen;
    }

    /// <summary>A writer has seen what it wrote itself.</summary>
    public void Commit()
    {
        store.Commit(owner);
        _last = store.Written;
    }

    public long BudgetsVersion() => 1;
    public IReadOnlyList<BudgetRow> ReadBudgets() => store.Budgets;
    public Counter? FindCounter(long budget, long startMs) => store.FindCounter(budget, startMs);
    public void SaveCounter(long budget, long startMs, Counter counter) => store.Save(budget, startMs, counter);
    public Counter Fold(BudgetScope scope, long startMs, long endMs) => store.Fold(scope, startMs, endMs);
    public void AddReservation(ReservationRow row) => store.Add(row);
    public bool RemoveReservation(long id) => store.Remove(id);
    public IReadOnlyList<ReservationRow> ReservationsOf(long owner) => [.. store.Reservations.Values.Where(row => row.Owner == owner)];
    public void AddCharge(ChargeRow charge) => store.Add(charge);
    public void AddAlert(long budget, long startMs, int percent, long atMs) { }
}
