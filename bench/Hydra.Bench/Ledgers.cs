using System.Diagnostics;
using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Bench;

/// <summary>What reserve and settle cost a call, alone and among many.</summary>
internal static class Ledgers
{
    private static readonly Caller Caller = new("key1", "research", "ada", ["project=x"]);

    /// <returns>Calls a second, and the median and 99th percentile of reserve + settle in microseconds.</returns>
    public static async Task<(double PerSecond, double MedianUs, double P99Us)> MeasureAsync(string folder, int callers, int callsEach)
    {
        await using var ledger = await SqliteLedger.OpenAsync(Path.Combine(folder, $"ledger-{Guid.NewGuid():n}.db"), TimeProvider.System);
        await ledger.ConfigureAsync([.. ((string[])["all", "key:key1", "team:research"]).Select(scope => new Budget(BudgetScope.TryParse(scope)!.Value, BudgetWindow.Day, 1_000_000m, null))], CancellationToken.None);
        var times = new double[callers * callsEach];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(ledger, caller * callsEach, callsEach, times))));
        var seconds = clock.Elapsed.TotalSeconds;
        Array.Sort(times);
        return (times.Length / seconds, times[times.Length / 2], times[(int)(times.Length * 0.99)]);
    }

    private static async Task CallAsync(SqliteLedger ledger, int first, int count, double[] times)
    {
        for (var i = first; i < first + count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var asked = await ledger.ReserveAsync(new ReserveRequest { OperationId = $"op{i}", Attempt = 1, Caller = Caller, Model = "smart", Deployment = "smart/claude/claude-sonnet-4-6", BoundUsd = 0.05m, BoundTokens = 4000 }, CancellationToken.None);
            await ledger.SettleAsync(((ReserveResult.Granted)asked).Reservation, new Settlement
            {
                Usage = new TokenUsage(1200, 700), CostUsd = 0.0141m, Lines = [new ChargeLine("input", 1200, 3m), new ChargeLine("output", 700, 15m)], PriceSource = "bench", Outcome = "answered",
            });
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }
}
