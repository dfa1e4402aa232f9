namespace Hydra.Gateway.Ledger;

/// <summary>
/// The decisions of the ledger, made while the store's write lock is held: every budget of a call is read, checked and changed in the
/// one transaction. Counters are kept in memory between transactions for as long as nobody else has written. One caller at a time.
/// </summary>
/// <remarks>A counter that is not stored is folded from the rows, so a new budget knows what was spent before it.</remarks>
internal sealed class LedgerBook(ILedgerRows rows)
{
    private const int CountersKeptMax = 16_384;
    private static readonly int[] AlertPercents = [80, 100];

    private readonly Dictionary<(long Budget, long StartMs), Counter> _counters = [];
    private readonly HashSet<(long Budget, long StartMs)> _changed = [];
    private readonly List<BudgetRow> _covering = [];
    private BudgetIndex _budgets = new([]);
    private (long Rows, long Budgets)? _known;

    /// <summary>Looks whether others have written since; call it at the begin of every transaction.</summary>
    public void Refresh()
    {
        var version = rows.Version();
        if (_known?.Rows == version && _counters.Count <= CountersKeptMax) return;
        var budgets = rows.BudgetsVersion();
        if (_known?.Budgets != budgets) _budgets = new BudgetIndex(rows.ReadBudgets());
        _counters.Clear();
        _known = (version, budgets);
    }

    /// <summary>Nothing remembered can be trusted any more: a transaction was rolled back, or the budgets were changed.</summary>
    public void Forget()
    {
        _counters.Clear();
        _changed.Clear();
        _known = null;
    }

    /// <summary>Writes the changed counters; call it at the end of every transaction.</summary>
    public void Save()
    {
        foreach (var place in _changed) rows.SaveCounter(place.Budget, place.StartMs, _counters[place]);
        _changed.Clear();
    }

    public ReserveResult Reserve(ReserveRequest request, long id, long owner, long nowMs)
    {
        var usd = PicoUsd.FromUsd(request.BoundUsd);
        _budgets.FindCovering(request.Caller, request.Model, _covering);
        BudgetRefusal? refusal = null;
        foreach (var budget in _covering)
        {
            if (Refusal(budget, usd, request, nowMs) is not { } refused) continue;
            // A budget that waiting cannot help says more than one that it can.
            if (refusal is null || (refusal.IsOutstanding && !refused.IsOutstanding)) refusal = refused;
        }
        if (refusal is not null) return new ReserveResult.Refused(refusal);
        var row = new ReservationRow
        {
            Id = id, Owner = owner, OperationId = request.OperationId, Attempt = request.Attempt, AtMs = nowMs, Caller = request.Caller,
            Model = request.Model, Deployment = request.Deployment, BoundUsd = usd, BoundTokens = request.BoundTokens,
        };
        rows.AddReservation(row);
        Hold(row, 1);
        return new ReserveResult.Granted(new Reservation(row, Remaining(nowMs)));
    }

    /// <returns>Null: there is no such reservation any more.</returns>
    public SettleResult? Settle(ReservationRow row, Settlement settlement, long nowMs)
    {
        Load(row);
        if (!rows.RemoveReservation(row.Id)) return null;
        var cost = PicoUsd.FromUsd(settlement.CostUsd);
        rows.AddCharge(new ChargeRow(row.Id, null, row, nowMs, cost, settlement.Usage.Total, settlement));
        Hold(row, -1);
        Spend(row, cost, settlement.Usage.Total, nowMs);
        return new SettleResult(Math.Max(0, (cost - row.BoundUsd).Usd), Remaining(row.AtMs));
    }

    /// <returns>Whether it was still held.</returns>
    public bool Release(ReservationRow row)
    {
        Load(row);
        if (!rows.RemoveReservation(row.Id)) return false;
        Hold(row, -1);
        return true;
    }

    /// <summary>Does again what a dead process noted and did not write to the store.</summary>
    public void Repeat(LedgerNote note)
    {
        var row = note.Row;
        if (note.Charge is { } charge) Settle(row, charge.Settlement, charge.SettledAtMs);
        else if (note.IsReleased) Release(row);
        else
        {
            Load(row);
            rows.AddReservation(row);
            Hold(row, 1);
        }
    }

    /// <summary>Charges everything that a dead process held at its bound: the provider may have billed that much.</summary>
    public int SettleCut(long owner, long nowMs)
    {
        var held = rows.ReservationsOf(owner);
        foreach (var row in held)
        {
            Load(row);
            rows.RemoveReservation(row.Id);
            var cut = new Settlement { Usage = default, CostUsd = row.BoundUsd.Usd, PriceSource = "the call's bound", Outcome = "cut", IsEstimate = true };
            rows.AddCharge(new ChargeRow(row.Id, null, row, nowMs, row.BoundUsd, row.BoundTokens, cut));
            Hold(row, -1);
            Spend(row, row.BoundUsd, row.BoundTokens, nowMs);
        }
        return held.Count;
    }

    /// <summary>Adds a correction; it belongs to the windows of the charge that it corrects.</summary>
    public void Correct(ChargeRow correction)
    {
        Load(correction.Reserved);
        rows.AddCharge(correction);
        Spend(correction.Reserved, correction.Cost, correction.Tokens, correction.SettledAtMs);
    }

