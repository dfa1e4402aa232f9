using Hydra.Tests.Shared;

namespace Hydra.Bench.Gateways;

/// <summary>The gateway beside the least that a gateway can do, and beside no gateway, in turns in one run.</summary>
internal static class GatewayBench
{
    private const int Callers = 64, Streams = 20;
    /// <summary>After so many the just-in-time compiler has done its last.</summary>
    private const int WarmAnswers = 30_000;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(3);

    public static async Task MeasureAsync(Table table, string folder, int rounds)
    {
        await using var upstream = await Served.StartAsync("upstream");
        await using var floor = await Served.StartAsync("floor", upstream.Url);
        await using var gateway = await Served.StartAsync("gateway", upstream.Url, folder);
        Served[] servers = [upstream, floor, gateway];
        foreach (var server in servers) await WarmAsync(server);
        foreach (var isStream in (bool[])[false, true])
        {
            var what = isStream ? "SSE, 50 chunks" : "JSON";
            var alone = await RoundsAsync(servers, rounds, server => GatewayLoad.AloneAsync(server, isStream, 1500));
            foreach (var (name, at) in ((string, int)[])[("bare proxy", 1), ("gateway", 2)])
            {
                var (p50, p99) = (Middle(alone, at, 0.5), Middle(alone, at, 0.99));
                table.Add($"gateway: {what}, 1 caller, {name}", "http", p50, "µs p50", ("µs p99", p99), ("µs p50 over direct", p50 - Middle(alone, 0, 0.5)), ("µs p99 over direct", p99 - Middle(alone, 0, 0.99)),
                    ("µs p50 over the bare proxy", p50 - Middle(alone, 1, 0.5)), ("µs p99 over the bare proxy", p99 - Middle(alone, 1, 0.99)));
            }
            var loaded = await RoundsAsync(servers, rounds, async server => await LoadedAsync(server, isStream));
            foreach (var (name, at) in ((string, int)[])[("direct", 0), ("bare proxy", 1), ("gateway", 2)])
            {
                table.Add($"gateway: {what}, {Callers} callers, {name}", "http", Part(loaded, at, 0), "answers/s", ("of the bare proxy's", Part(loaded, at, 0) / Part(loaded, 1, 0)), ("µs of processor an answer", Part(loaded, at, 1)));
            }
        }
        var firsts = await RoundsAsync(servers, rounds, server => GatewayLoad.FirstTokensAsync(server, Streams, 10));
        foreach (var (name, at) in ((string, int)[])[("bare proxy", 1), ("gateway", 2)])
        {
            table.Add($"gateway: first token of {Streams} paced streams, {name}", "http", Middle(firsts, at, 0.5), "µs p50", ("µs p50 over direct", Middle(firsts, at, 0.5) - Middle(firsts, 0, 0.5)),
                ("µs p50 over the bare proxy", Middle(firsts, at, 0.5) - Middle(firsts, 1, 0.5)), ("µs p99", Middle(firsts, at, 0.99)));
        }
        table.Add("gateway: resident memory after it", "http", gateway.ResidentBytes / 1e6, "MB", ("MB of the bare proxy", floor.ResidentBytes / 1e6));
    }

    /// <summary>The gateway with its ledger in a PostgreSQL database of its own, beside the gateway with it in a file.</summary>
    public static async Task MeasureStoresAsync(Table table, string folder, int rounds)
    {
        using var database = new PostgresServer();
        await using var upstream = await Served.StartAsync("upstream");
        await using var file = await Served.StartAsync("gateway", upstream.Url, folder);
        await using var postgres = await Served.StartAsync("gateway", upstream.Url, database.NewDatabase());
        Served[] servers = [file, postgres];
        foreach (var server in servers) await WarmAsync(server);
        foreach (var isStream in (bool[])[false, true])
        {
            var what = isStream ? "SSE, 50 chunks" : "JSON";
            var alone = await RoundsAsync(servers, rounds, server => GatewayLoad.AloneAsync(server, isStream, 1500));
            var loaded = await RoundsAsync(servers, rounds, server => LoadedAsync(server, isStream));
            foreach (var (name, at) in ((string, int)[])[("SQLite", 0), ("PostgreSQL", 1)])
            {
                table.Add($"postgres: {what}, {Callers} callers, ledger in {name}", "http", Part(loaded, at, 0), "answers/s", ("of SQLite's", Part(loaded, at, 0) / Part(loaded, 0, 0)),
                    ("µs of processor an answer", Part(loaded, at, 1)), ("µs p50 of 1 caller", Middle(alone, at, 0.5)));
            }
        }
    }

    private static async Task WarmAsync(Served server)
    {
        foreach (var isStream in (bool[])[false, true]) await GatewayLoad.WarmAsync(server, isStream, 8, WarmAnswers);
    }

    /// <returns>By server, the sorted figures of each round.</returns>
    private static async Task<List<double[]>[]> RoundsAsync(Served[] servers, int rounds, Func<Served, Task<double[]>> measure)
    {
        var seen = servers.Select(_ => new List<double[]>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var at = 0; at < servers.Length; at++) seen[at].Add(await measure(servers[at]));
        }
        return seen;
    }

    /// <returns>Answers a second, and the processor time of one in microseconds.</returns>
    private static async Task<double[]> LoadedAsync(Served server, bool isStream)
    {
        var before = server.ProcessorTime;
        var perSecond = await GatewayLoad.PerSecondAsync(server, isStream, Callers, Span);
        return [perSecond, (server.ProcessorTime - before).TotalMicroseconds / (perSecond * Span.TotalSeconds)];
    }

    private static double Part(List<double[]>[] seen, int server, int part)
    {
        var figures = seen[server].Select(figures => figures[part]).Order().ToArray();
        return figures[figures.Length / 2];
    }

    private static double Middle(List<double[]>[] seen, int server, double part)
    {
        var figures = seen[server].Select(times => times[Math.Min(times.Length - 1, (int)(times.Length * part))]).Order().ToArray();
        return figures[figures.Length / 2];
    }
}
