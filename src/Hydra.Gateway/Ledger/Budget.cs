namespace Hydra.Gateway.Ledger;

/// <summary>What a scope may spend in a window. At least one of the two limits is set.</summary>
/// <param name="UsdMax">Limit in US dollars, 0 to 9,000,000; null: none.</param>
/// <param name="TokensMax">Limit in tokens of all classes; null: none.</param>
public sealed record Budget(BudgetScope Scope, BudgetWindow Window, decimal? UsdMax, long? TokensMax);

/// <summary>A budget that had no room for a call.</summary>
public sealed record BudgetRefusal
{
    /// <summary>What the budget covers, as <c>team:research</c>.</summary>
    public required string Scope { get; init; }
    public required BudgetWindow Window { get; init; }
    /// <summary>Whether tokens ran out; otherwise the figures are US dollars.</summary>
    public required bool IsTokens { get; init; }
    public required decimal Limit { get; init; }
    public required decimal Spent { get; init; }
    /// <summary>Held for calls under way, at the most that each can cost.</summary>
    public required decimal Reserved { get; init; }
    /// <summary>The most that the refused call can cost.</summary>
    public required decimal Needed { get; init; }
    /// <summary>When the window ends; null: never.</summary>
    public required DateTimeOffset? ResetsAt { get; init; }
    /// <summary>Whether it is refused because its price is not known, however much room there is.</summary>
    public bool IsPriceUnknown { get; init; }
    /// <summary>The call would fit if every open reservation were to settle at nothing: waiting may help.</summary>
    public bool IsOutstanding => !IsPriceUnknown && Reserved > 0 && Spent + Needed <= Limit;

    /// <summary>One sentence for the caller: which budget, how full, until when.</summary>
    public override string ToString()
    {
        var reset = ResetsAt is { } at ? $"; it begins anew at {at:yyyy-MM-dd HH:mm}Z" : "";
        return $"The budget {Scope} of {Show(Limit)}{(Window == BudgetWindow.Total ? "" : $" a {BudgetWindows.NameOf(Window)}")} has no room: {Show(Spent)} spent, {Show(Reserved)} held for calls under way, up to {Show(Needed)} needed{reset}.";
    }

    private string Show(decimal amount) => IsTokens ? $"{amount:#,0} tokens" : $"${amount:0.00##########}";
}
