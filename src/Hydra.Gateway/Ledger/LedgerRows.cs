namespace Hydra.Gateway.Ledger;

/// <summary>A reservation as it is stored, with all that is needed to charge it without its process.</summary>
internal sealed record ReservationRow
{
    public required long Id { get; init; }
    /// <summary>The process that holds it.</summary>
    public required long Owner { get; init; }
    public required string OperationId { get; init; }
    public required int Attempt { get; init; }
    /// <summary>When it was granted: the windows of this moment bear the charge.</summary>
    public required long AtMs { get; init; }
    public required Caller Caller { get; init; }
    public required string Model { get; init; }
    public required string Deployment { get; init; }
    public required PicoUsd BoundUsd { get; init; }
    public required long BoundTokens { get; init; }
}

/// <summary>A charge. Once written it never changes; a correction is a further one.</summary>
/// <param name="Reserved">What it was reserved as.</param>
/// <param name="Id">The reservation's id; of a correction its own.</param>
/// <param name="Corrects">The charge that this one corrects; null: it stands for itself.</param>
internal sealed record ChargeRow(long Id, long? Corrects, ReservationRow Reserved, long SettledAtMs, PicoUsd Cost, long Tokens, Settlement Settlement);

/// <summary>What is spent and held of one budget in one window.</summary>
internal struct Counter : IEquatable<Counter>
{
    public PicoUsd SpentUsd, ReservedUsd;
    public long SpentTokens, ReservedTokens;

    public readonly bool Equals(Counter other) => (SpentUsd, ReservedUsd, SpentTokens, ReservedTokens) == (other.SpentUsd, other.ReservedUsd, other.SpentTokens, other.ReservedTokens);
    public override readonly bool Equals(object? obj) => obj is Counter other && Equals(other);
    public override readonly int GetHashCode() => HashCode.Combine(SpentUsd, ReservedUsd, SpentTokens, ReservedTokens);
}

/// <summary>A budget as it is stored; a key's name is resolved to its id.</summary>
internal sealed record BudgetRow(long Id, Budget Budget, string Origin)
{
    public PicoUsd? UsdMax { get; } = Budget.UsdMax is { } usd ? PicoUsd.FromUsd(usd) : null;
}

/// <summary>The stored ledger as its writer sees it, one transaction after the other.</summary>
internal interface ILedgerTransactions : ILedgerRows, IDisposable
{
    /// <summary>Begins a transaction and waits for whoever else writes.</summary>
    /// <param name="needsStore">Whether something in it reads or writes the store itself.</param>
    void Begin(bool needsStore);
    /// <summary>Makes what was done durable.</summary>
    void Commit();
    /// <summary>Undoes what was done since the begin, where it was not undone already.</summary>
    void Rollback();
}

/// <summary>The stored ledger as the one who holds its write lock sees it.</summary>
internal interface ILedgerRows
{
    /// <summary>Differs after anybody else has written.</summary>
    long Version();
    /// <summary>Differs after the budgets have changed.</summary>
    long BudgetsVersion();
    IReadOnlyList<BudgetRow> ReadBudgets();
    Counter? FindCounter(long budget, long startMs);
    void SaveCounter(long budget, long startMs, Counter counter);
    /// <summary>The counter as the rows of a window give it.</summary>
    Counter Fold(BudgetScope scope, long startMs, long endMs);
    void AddReservation(ReservationRow row);
    /// <returns>Whether it was there.</returns>
    bool RemoveReservation(long id);
    IReadOnlyList<ReservationRow> ReservationsOf(long owner);
    void AddCharge(ChargeRow charge);
    /// <summary>Notes once that a budget's spend has passed a part of its limit.</summary>
    void AddAlert(long budget, long startMs, int percent, long atMs);
}
