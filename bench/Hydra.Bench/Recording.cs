using System.Diagnostics;
using Hydra.Agents.Nodes;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;

namespace Hydra.Bench;

/// <summary>
/// What remembering results for later runs and recording a cassette cost a durable run of 1,000 <c>agent</c> nodes whose model
/// answers in the process and at once.
/// </summary>
internal static class Recording
{
    private const int Nodes = 1_000;
    private const int Cap = 16;

    /// <summary>Seconds of one run in each manner.</summary>
    /// <param name="Durable">Every call an intent and a result in the journal, as always.</param>
    /// <param name="Remembered">And its result is left for later runs to reuse.</param>
    /// <param name="Recorded">And a cassette is written.</param>
    public sealed record Costs(double Durable, double Remembered, double Recorded);

    public static async Task<Costs> MeasureAsync(string folder)
    {
        var workflow = Workflow();
        var forgetful = workflow with { Defaults = new NodePolicy { Cache = new CacheSpec(CacheKind.Off) } };
        return new Costs(await RunAsync(folder, forgetful, records: false), await RunAsync(folder, workflow, records: false), await RunAsync(folder, workflow, records: true));
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
    private static async Task<double> RunAsync(string folder, WorkflowSpec workflow, bool records)
    {
        var own = Path.Combine(folder, $"recording-{Guid.NewGuid():N}");
        var client = new FakeClient();
        var types = new INodeType[] { new AgentNode(client, _ => client) }.ToDictionary(type => type.Name);
        double seconds;
        using (var store = SqliteRunStore.Open(own, Durability.Full))
        {
            var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => workflow });
            GC.Collect();
            var clock = Stopwatch.StartNew();
            var recorder = records ? new CassetteRecorder(store, _ => Planner.Plan(workflow, types)) : null;
            var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = Cap, Observer = recorder }, CancellationToken.None);
            if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
            if (recorder is not null) CassetteFile.Write(recorder.ToCassette(), Path.Combine(own, "bench.cassette"));
            seconds = clock.Elapsed.TotalSeconds;
        }
        Directory.Delete(own, recursive: true);
        return seconds;
    }
}
