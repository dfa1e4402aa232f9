using System.Globalization;
using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>The core against random graphs, orders, faults and crashes. <c>HYDRA_SIM_SEEDS</c> sets how many seeds run (2,000 by default), <c>HYDRA_SIM_FIRST</c> the first.</summary>
public sealed class SimulationTests
{
    private static readonly int SeedCount = Setting("HYDRA_SIM_SEEDS", 2000);
    private static readonly int FirstSeed = Setting("HYDRA_SIM_FIRST", 1);

    [Fact]
    public void Every_seed_keeps_every_promise_and_comes_to_an_end()
    {
        var failures = new List<string>();
        var figures = new List<SimulationFigures>();
        Parallel.For(FirstSeed, FirstSeed + SeedCount, (seed, loop) =>
        {
            try
            {
                var figure = new Simulation(seed).Run();
                lock (figures) figures.Add(figure);
            }
            catch (InvariantBrokenException e)
            {
                lock (failures) failures.Add(e.Message);
                if (failures.Count >= 20) loop.Stop();
            }
        });
        TestContext.Current.TestOutputHelper?.WriteLine(Summary(figures));
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n" + (failures.Count == 0 ? "" : failures.MinBy(failure => failure.Length)));
        // A simulation that never reached the rare states would prove nothing of them.
        if (SeedCount < 1000) return;
        var seen = figures.SelectMany(figure => figure.Seen).ToHashSet(StringComparer.Ordinal);
        string[] rare = ["ended Degraded tool_failed", "ended Failed unknown_outcome", "ended BudgetExceeded budget", "ended Cancelled cancelled", "skipped When", "skipped UpstreamFailed",
            "skipped UpstreamSkipped", "skipped Join", "skipped Terminated", "Reopened", "Suspended", "AttemptInterrupted", "stop_when held", "charged at its bound",
            "WaitOpened", "WaitAnswered", "WaitReminded", "Overdue", "wait Reject", "wait Approve", "wait Escalate", "skipped Rejected", "answered alone",
            "revision 2", "revision 3", "revision 4", "Asked", "Assumed", "RollingBack", "refused", "undone",
            "died in flight", "refused in flight", "run Stopped", "run Paused", "run Cancelled", "run Interrupted", "run Failed", "run Completed"];
        Assert.Empty(rare.Except(seen));
    }

    [Fact]
    public void A_run_that_is_killed_behind_any_of_its_frames_goes_on_and_ends()
    {
        var points = 0;
        Parallel.For(FirstSeed, FirstSeed + (SeedCount / 100), seed => Interlocked.Add(ref points, Simulation.RunCrashingEverywhere(seed)));
        TestContext.Current.TestOutputHelper?.WriteLine($"{points:N0} crash points in {SeedCount / 100} runs");
        Assert.True(points > SeedCount / 100);
    }

    [Fact]
    public void The_same_seed_gives_the_same_events()
    {
        for (var seed = 1; seed <= 50; seed++) Assert.Equal(new Simulation(seed).Run().Hash, new Simulation(seed).Run().Hash);
    }

    public static TheoryData<string> Bugs => [.. Enum.GetNames<PlantedBug>().Where(name => name != nameof(PlantedBug.None))];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found_within_a_thousand_seeds(string name)
    {
        var bug = Enum.Parse<PlantedBug>(name);
        for (var seed = 1; seed <= 1000; seed++)
        {
            try
            {
                new Simulation(seed, bug).Run();
            }
            catch (InvariantBrokenException e)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {e.Message.Split('\n')[0]}");
                return;
            }
        }
        Assert.Fail($"the checker did not notice {name} in 1,000 seeds");
    }

    private static string Summary(List<SimulationFigures> figures) => string.Create(CultureInfo.InvariantCulture,
        $"{figures.Count} seeds, {figures.Sum(f => (long)f.Turns):N0} turns, {figures.Sum(f => (long)f.Events):N0} events, {figures.Sum(f => (long)f.Instances):N0} instances, {figures.Sum(f => (long)f.Starts):N0} starts, {figures.Sum(f => (long)f.Calls):N0} calls, {figures.Sum(f => (long)f.Replays):N0} replayed answers, {figures.Sum(f => (long)f.Crashes):N0} crashes, {figures.Sum(f => (long)f.Resumes):N0} resumes, {figures.Sum(f => (long)f.Stale):N0} repeated messages; ended: {string.Join(", ", figures.GroupBy(f => f.Status).Select(g => $"{g.Key} {g.Count()}"))}");

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
