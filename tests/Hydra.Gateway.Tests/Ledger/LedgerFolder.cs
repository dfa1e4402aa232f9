using System.Data.Common;
using Hydra.Gateway.Ledger;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A folder of its own with a ledger in it, or a database that has it instead, and a clock that is set by hand.</summary>
internal sealed class LedgerFolder(PostgresAddress? address = null) : TimeProvider, IDisposable
{
    public static readonly Caller Researcher = new("key1", "research", "ada", ["project=x"]);

    public string Folder { get; } = Directory.CreateTempSubdirectory("hydra-ledger-test-").FullName;
    public string File => Path.Combine(Folder, "gateway.db");
    public DateTimeOffset Now { get; set; } = new(2026, 3, 4, 12, 30, 0, TimeSpan.Zero);   // a Wednesday

    /// <summary>No timer goes off: what a ledger does every second is left undone.</summary>
    public bool HoldsTimers { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;
    public override long GetTimestamp() => Now.Ticks;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        HoldsTimers ? base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) : base.CreateTimer(callback, state, dueTime, period);

    public async Task<StoredLedger> OpenAsync() => address is null ? await SqliteLedger.OpenAsync(File, this) : await PostgresLedger.OpenAsync(address, this);

    public LedgerReport OpenReport() => address is null ? new LedgerReport(File) : new LedgerReport(PostgresSchema.Open(address));

    public string Kind => address is null ? "SQLite" : "PostgreSQL";
    /// <summary>The store as another process is told of it.</summary>
    public string Store => address?.ConnectionString ?? File;

    /// <summary>Opens the ledger as whoever comes next when processes were killed, by the real clock.</summary>
    public async Task<StoredLedger> OpenAfterKillAsync()
    {
        if (address is null) return await SqliteLedger.OpenAsync(File, System);
        using (var connection = PostgresSchema.Open(address)) connection.Run("SELECT pg_advisory_lock(token::bigint) FROM owners");   // the server has noticed
        return await PostgresLedger.OpenAsync(address, System, TimeSpan.Zero);
    }

    /// <summary>What each operation was charged, in micro-dollars, and its outcome.</summary>
    public Dictionary<string, (long Cost, string Outcome)> Charges()
    {
        using DbConnection connection = address is null ? new SqliteConnection($"Data Source={File};Pooling=False") : PostgresSchema.Open(address);
        if (address is null) connection.Open();
        using var command = connection.Command("SELECT operation, cost, outcome FROM charges");
        using var reader = command.ExecuteReader();
        var charges = new Dictionary<string, (long, string)>(StringComparer.Ordinal);
        while (reader.Read()) charges.Add(reader.GetString(0), (reader.GetInt64(1) / 1_000_000, reader.GetString(2)));
        return charges;
    }

    /// <summary>Changes the database behind the ledger's back.</summary>
    public void Write(string sql)
    {
        using DbConnection connection = address is null ? new SqliteConnection($"Data Source={File};Pooling=False") : PostgresSchema.Open(address);
        if (address is null) connection.Open();
        else connection.Run("UPDATE changes SET value=value+1 WHERE name='rows'");
        connection.Run(sql);
    }

    public async Task<StoredLedger> OpenAsync(params string[] budgets)
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
