using System.Globalization;
using System.Text;
using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>Power cuts that take back what was not pressed to disk: nothing acknowledged is lost, and the checker sees it when it is.</summary>
public sealed class PowerLossTests(Totals totals)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1";

    [Fact]
    public async Task A_power_cut_at_any_storage_call_loses_nothing_acknowledged_and_repeats_nothing()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        var campaigns = Enumerable.Range(Asked("HYDRA_POWER_FIRST", 1), Asked("HYDRA_POWER_SEEDS", IsLong ? 200 : 6)).Select(seed => new PowerCampaign(seed)).ToList();
        await Parallel.ForEachAsync(campaigns, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (campaign, _) =>
        {
            await campaign.RunAsync();
            if (campaign.Trail is { } trail) Console.WriteLine(trail);
        });
        totals.Add(powerCuts: campaigns.Sum(campaign => campaign.Cuts + campaign.Failures), resumes: campaigns.Sum(campaign => campaign.Resumes), lost: campaigns.Sum(campaign => campaign.Lost.Count), repeated: campaigns.Sum(campaign => campaign.Repeated.Count));

        Assert.Empty(campaigns.SelectMany(campaign => campaign.Lost));
        Assert.Empty(campaigns.SelectMany(campaign => campaign.Repeated));
        // Each kind of fault by itself: a campaign that met only one of them would prove nothing of the other.
        Assert.True(campaigns.Sum(campaign => campaign.Cuts) >= campaigns.Count * 2, "too few cuts fell into a run");
        Assert.True(campaigns.Sum(campaign => campaign.Failures) >= campaigns.Count / 5, "too few disks failed under a run");
        Console.WriteLine($"TOTAL power loss: {campaigns.Count} runs, {campaigns.Sum(campaign => campaign.Cuts)} power cuts, {campaigns.Sum(campaign => campaign.Failures)} failing disks, {campaigns.Sum(campaign => campaign.Misses)} processes that ended before their fault, {campaigns.Sum(campaign => campaign.Resumes)} resumes, {campaigns.Sum(campaign => campaign.Acknowledged)} acknowledged results, {campaigns.Sum(campaign => campaign.Calls)} calls, 0 lost results, 0 repeated non-repeatable effects");
    }

    /// <remarks>
    /// .NET hides a failed fsync of a file, SQLite that of its folder. Folders that are there already may have been left by a
    /// process that was killed before they were pressed.
    /// </remarks>
    [Theory]
    [InlineData(".part", false)]
    [InlineData("-wal", false)]
    [InlineData("/disk", false)]
    [InlineData("/.hydra", false)]
    [InlineData("/artifacts", false)]
    [InlineData("/artifacts", true)]
    [InlineData("/sha256", false)]
    [InlineData("/sha256", true)]
    [InlineData("/sha256/d1", false)]
    public async Task What_the_disk_refuses_to_press_is_no_result_and_the_run_goes_on_when_the_disk_is_well(string refusing, bool isThere)
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        await using var fake = await FakeProvider.StartAsync(new FakeScript { Answer = new string('x', 20_000) });
        using var terminal = new Terminal();
        terminal.Write("bad.yaml", "name: bad\nnodes: [{id: n0, type: agent, model: openai/fake-model, prompt: tell}]\n");
        var disk = Directory.CreateDirectory(terminal.PathOf("disk")).FullName;
        if (isThere) Directory.CreateDirectory(Path.Combine(disk, ".hydra", "artifacts", "sha256", Folder));
        async Task<(int Code, string Out, string Error)> Run(string? bad, params string[] words)
        {
            var environment = PowerDisk.Environment(disk, seed: 1, cutAt: 0, bad: bad);
            (environment["OPENAI_BASE_URL"], environment["OPENAI_API_KEY"]) = (fake.Url + "/v1", "fake");
            using var hydra = HydraProcess.Start(terminal.Folder, environment, [.. words, "--runs-dir", "disk/.hydra"]);
            return await hydra.EndAsync();
        }

        var refused = await Run(refusing.Replace("d1", Folder, StringComparison.Ordinal), "run", "bad.yaml", "--run-id", "bad");
        Assert.Equal(1, refused.Code);
        Assert.Contains(refusing == "-wal" ? "disk I/O error" : "could not be pressed to disk", refused.Error);
        Assert.DoesNotContain("n0 completed", refused.Error);

        // What was said to have begun is there to be resumed; where nothing was, it may begin now.
        string[] again = refused.Error.Contains("bad started", StringComparison.Ordinal) ? ["resume", "bad"] : ["run", "bad.yaml", "--run-id", "bad"];
        var resumed = await Run(null, again);
        Assert.True(resumed.Code == 0, resumed.Error);
        var verified = await Run(null, "verify");
        Assert.True(verified.Code == 0, verified.Out + verified.Error);
    }

    /// <summary>Where the answer lies: the first two digits of its SHA-256.</summary>
    private static string Folder { get; } = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(new string('x', 20_000))))[..2];

    private static int Asked(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var asked) ? asked : otherwise;

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
