using System.Diagnostics;

namespace Hydra.Bench.Gateways;

/// <summary>What one server does for many or few callers.</summary>
internal static class GatewayLoad
{
    /// <summary>One caller, one request after the other.</summary>
    /// <returns>Sorted times of whole answers, in microseconds.</returns>
    public static async Task<double[]> AloneAsync(Served server, bool isStream, int requests)
    {
        using var client = new RawClient(server, "smart", isStream);
        for (var i = 0; i < 200; i++) await client.AskAsync();
        var times = new double[requests];
        for (var i = 0; i < requests; i++) times[i] = Microseconds((await client.AskAsync()).Whole);
        Array.Sort(times);
        return times;
    }

    /// <summary>As many answers as it can give to callers that never wait.</summary>
    /// <returns>Answers a second.</returns>
    public static async Task<double> PerSecondAsync(Served server, bool isStream, int callers, TimeSpan span)
    {
        var answers = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            using var client = new RawClient(server, "smart", isStream);
            while (clock.Elapsed < span)
            {
                await client.AskAsync();
                Interlocked.Increment(ref answers);
            }
        })));
        return answers / clock.Elapsed.TotalSeconds;
    }

    /// <summary>So many answers, whatever they take.</summary>
    public static Task WarmAsync(Served server, bool isStream, int callers, int answers) => Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
    {
        using var client = new RawClient(server, "smart", isStream);
        for (var i = 0; i < answers / callers; i++) await client.AskAsync();
    })));

    /// <summary>Streams that are paced by the provider, so many at once.</summary>
    /// <returns>Sorted times to the first bytes of a body, in microseconds.</returns>
    public static async Task<double[]> FirstTokensAsync(Served server, int streams, int each)
    {
        var times = new double[streams * each];
        await Task.WhenAll(Enumerable.Range(0, streams).Select(number => Task.Run(async () =>
        {
            using var client = new RawClient(server, "paced", isStream: true);
            await client.AskAsync();
            // Spread over the pace, so that the streams do not all begin at once.
            await Task.Delay(number * 13);
            for (var i = 0; i < each; i++) times[number * each + i] = Microseconds((await client.AskAsync()).First);
        })));
        Array.Sort(times);
        return times;
    }

    private static double Microseconds(long timestamps) => timestamps * 1e6 / Stopwatch.Frequency;
}
