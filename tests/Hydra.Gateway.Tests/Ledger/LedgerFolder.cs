using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A folder of its own with a ledger in it, and a clock that is set by hand.</summary>
internal sealed class LedgerFolder : TimeProvider, IDisposable
{
    public static readonly Caller Researcher = new("key1", "research", "ada", ["project=x"]);

    public string Folder { get; } = Directory.CreateTempSubdirectory("hydra-ledger-test-").FullName;
    public string File => Path.Combine(Folder, "gateway.db");
    public DateTimeOffset Now { get; set; } = new(2026, 3, 4, 12, 30, 0, TimeSpan.Zero);   // a Wednesday

    public override DateTimeOffset GetUtcNow() => Now;
    public override long GetTimestamp() => Now.Ticks;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public Task<SqliteLedger> OpenAsync() => SqliteLedger.OpenAsync(File, this);

    public async Task<SqliteLedger> OpenAsync(params string[] budgets)
    {
        var ledger = await OpenAsync();
        await ledger.ConfigureAsync([.. budgets.Select(Budget)], CancellationToken.None);
        return ledger;
    }

    /// <summary>As <c>team:research 0.50 day</c>.</summary>
    public static Budget Budget(string text)
    {
        var words = text.Split(' ');
        return new Budget(BudgetScope.TryParse(words[0])!.Value, BudgetWindows.TryParse(words[2])!.Value, decimal.Parse(words[1]), words.Length > 3 ? long.Parse(words[3]) : null);
    }

    public static ReserveRequest Ask(decimal usd, string operation = "op1", Caller? caller = null, long tokens = 0) => new()
    {
        OperationId = operation, Attempt = 1, Caller = caller ?? Researcher, Model = "smart", Deployment = "smart/claude/claude-sonnet-4-6", BoundUsd = usd, BoundTokens = tokens,
    };

    public static Settlement Bill(decimal usd, long tokens = 10) => new()
    {
        Usage = new TokenUsage(tokens, 0), CostUsd = usd, PriceSource = "table of 2026-08-01", PriceConfidence = "table", Outcome = "answered", UpstreamStatus = 200,
        Lines = [new ChargeLine("input", tokens, usd * 1_000_000m / tokens)],
    };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

internal static class LedgerWords
{
    public static async Task<Reservation> TakeAsync(this ILedger ledger, decimal usd, string operation = "op1", Caller? caller = null, long tokens = 0) =>
        Assert.IsType<ReserveResult.Granted>(await ledger.ReserveAsync(LedgerFolder.Ask(usd, operation, caller, tokens), CancellationToken.None)).Reservation;

    public static async Task<BudgetRefusal> RefuseAsync(this ILedger ledger, decimal usd, Caller? caller = null, long tokens = 0) =>
        Assert.IsType<ReserveResult.Refused>(await ledger.ReserveAsync(LedgerFolder.Ask(usd, caller: caller, tokens: tokens), CancellationToken.None)).Refusal;

    public static async Task<BudgetState> StateAsync(this ILedger ledger, string scope) =>
        (await ledger.BudgetsAsync(CancellationToken.None)).Single(state => state.Budget.Scope.ToString() == scope);
}
