using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// What was spent and what may still be: the most that a call can cost is held before it is sent and settled after. Every budget that
/// covers a call is checked in one transaction, so callers of all processes on one store never overshoot together. Safe to share
/// between threads. Calls throw <see cref="StoreException"/> when the store cannot be written; then nothing was reserved, and a
/// settlement is tried again later.
/// </summary>
public interface ILedger : ICallLedger, IAsyncDisposable
{
    /// <summary>As <see cref="ICallLedger.SettleAsync"/>, without telling when; written with the next commit, and on disposal.</summary>
    void Settle(Reservation reservation, Settlement settlement);

    /// <summary>Gives a reservation back whose call was never sent.</summary>
    void Release(Reservation reservation);

    /// <summary>Sets the budgets of the configuration, for all processes on this store; those of keys stay. What was spent before counts.</summary>
    Task ConfigureAsync(IReadOnlyList<Budget> budgets, CancellationToken cancellationToken);

    /// <summary>Budgets as they stand now, with what is spent and held in their current window.</summary>
    Task<IReadOnlyList<BudgetState>> BudgetsAsync(CancellationToken cancellationToken);
}

/// <summary>What one call needs of a ledger.</summary>
public interface ICallLedger
{
    /// <summary>Holds a call's bound in every budget that covers it, or says which has no room. Durable when the task completes.</summary>
    ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken);

    /// <summary>Replaces a reservation by what the call really cost. The task completes when that is durable: wait for it before the answer's end is given to the caller.</summary>
    /// <exception cref="InvalidOperationException">The reservation was settled or released before.</exception>
    Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement);
}

/// <summary>What one attempt may cost at most.</summary>
public sealed record ReserveRequest
{
    public required string OperationId { get; init; }
    /// <summary>From 1 within the operation.</summary>
    public required int Attempt { get; init; }
    public required Caller Caller { get; init; }
    /// <summary>The model group that was asked for.</summary>
    public required string Model { get; init; }
    public required string Deployment { get; init; }
    /// <summary>In US dollars, 0 or more.</summary>
    public required decimal BoundUsd { get; init; }
    /// <summary>Prompt and answer together, 0 or more.</summary>
    public required long BoundTokens { get; init; }
    /// <summary>Whether nobody knows what it may cost: then no budget in US dollars lets it pass.</summary>
    public bool IsPriceUnknown { get; init; }
}

/// <summary>Whether a call has its money.</summary>
public abstract record ReserveResult
{
    private ReserveResult() { }
    public sealed record Granted(Reservation Reservation) : ReserveResult;
    public sealed record Refused(BudgetRefusal Refusal) : ReserveResult;
}

/// <summary>Money held for a call under way. Settle or release it once.</summary>
public sealed class Reservation
{
    internal Reservation(ReservationRow row, decimal? remainingUsd)
    {
        Row = row;
        RemainingUsd = remainingUsd;
    }

    internal ReservationRow Row { get; }
    public long Id => Row.Id;
    public decimal BoundUsd => Row.BoundUsd.Usd;
    /// <summary>What the tightest budget has left after this; null: no budget in US dollars covers the call.</summary>
    public decimal? RemainingUsd { get; }
}

/// <summary>What a call came to.</summary>
public sealed record Settlement
{
    public required TokenUsage Usage { get; init; }
    /// <summary>Exact, in US dollars. More than the reservation is recorded as it is.</summary>
    public required decimal CostUsd { get; init; }
    /// <summary>The arithmetic behind <see cref="CostUsd"/>, for people who ask why; empty: not known.</summary>
    public IReadOnlyList<ChargeLine> Lines { get; init; } = [];
    /// <summary>Where the price comes from and of which day.</summary>
    public required string PriceSource { get; init; }
    /// <summary>How sure the price is: <c>table</c>, <c>override</c>, <c>suspect</c>, …</summary>
    public string PriceConfidence { get; init; } = "";
    /// <summary><c>answered</c>, or why not, as an error code.</summary>
    public required string Outcome { get; init; }
    /// <summary>HTTP status of the provider; 0: there was none.</summary>
    public int UpstreamStatus { get; init; }
    public TimeSpan Duration { get; init; }
    public TimeSpan? FirstToken { get; init; }
    /// <summary>The id that the provider says has answered.</summary>
    public string? AnsweredBy { get; init; }
    /// <summary>The usage is ours, not the provider's word.</summary>
    public bool IsEstimate { get; init; }
}

/// <summary>What is known once a call is settled.</summary>
/// <param name="OverBoundUsd">By how much the bill exceeds its reservation: the model's bound is too low. 0: it does not.</param>
/// <param name="RemainingUsd">What the tightest budget has left; null: none covers the call.</param>
public sealed record SettleResult(decimal OverBoundUsd, decimal? RemainingUsd);

/// <summary>A budget with its current window.</summary>
public sealed record BudgetState(Budget Budget, string Origin, decimal SpentUsd, decimal ReservedUsd, long SpentTokens, long ReservedTokens, DateTimeOffset? ResetsAt);
