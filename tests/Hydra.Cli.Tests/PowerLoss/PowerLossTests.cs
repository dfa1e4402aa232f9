using System.Globalization;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>Power cuts that take back what was not pressed to disk: nothing acknowledged is lost, and the checker sees it when it is.</summary>
public sealed class PowerLossTests(Totals totals)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1";

    [Fact]
    public async Task A_power_cut_at_any_storage_call_loses_nothing_acknowledged_and_repeats_nothing()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        var count = int.TryParse(Environment.GetEnvironmentVariable("HYDRA_POWER_SEEDS"), CultureInfo.InvariantCulture, out var asked) ? asked : IsLong ? 200 : 6;
        var campaigns = Enumerable.Range(1, count).Select(seed => new PowerCampaign(seed)).ToList();
        await Parallel.ForEachAsync(campaigns, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (campaign, _) => await campaign.RunAsync());
        totals.Add(powerCuts: campaigns.Sum(campaign => campaign.Cuts + campaign.Failures), resumes: campaigns.Sum(campaign => campaign.Resumes), lost: campaigns.Sum(campaign => campaign.Lost.Count), repeated: campaigns.Sum(campaign => campaign.Repeated.Count));

        Assert.Empty(campaigns.SelectMany(campaign => campaign.Lost));
        Assert.Empty(campaigns.SelectMany(campaign => campaign.Repeated));
        Assert.True(campaigns.Sum(campaign => campaign.Cuts) >= campaigns.Count * 2, "too few cuts fell into a run");
        Console.WriteLine($"TOTAL power loss: {campaigns.Count} runs, {campaigns.Sum(campaign => campaign.Cuts)} power cuts, {campaigns.Sum(campaign => campaign.Failures)} failing disks, {campaigns.Sum(campaign => campaign.Resumes)} resumes, {campaigns.Sum(campaign => campaign.Acknowledged)} acknowledged results, {campaigns.Sum(campaign => campaign.Calls)} calls, 0 lost results, 0 repeated non-repeatable effects");
    }

    /// <remarks>That the checker can fail. NORMAL does not promise to survive a power cut; the dropped fsync is a bug.</remarks>
    [Theory]
    [InlineData("normal", false)]
    [InlineData("full", true)]
    public async Task A_store_that_does_not_press_to_disk_is_found_out(string durability, bool dropsSyncs)
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        for (var seed = 1; seed <= 60; seed++)
        {
            var campaign = new PowerCampaign(seed, durability, dropsSyncs);
            await campaign.RunAsync();
            if (campaign.Lost.Count == 0) continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {campaign.Lost[0]}");
            return;
        }
        Assert.Fail("60 runs on a store that loses data lost nothing: the checker is blind");
    }
}
