using System.Diagnostics;
using Hydra.Agents.Nodes;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;

namespace Hydra.Bench;

/// <summary>
/// What effect journaling, recording a cassette and remembering results for later runs cost a durable run of 1,000 <c>agent</c>
/// nodes whose model answers in the process and at once: the most that they can weigh, as no call takes any time.
/// </summary>
/// <remarks>
/// The measure "recording and effect journaling together" is <see cref="Costs.Recorded"/> over <see cref="Costs.Bare"/>. Remembering is
/// neither of the two, but is on unless a workflow says <c>cache: off</c>: <see cref="Costs.Whole"/> over <see cref="Costs.Bare"/> is what a user pays for all three.
/// </remarks>
internal static class Recording
{
    private const int Nodes = 1_000;
    private const int Cap = 16;

    /// <summary>A page of SQLite's log: 4,096 bytes behind a head of 24 (https://www.sqlite.org/fileformat2.html, 4.1).</summary>
    private const double LogPageBytes = 4_120;

    /// <summary>One run in each manner.</summary>
    /// <param name="Bare">A durable run whose calls are no steps: no intent before a call, no result after it.</param>
    /// <param name="Durable">Every call an intent and a result in the journal, as always.</param>
    /// <param name="Recorded">And a cassette is written.</param>
    /// <param name="Remembered">As <paramref name="Durable"/>, and the results are left for later runs to reuse.</param>
    /// <param name="Whole">And a cassette is written.</param>
    public sealed record Costs(Cost Bare, Cost Durable, Cost Recorded, Cost Remembered, Cost Whole);

    /// <param name="ProcessorSeconds">Of all threads.</param>
    /// <param name="Pages">Of SQLite's log, for a frame.</param>
    public readonly record struct Cost(double Seconds, double ProcessorSeconds, double Pages);

    public static async Task<Costs> MeasureAsync(string folder)
    {
        var workflow = Workflow();
        var forgetful = workflow with { Defaults = new NodePolicy { Cache = new CacheSpec(CacheKind.Off) } };
        return new Costs(
            await RunAsync(folder, forgetful, isJournaled: false, records: false), await RunAsync(folder, forgetful, isJournaled: true, records: false),
            await RunAsync(folder, forgetful, isJournaled: true, records: true),
            await RunAsync(folder, workflow, isJournaled: true, records: false), await RunAsync(folder, workflow, isJournaled: true, records: true));
    }

    private static WorkflowSpec Workflow()
    {
        var graph = Graph.Layered(Nodes, 50, 7).ToWorkflow("agent");
        return graph with
        {
            Nodes = [.. graph.Nodes.Select(node => node with
            {
                Fields = ValueMap.Of(("model", "m"), ("prompt", $"What is to be done about tide {node.Id}, given {string.Join(' ', node.DependsOn.Select(parent => $"{{{{ {parent} }}}}"))}?"), ("max_output_tokens", 100)),
            })],
        };
    }

    /// <summary>In a store of its own, so that no run pays for what another one left to be checkpointed.</summary>
    private static async Task<Cost> RunAsync(string folder, WorkflowSpec workflow, bool isJournaled, bool records)
    {
        var own = Path.Combine(folder, $"recording-{Guid.NewGuid():N}");
        var client = new FakeClient();
        var agent = new AgentNode(client, _ => client);
        var types = new INodeType[] { isJournaled ? agent : new UnjournaledNode(agent) }.ToDictionary(type => type.Name);
        Cost cost;
        using (var store = SqliteRunStore.Open(own, Durability.Full))
        {
            var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => workflow });
            GC.Collect();
            var clock = Stopwatch.StartNew();
            var processor = Environment.CpuUsage.TotalTime;
            var recorder = records ? new CassetteRecorder(store, _ => Planner.Plan(workflow, types)) : null;
            var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = Cap, Observer = recorder }, CancellationToken.None);
            if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
            if (recorder is not null) CassetteFile.Write(recorder.ToCassette(), Path.Combine(own, "bench.cassette"));
            cost = new Cost(clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds,
                new FileInfo(Path.Combine(own, "hydra.db-wal")).Length / LogPageBytes / store.Read(report.Run).Count());
        }
        Directory.Delete(own, recursive: true);
        return cost;
    }
}
