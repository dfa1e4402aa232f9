using Hydra.Gateway.Fake;

namespace Hydra.Gateway.Tests.Faults;

/// <summary>The public fail-over bench in compressed time: all sixteen, at every chat door, streamed and not.</summary>
public sealed class FaultBenchTests
{
    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, bool>();
            foreach (var door in FaultDoor.All)
            {
                foreach (var scenario in FakeScenarios.All)
                {
                    cases.Add(scenario.Id, door.Name, false);
                    cases.Add(scenario.Id, door.Name, true);
                }
            }
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_scenario_is_passed(string scenario, string door, bool isStream)
    {
        var (verdict, why) = await FaultBench.RunAsync(FakeScenarios.Find(scenario), FaultDoor.All.Single(one => one.Name == door), isStream, TestContext.Current.CancellationToken);
        Assert.True(verdict == FaultVerdict.Pass, $"{verdict}: {why}");
    }
}
