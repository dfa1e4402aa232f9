using System.Diagnostics;

namespace Hydra.Bench.Gateways;

/// <summary>Half a million requests, every fourth a stream, through a gateway with keys, budgets, a ledger and tracing: does its memory stay?</summary>
internal static class Soak
{
    private const int Callers = 32, Parts = 10;
    /// <summary>How far resident memory may rise above that of the first tenth.</summary>
    private const double RiseMax = 0.05;

    /// <returns>Whether resident memory stayed.</returns>
    public static async Task<bool> MeasureAsync(Table table, string folder, int requests)
    {
        await using var upstream = await Served.StartAsync("upstream");
        await using var gateway = await Served.StartAsync("gateway", upstream.Url, folder);
        // The heap and the compiler's work grow to their size first; the ledger fills from the first request on.
        await AskAsync(gateway, requests / Parts);
        var start = gateway.ResidentBytes;
        var seen = new List<long>();
        var clock = Stopwatch.StartNew();
        for (var part = 0; part < Parts; part++)
        {
            await AskAsync(gateway, requests / Parts);
            seen.Add(gateway.ResidentBytes);
            Console.Error.WriteLine($"  soak: {(part + 1) * (requests / Parts):N0} requests, {seen[^1] / 1e6:0.0} MB resident");
        }
        var rise = (double)seen[^1] / start - 1;
        table.Add($"soak: {requests:N0} requests, every fourth a stream", "http", start / 1e6, "MB resident at the start", ("MB in the middle", seen[Parts / 2 - 1] / 1e6), ("MB at the end", seen[^1] / 1e6),
            ("% of rise", rise * 100), ("requests/s", requests / clock.Elapsed.TotalSeconds), ("MB of ledger", new FileInfo(Path.Combine(folder, "gateway.db")).Length / 1e6));
        return rise <= RiseMax;
    }

    private static Task AskAsync(Served gateway, int requests) => Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
    {
        using var client = new RawClient(gateway, "smart", isStream: caller % 4 == 0);
        for (var i = 0; i < requests / Callers; i++) await client.AskAsync();
    })));
}
