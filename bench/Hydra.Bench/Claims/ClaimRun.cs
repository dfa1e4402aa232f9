using System.Diagnostics;
using Hydra.Agents.Nodes;
using Hydra.Agents.Tools;
using Hydra.Gateway;
using Hydra.Gateway.Fake;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Bench.Claims;

/// <summary>One run of a workflow against the fake provider, over HTTP and into a durable journal.</summary>
/// <param name="Seconds">Its makespan on this machine.</param>
/// <param name="P95">The 95th percentile of a task's time from its start to its end, in seconds on this machine.</param>
internal sealed record ClaimRun(double Seconds, double P95, double Usd, long Tokens, double ProcessorSeconds, int Calls)
{
    public static async Task<ClaimRun> OfAsync(WorkflowSpec workflow, FakeScript script, int cap, string folder)
    {
        await using var fake = await FakeProvider.StartAsync(script);
        using var gateway = Gateway(fake.Url);
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(gateway, gateway.GetClient, new ToolRegistry())]);
        var own = Path.Combine(folder, $"claims-{Guid.NewGuid():N}");
        using var store = SqliteRunStore.Open(own, Durability.Full);
        var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => workflow });
        var times = new TaskTimes();
        GC.Collect();
        var processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = cap, WorkingDirectory = own, Observer = times }, CancellationToken.None);
        var seconds = clock.Elapsed.TotalSeconds;
        if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The run of '{workflow.Name}' ended {report.Status}: {report.Reason}");
        return new ClaimRun(seconds, Percentile(times.Seconds, 0.95), (double)report.Cost.Usd, report.Tokens, (Environment.CpuUsage.TotalTime - processor).TotalSeconds, fake.Calls.Count);
    }

    public static ModelGateway Gateway(string url) => new(new GatewayOptions { AnthropicApiKey = "key", AnthropicBaseUrl = url });

    public static double Percentile(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(part * sorted.Length) - 1)];
    }
}