    /// <summary>Every budget with its current window.</summary>
    public IReadOnlyList<BudgetState> States(long nowMs) => [.. _budgets.All.Select(budget =>
    {
        var counter = At(budget, nowMs);
        return new BudgetState(budget.Budget, budget.Origin, counter.SpentUsd.Usd, counter.ReservedUsd.Usd, counter.SpentTokens, counter.ReservedTokens, ResetOf(budget, nowMs));
    })];

    private BudgetRefusal? Refusal(BudgetRow budget, PicoUsd usd, ReserveRequest request, long nowMs)
    {
        var (counter, tokens) = (At(budget, nowMs), request.BoundTokens);
        if (budget.UsdMax is { } most && request.IsPriceUnknown)
            return Refused(false, most.Usd, counter.SpentUsd.Usd, counter.ReservedUsd.Usd, 0) with { IsPriceUnknown = true };
        if (budget.UsdMax is { } usdMax && counter.SpentUsd + counter.ReservedUsd + usd > usdMax)
            return Refused(false, usdMax.Usd, counter.SpentUsd.Usd, counter.ReservedUsd.Usd, usd.Usd);
        if (budget.Budget.TokensMax is { } tokensMax && PicoUsd.Add(PicoUsd.Add(counter.SpentTokens, counter.ReservedTokens), tokens) > tokensMax)
            return Refused(true, tokensMax, counter.SpentTokens, counter.ReservedTokens, tokens);
        return null;

        BudgetRefusal Refused(bool isTokens, decimal limit, decimal spent, decimal reserved, decimal needed) => new()
        {
            Scope = budget.Budget.Scope.ToString(), Window = budget.Budget.Window, IsTokens = isTokens, Limit = limit, Spent = spent, Reserved = reserved, Needed = needed,
            ResetsAt = ResetOf(budget, nowMs),
        };
    }

    private static DateTimeOffset? ResetOf(BudgetRow budget, long nowMs) => budget.Budget.Window == BudgetWindow.Total ? null
        : DateTimeOffset.FromUnixTimeMilliseconds(BudgetWindows.EndOf(budget.Budget.Window, BudgetWindows.StartOf(budget.Budget.Window, nowMs)));

    /// <summary>Counters are folded from the rows, so they are read before a row of theirs is written.</summary>
    private void Load(ReservationRow row)
    {
        _budgets.FindCovering(row.Caller, row.Model, _covering);
        foreach (var budget in _covering) At(budget, row.AtMs);
    }

    private void Hold(ReservationRow row, int sign)
    {
        foreach (var budget in _covering)
        {
            var counter = At(budget, row.AtMs);
            counter.ReservedUsd = sign > 0 ? counter.ReservedUsd + row.BoundUsd : counter.ReservedUsd - row.BoundUsd;
            counter.ReservedTokens = PicoUsd.Add(counter.ReservedTokens, sign * row.BoundTokens);
            Put(budget, row.AtMs, counter);
        }
    }

    private void Spend(ReservationRow row, PicoUsd cost, long tokens, long nowMs)
    {
        foreach (var budget in _covering)
        {
            var counter = At(budget, row.AtMs);
            var before = PartSpent(budget, counter);
            counter.SpentUsd += cost;
            counter.SpentTokens = PicoUsd.Add(counter.SpentTokens, tokens);
            Put(budget, row.AtMs, counter);
            var after = PartSpent(budget, counter);
            foreach (var percent in AlertPercents)
            {
                if (before < percent && after >= percent) rows.AddAlert(budget.Id, BudgetWindows.StartOf(budget.Budget.Window, row.AtMs), percent, nowMs);
            }
        }
    }

    private static double PartSpent(BudgetRow budget, Counter counter)
    {
        var usd = budget.UsdMax is { Amount: > 0 } usdMax ? 100.0 * counter.SpentUsd.Amount / usdMax.Amount : 0;
        var tokens = budget.Budget.TokensMax is > 0 and var tokensMax ? 100.0 * counter.SpentTokens / tokensMax : 0;
        return Math.Max(usd, tokens);
    }

    private decimal? Remaining(long atMs)
    {
        PicoUsd? least = null;
        foreach (var budget in _covering)
        {
            if (budget.UsdMax is not { } usdMax) continue;
            var counter = At(budget, atMs);
            var left = usdMax - counter.SpentUsd - counter.ReservedUsd;
            if (least is null || left < least) least = left;
        }
        return least is { } usd ? Math.Max(0, usd.Usd) : null;
    }

    private Counter At(BudgetRow budget, long atMs)
    {
        var window = budget.Budget.Window;
        var start = BudgetWindows.StartOf(window, atMs);
        if (_counters.TryGetValue((budget.Id, start), out var known)) return known;
        if (rows.FindCounter(budget.Id, start) is { } stored) return _counters[(budget.Id, start)] = stored;
        var folded = rows.Fold(budget.Budget.Scope, start, BudgetWindows.EndOf(window, start));
        Put(budget, atMs, folded);
        return folded;
    }

    private void Put(BudgetRow budget, long atMs, Counter counter)
    {
        var place = (budget.Id, BudgetWindows.StartOf(budget.Budget.Window, atMs));
        _counters[place] = counter;
        _changed.Add(place);
    }
}
