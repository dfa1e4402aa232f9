namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Interleavings by the thousand, or by the million with HYDRA_LONG=1.</summary>
public sealed class LedgerSimulationTests
{
    private static readonly int Steps = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 1_000_000 : 20_000;

    [Fact]
    public void No_interleaving_overshoots_a_budget_or_falls_below_the_bill()
    {
        const int Seeds = 10;
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var simulation = new LedgerSimulation(seed);
            Assert.Null(simulation.Run(Steps / Seeds));
            foreach (var (what, count) in simulation.Seen) seen[what] = seen.GetValueOrDefault(what) + count;
        }
        foreach (var what in (string[])["granted", "refused", "settled", "released", "failed over", "crashed", "cut calls charged", "the store cannot write"])
            Assert.True(seen.GetValueOrDefault(what) > 0, $"the simulation never saw '{what}'");
        Console.WriteLine($"TOTAL ledger simulation: {Steps:N0} steps, overshoot 0, {string.Join(", ", seen.Select(pair => $"{pair.Value:N0} {pair.Key}"))}");
    }

    [Fact]
    public void A_check_apart_from_its_change_is_found()
    {
        var wrong = new LedgerSimulation(1, isPlanted: true).Run(20_000);
        Assert.Contains("holds", wrong ?? "nothing was found", StringComparison.Ordinal);
    }
}
