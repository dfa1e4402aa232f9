using Hydra.Gateway.Fake;
using Hydra.Gateway.Tests.Faults;

namespace Hydra.Bench.Gateways;

/// <summary>The public fail-over bench against the gateway: every scenario at every chat door, streamed and not, in compressed time.</summary>
internal static class Faults
{
    public static async Task MeasureAsync(Table table)
    {
        foreach (var door in FaultDoor.All)
        {
            foreach (var isStream in (bool[])[false, true])
            {
                var seen = new Dictionary<FaultVerdict, int>();
                foreach (var scenario in FakeScenarios.All)
                {
                    var (verdict, why) = await FaultBench.RunAsync(scenario, door, isStream, CancellationToken.None);
                    seen[verdict] = seen.GetValueOrDefault(verdict) + 1;
                    if (verdict != FaultVerdict.Pass) Console.Error.WriteLine($"  {scenario.Id} {scenario.Title}, {door.Name}{(isStream ? ", streamed" : "")}: {verdict}: {why}");
                }
                table.Add($"faults: {FakeScenarios.All.Count} scenarios, {door.Name}{(isStream ? ", streamed" : "")}", "http", seen.GetValueOrDefault(FaultVerdict.Pass), "pass",
                    ("partial", seen.GetValueOrDefault(FaultVerdict.Partial)), ("safe", seen.GetValueOrDefault(FaultVerdict.Safe)), ("fail", seen.GetValueOrDefault(FaultVerdict.Fail)));
            }
        }
    }
}
