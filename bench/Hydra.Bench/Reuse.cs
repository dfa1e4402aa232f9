using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Bench;

/// <summary>Asks a fake model that answers after a while; every call is a journaled step with prompt and answer.</summary>
internal sealed class FakeModelNode(TimeSpan latency) : ILeafNodeType
{
    private int _calls;

    public int Calls => _calls;
    public string Name => "model";
    public string Description => "Asks a fake model.";
    public IReadOnlyList<Field> Fields { get; } = [new("prompt", new Shape.Template(), "What is asked.")];
    public NodeTraits Traits { get; } = new();

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var messages = Value.Of(new[] { Value.Of(ValueMap.Of(("role", "user"), ("content", $"Question of {attempt.Path}: what is to be done about the tides?"))) });
        var grant = await line.IntendAsync(new StepCall(StepKind.Model, "m", StepKey.Of(messages), 100, 200, new MicroUsd(30), line.Keep(messages)), cancellationToken);
        if (grant.Known is { } known) return new AttemptOutcome.Completed(line.Read(known.Response!));
        Interlocked.Increment(ref _calls);
        if (latency > TimeSpan.Zero) await Task.Delay(latency, cancellationToken);
        Value answer = $"Answer for {attempt.Path}: wait for the ebb.";
        line.Report(grant, new StepResult(line.Keep(answer), new TokenUsage(20, 10), new MicroUsd(10), null, latency.TotalMilliseconds));
        return new AttemptOutcome.Completed(answer);
    }
}

/// <summary>What reuse saves.</summary>
internal static class Reuse
{
    private const int Nodes = 1_000;
    private const int Cap = 16;

    /// <summary>Wall time of a first run and of an unchanged second one with reuse, in seconds, with the calls of the second; and of a first run whose calls take no time: its engine time.</summary>
    public static async Task<(double First, double Second, double Engine, int Calls)> SecondRunAsync(string folder)
    {
        using var store = SqliteRunStore.Open(Path.Combine(folder, $"reuse-{Guid.NewGuid():N}"), Durability.Full);
        var type = new FakeModelNode(TimeSpan.FromMilliseconds(20));
        var workflow = Workflow();
        var (first, _) = await RunAsync(store, workflow, type, reuse: false);
        var before = type.Calls;
        var (second, _) = await RunAsync(store, workflow, type, reuse: true);
        var calls = type.Calls - before;
        using var another = SqliteRunStore.Open(Path.Combine(folder, $"reuse-{Guid.NewGuid():N}"), Durability.Full);
        var (engine, _) = await RunAsync(another, workflow, new FakeModelNode(TimeSpan.Zero), reuse: false);
        return (first, second, engine, calls);
    }

    private static Dictionary<string, INodeType> Types(FakeModelNode type) => new() { [type.Name] = type };

    private static WorkflowSpec Workflow()
    {
        var graph = Graph.Layered(Nodes, 50, 7).ToWorkflow("model");
        return graph with { Nodes = [.. graph.Nodes.Select(node => node with { Fields = ValueMap.Of(("prompt", string.Join(' ', node.DependsOn.Select(parent => $"{{{{ {parent} }}}}")))) })] };
    }

    private static async Task<(double Seconds, RunId Run)> RunAsync(SqliteRunStore store, WorkflowSpec workflow, FakeModelNode type, bool reuse)
    {
        var engine = new Engine(new EngineOptions { Types = Types(type), Store = store, ReadDefinition = (_, _, _) => workflow });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = Cap, Reuse = reuse }, CancellationToken.None);
        if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
        return (clock.Elapsed.TotalSeconds, report.Run);
    }
}
