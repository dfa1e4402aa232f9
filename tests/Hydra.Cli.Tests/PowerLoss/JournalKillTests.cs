using System.Collections.Concurrent;
using System.Globalization;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>kill -9 before and after every transaction of the journal: nothing acknowledged is lost, no effect happens twice, and the checker sees it when it is.</summary>
public sealed class JournalKillTests(Totals totals)
{
    private const int Seed = 3;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1";

    /// <remarks>The long suite has one run for every point (every n-th with <c>HYDRA_KILL_EVERY</c>, from <c>HYDRA_KILL_FIRST</c> on); the fast one kills three runs four times each, at seeded points.</remarks>
    [Fact]
    public async Task Kill_9_at_every_journal_write_of_a_run_loses_nothing_and_repeats_no_effect()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        var whole = new KillCampaign();
        await whole.RunAsync();
        Assert.Empty(whole.Lost);
        Assert.True(whole.Instances >= 200, $"the run has {whole.Instances} node instances");

        var random = new Random(Seed);
        List<int[]> aims = IsLong ? [.. Enumerable.Range(1, whole.Points).Where(point => point % Every == First % Every).Select(point => (int[])[point])]
            : [.. Enumerable.Range(0, 3).Select(_ => (int[])[.. Enumerable.Range(0, 4).Select(_ => random.Next(1, whole.Points / 4))])];
        var campaigns = new ConcurrentBag<KillCampaign>();
        var missed = 0;
        await Parallel.ForEachAsync(aims, new ParallelOptions { MaxDegreeOfParallelism = IsLong ? 2 : 3 }, async (points, _) =>
        {
            // Two runs do not write the same number of frames: where a point lay behind the end of a run, another is killed a little earlier.
            for (var aim = points; ; aim = [.. aim.Select(point => Math.Max(1, point * 9 / 10))])
            {
                var campaign = new KillCampaign(aim);
                await campaign.RunAsync();
                campaigns.Add(campaign);
                if (campaign.Lost.Count == 0 && campaign.Output != whole.Output) campaign.Lost.Add($"the result: {campaign.Output}");
                if (campaign.Lost.Count + campaign.Repeated.Count > 0) Console.WriteLine($"killed at {string.Join(", ", aim)}: {string.Join("; ", campaign.Lost.Concat(campaign.Repeated))}");
                if (campaign.Kills == aim.Length || campaign.Lost.Count > 0) return;
                Interlocked.Increment(ref missed);
            }
        });
        var kills = campaigns.Sum(campaign => campaign.Kills);
        var resumes = campaigns.Sum(campaign => campaign.Resumes);
        var lost = campaigns.Sum(campaign => campaign.Lost.Count);
        var repeated = campaigns.Sum(campaign => campaign.Repeated.Count);
        totals.Add(kills: kills, resumes: resumes, lost: lost, repeated: repeated);
        Console.WriteLine($"TOTAL journal kills: {campaigns.Count} runs of {whole.Instances} node instances and {whole.Points / 2} journal writes, {kills} kills, {missed} runs that ended before their kill, {resumes} resumes, {campaigns.Sum(campaign => campaign.Acknowledged)} acknowledged results, {campaigns.Sum(campaign => campaign.Calls)} calls, {campaigns.Sum(campaign => campaign.Effects)} effects, {campaigns.Sum(campaign => campaign.Settled)} unknown outcomes settled by a person, {lost} lost results, {repeated} repeated non-repeatable effects");

        Assert.Equal((0, 0), (lost, repeated));
        Assert.True(kills >= aims.Sum(points => points.Length), $"only {kills} kills fell into {aims.Count} runs that were to be killed");
    }

    private static int Every => Asked("HYDRA_KILL_EVERY", 1);
    private static int First => Asked("HYDRA_KILL_FIRST", 0);
    private static int Asked(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var asked) ? asked : otherwise;

    /// <remarks>That the checker can fail.</remarks>
    [Fact]
    public async Task A_journal_that_loses_its_last_frames_is_found_out()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        var campaign = new KillCampaign { Size = 4, DiesAfter = "n6", Tampers = folder => DropFramesFrom(folder, "n6") };
        await campaign.RunAsync();
        Assert.Equal(1, campaign.Kills);
        Assert.Contains(campaign.Lost, lost => lost.StartsWith("n6 ", StringComparison.Ordinal));
    }

    /// <remarks>That the checker can fail: whoever says of an effect that it did not happen, when it did, has it happen twice.</remarks>
    [Fact]
    public async Task An_effect_that_happens_twice_is_found_out()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        var campaign = new KillCampaign { Size = 4, DiesWithin = "m[3]/pay", Lies = true };
        await campaign.RunAsync();
        Assert.Equal(1, campaign.Kills);
        Assert.Contains("m-3-pay: 2 effects", campaign.Repeated);
    }

    /// <summary>The frame that holds the end of this node, and all behind it.</summary>
    private static void DropFramesFrom(string folder, string path)
    {
        long first;
        using (var store = SqliteRunStore.Open(folder, Durability.Full))
        {
            var run = new RunId("kill");
            var state = new RunState(RunReading.PlanOf(store, run).Plan);
            first = store.Read(run).First(frame =>
            {
                state.Apply(frame);
                return frame.Events.OfType<RunEvent.Ended>().Any(end => state.PathOf(end.Node) == path);
            }).Sequence;
        }
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"DELETE FROM frames WHERE seq >= {first.ToString(CultureInfo.InvariantCulture)}";
        command.ExecuteNonQuery();
    }
}
