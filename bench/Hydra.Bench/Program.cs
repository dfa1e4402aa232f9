using System.Diagnostics;
using Hydra;
using Hydra.Bench;
using Hydra.Bench.Claims;
using Hydra.Bench.Gateways;
using Hydra.Journal;
using Hydra.Model;

if (args is ["--serve", var what, var upstream, var kept])
{
    await Served.RunAsync(what, upstream, kept);
    return;
}
var rounds = int.Parse(Option("--rounds") ?? "5");
var only = Option("--only");
var folder = Directory.CreateTempSubdirectory("hydra-bench-").FullName;
SQLitePCL.Batteries_V2.Init();
var table = new Table();
if (Option("--peak") is { } mode)
{
    // One run in a process of its own, so that the peak is its own.
    using IRunStore store = mode == "durable" ? SqliteRunStore.Open(Path.Combine(folder, "peak"), Durability.Full) : new MemoryRunStore(keepsFrames: false);
    await Engines.RunAsync(Graph.Layered(10_000, 100, 7).ToWorkflow("noop"), store, 100_000);
    Console.WriteLine($$"""{"workload": "layered 10,000, whole process", "mode": "{{mode}}", "peak_mb": {{Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:0}}}""");
    store.Dispose();
    Directory.Delete(folder, recursive: true);
    return;
}
try
{
    await Overhead(Graph.Chain(1000), waves: 1000);
    await Overhead(Graph.Fan(1000), waves: 3);
    await Overhead(Graph.Layered(1000, 50, 7), waves: 20);
    await Overhead(Graph.Layered(10_000, 100, 7), waves: 100);
    await MapItems(10_000);
    await Makespan(Graph.Independent(1000, 0.05), cap: 100_000);
    await Makespan(Graph.Layered(1000, 50, 11, hasDurations: true), cap: 100_000);
    await Makespan(Graph.Layered(1000, 50, 11, hasDurations: true), cap: 16);
    await Million();
    await StreamedCalls();
    await ReusedRuns();
    MeasureStartUp();
    await Recorded();
    await ToolLoops();
    await Resumed();
    await Grown();
    await LedgerCalls();
    if (!Skips("claims")) await ClaimsBench.MeasureAsync(table, folder);
    if (!Skips("claims-load")) await ClaimsBench.MeasureLoadAsync(table);
    if (!Skips("faults")) await Faults.MeasureAsync(table);
    if (!Skips("gateway")) await GatewayBench.MeasureAsync(table, folder, rounds);
    if (!Skips("postgres")) await GatewayBench.MeasureStoresAsync(table, folder, rounds);
    MeasureGenesis();
    if (only == "soak" && !await Soak.MeasureAsync(table, folder, 500_000)) Environment.ExitCode = 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
table.Print();
Console.WriteLine($$"""{"peak_mb": {{Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:0}}}""");
return;

string? Option(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

bool Skips(string name) => only is not null && !name.Contains(only, StringComparison.OrdinalIgnoreCase);

void MeasureStartUp()
{
    if (Skips("startup")) return;
    var (hydra, empty, ratio) = StartUp.Measure(folder, rounds);
    table.Add("startup: validate research.yaml", "process", hydra, "ms", ($"× an empty program ({empty:0} ms)", ratio));
}

void MeasureGenesis()
{
    if (Skips("genesis")) return;
    var (xml, schemas) = (Genesis.Blueprint(), Genesis.Schemas());
    // .NET's own reader comes compiled; ours is compiled better and better while it is used.
    for (var warm = Stopwatch.StartNew(); warm.Elapsed < TimeSpan.FromSeconds(4);) Genesis.Read(xml, schemas);
    var read = Enumerable.Range(0, rounds).Select(_ => Genesis.Read(xml, schemas)).OrderBy(each => each.Hydra / each.Schema).ElementAt(rounds / 2);
    table.Add("genesis: 1,000 tasks read, checked, planned", "memory", read.Hydra * 1e3, "ms", ("× schema validation", read.Hydra / read.Schema));
    var writes = Enumerable.Range(0, rounds).Select(_ => Genesis.Project(xml, folder)).ToList();
    table.Add("genesis: state of a run of 1,000 tasks written 101 times", "durable", Middle(writes.Select(run => run.Seconds)) * 1e3, "ms",
        ("% of a run of 100 s", Middle(writes.Select(run => run.Seconds))), ("% in processor time", Middle(writes.Select(run => run.ProcessorSeconds))));
}

async Task Overhead(Graph graph, int waves)
{
    if (Skips(graph.Name)) return;
    foreach (var type in (string[])["noop", "pooled"])
    {
        var workflow = graph.ToWorkflow(type);
        var memory = await Median(async () => await Engines.RunAsync(workflow, new MemoryRunStore(keepsFrames: false), 100_000));
        var tasks = await Median(() => Floors.TasksAsync(graph));
        table.Add($"{graph.Name}, {type}", "memory", memory / graph.Count * 1e6, "µs/node", ("× tasks", memory / tasks));
        using var store = SqliteRunStore.Open(Path.Combine(folder, "durable"), Durability.Full);
        var ratios = new List<(double Hydra, double Floor)>();
        for (var i = 0; i < rounds; i++)
        {
            var durable = await Engines.RunAsync(workflow, store, 100_000);
            var floor = waves >= graph.Count ? Floors.CommitEach(folder, graph.Count) : Floors.CommitGroups(folder, graph.Count, waves);
            ratios.Add((durable, floor));
        }
        table.Add($"{graph.Name}, {type}", "durable", Middle(ratios.Select(r => r.Hydra)) / graph.Count * 1e6, "µs/node", ("× commit floor", Middle(ratios.Select(r => r.Hydra / r.Floor))));
    }
}

async Task MapItems(int count)
{
    if (Skips("map")) return;
    var body = new NodeSpec { Id = new NodeId("body"), Type = "noop" };
    var map = new NodeSpec
    {
        Id = new NodeId("items"), Type = "map", Fields = ValueMap.Of(("over", "things"), ("as", "thing"), ("max_items", count)),
        Children = new Dictionary<string, IReadOnlyList<NodeSpec>> { ["body"] = [body] },
    };
    var workflow = new WorkflowSpec { Name = "map", Nodes = [map], Canonical = "{}"u8.ToArray() };
    var inputs = ValueMap.Of(("things", Value.Of(Enumerable.Range(0, count).Select(i => Value.Of((long)i)))));
    var memory = await Median(async () => await Engines.RunAsync(workflow, new MemoryRunStore(keepsFrames: false), 100_000, inputs));
    table.Add($"map over {count:N0}", "memory", memory / count * 1e6, "µs/item");
    using var store = SqliteRunStore.Open(Path.Combine(folder, "durable"), Durability.Full);
    var durable = await Median(async () => await Engines.RunAsync(workflow, store, 100_000, inputs));
    table.Add($"map over {count:N0}", "durable", durable / count * 1e6, "µs/item");
    var capped = await Median(async () => await Engines.RunAsync(workflow, store, 10, inputs));
    table.Add($"map over {count:N0}, cap 10", "durable", capped / count * 1e6, "µs/item");
}

async Task StreamedCalls()
{
    if (Skips("streams")) return;
    var (ours, bare) = await Streams.MeasureAsync(folder, rounds);
    table.Add("64 streams of 50 chunks, 5 ms apart", "durable", ours, "ms/call", ("ms over a bare reader", ours - bare));
}

async Task ReusedRuns()
{
    if (Skips("reuse")) return;
    var seen = new List<(double First, double Second, double Engine, int Calls)>();
    for (var i = 0; i <= rounds; i++)
    {
        seen.Add(await Reuse.SecondRunAsync(folder));
    }
    table.Add("reuse: 1,000 unchanged model nodes, 20 ms, cap 16", "durable", Middle(seen.Skip(1).Select(run => run.Second)) * 1000, "ms",
        ("of the first run's time", Middle(seen.Skip(1).Select(run => run.Second / run.First))), ("× the first run's engine time", Middle(seen.Skip(1).Select(run => run.Second / run.Engine))), ("calls", seen.Max(run => run.Calls)));
}

async Task Recorded()
{
    if (Skips("recording")) return;
    var costs = new List<Recording.Costs>();
    for (var i = 0; i <= Math.Max(rounds, 40) * 2; i++) costs.Add(await Recording.MeasureAsync(folder));   // they differ by less than single runs scatter
    costs.RemoveAt(0);
    Add("calls neither journaled nor recorded", cost => cost.Bare);
    Add("calls journaled", cost => cost.Durable);
    Add("journaled and recorded", cost => cost.Recorded);
    Add("journaled and remembered for reuse", cost => cost.Remembered);
    Add("journaled, remembered and recorded", cost => cost.Whole);

    void Add(string name, Func<Recording.Costs, Recording.Cost> cost) =>
        table.Add($"recording: 1,000 agent nodes, 0 ms, {name}", "durable", Middle(costs.Select(run => cost(run).Seconds)) * 1000, "ms",
            ("× bare", Middle(costs.Select(run => cost(run).Seconds / run.Bare.Seconds))), ("× journaled", Middle(costs.Select(run => cost(run).Seconds / run.Durable.Seconds))),
            ("× journaled by the best rounds", costs.Min(run => cost(run).Seconds) / costs.Min(run => run.Durable.Seconds)), ("ms of processor", Middle(costs.Select(run => cost(run).ProcessorSeconds)) * 1000),
            ("pages of log a frame", Middle(costs.Select(run => cost(run).Pages))));
}

async Task ToolLoops()
{
    if (Skips("tools")) return;
    foreach (var isDurable in (bool[])[false, true])
    {
        var seen = new List<ToolSteps.Costs>();
        for (var i = 0; i <= rounds; i++)
            seen.Add(await ToolSteps.MeasureAsync(() => isDurable ? SqliteRunStore.Open(Path.Combine(folder, $"tools-{Guid.NewGuid():N}"), Durability.Full) : new MemoryRunStore(keepsFrames: false)));
        seen.RemoveAt(0);
        table.Add("tools: a step of a loop of 40 turns", isDurable ? "durable" : "memory", Middle(seen.Select(run => run.Step)) * 1e6, "µs/step",
            ("× an agent node with one call", Middle(seen.Select(run => run.Step / run.Agent))), ("× a node that does nothing", Middle(seen.Select(run => run.Step / run.Pooled))),
            ("µs an agent node", Middle(seen.Select(run => run.Agent)) * 1e6), ("µs a node that does nothing", Middle(seen.Select(run => run.Pooled)) * 1e6));
    }
}

async Task Resumed()
{
    if (Skips("resume")) return;
    var seen = (await Resume.MeasureAsync(folder, rounds)).Skip(1).ToList();
    table.Add("resume: the next node after 10,000 completed agent nodes", "durable", Middle(seen.Select(run => run.Starting)) * 1000, "ms",
        ("× reading the journal once", Middle(seen.Select(run => run.Starting / run.Reading))), ("ms reading", Middle(seen.Select(run => run.Reading)) * 1000));
}

async Task Grown()
{
    if (Skips("growth")) return;
    await Grow("each a message list that goes on", Growth.MeasureMessagesAsync);
    await Grow("each prompt one text with all answers before it", Growth.MeasureTextAsync);

    async Task Grow(string how, Func<string, int, Task<long>> measure)
    {
        var (half, whole) = (await measure(folder, 20), await measure(folder, 40));
        table.Add($"growth: 20 rounds, {how}", "durable", half / 20.0, "bytes/round");
        table.Add($"growth: 40 rounds, {how}", "durable", whole / 40.0, "bytes/round", ("× the store of 20 rounds (2: linear, 4: quadratic)", (double)whole / half));
    }
}

async Task LedgerCalls()
{
    if (Skips("ledger")) return;
    foreach (var callers in (int[])[1, 64])
    {
        var seen = new List<(double PerSecond, double MedianUs, double P99Us)>();
        for (var i = 0; i <= rounds; i++) seen.Add(await Ledgers.MeasureAsync(folder, callers, 20_000 / callers));
        table.Add($"ledger: reserve + settle under 3 budgets, {callers} at once", "durable", Middle(seen.Skip(1).Select(run => run.MedianUs)), "µs p50",
            ("µs p99", Middle(seen.Skip(1).Select(run => run.P99Us))), ("calls/s", Middle(seen.Skip(1).Select(run => run.PerSecond))));
    }
}

async Task Makespan(Graph graph, int cap)
{
    if (Skips(graph.Name)) return;
    var workflow = graph.ToWorkflow("delay");
    var critical = graph.CriticalPathSeconds();
    var ideal = Math.Max(critical, graph.Seconds!.Sum() / cap);
    var name = cap > 1000 ? graph.Name : $"{graph.Name}, cap {cap}";
    var memory = await Median(async () => await Engines.RunAsync(workflow, new MemoryRunStore(keepsFrames: false), cap));
    var floor = await Median(() => Floors.ListScheduledAsync(graph, cap));
    table.Add(name, "memory", memory * 1000, "ms", ("× ideal", memory / ideal), ("× list scheduling", memory / floor));
    using var store = SqliteRunStore.Open(Path.Combine(folder, "durable"), Durability.Full);
    var durable = await Median(async () => await Engines.RunAsync(workflow, store, cap));
    table.Add(name, "durable", durable * 1000, "ms", ("× ideal", durable / ideal), ("× list scheduling", durable / floor));
}

async Task Million()
{
    if (Skips("million")) return;
    var compact = Graph.Layered(1_000_000, 1000, 3).ToCompact();
    foreach (var isDurable in (bool[])[false, true])
    {
        var clock = Stopwatch.StartNew();
        var workflow = Graph.FromCompact(compact).ToWorkflow("noop");
        using IRunStore store = isDurable ? SqliteRunStore.Open(Path.Combine(folder, "million"), Durability.Full) : new MemoryRunStore(keepsFrames: false);
        await Engines.RunAsync(workflow, store, 100_000);
        table.Add("million layered nodes", isDurable ? "durable" : "memory", clock.Elapsed.TotalSeconds, "s (parse, plan, run)", ("peak MB", Process.GetCurrentProcess().PeakWorkingSet64 / 1e6));
    }
}

async Task<double> Median(Func<Task<double>> measure)
{
    await measure();
    var seen = new List<double>();
    for (var i = 0; i < rounds; i++)
    {
        GC.Collect();
        seen.Add(await measure());
    }
    return Middle(seen);
}

static double Middle(IEnumerable<double> values)
{
    var sorted = values.Order().ToArray();
    return sorted[sorted.Length / 2];
}

namespace Hydra.Bench
{
    internal static class Engines
    {
        private static readonly Dictionary<string, INodeType> Types = new INodeType[] { new NoOpNode(), new PooledNode(), new DelayNode(), new Hydra.Nodes.MapNode() }.ToDictionary(type => type.Name);

        /// <summary>One run to its end; seconds. Throws unless every node completed.</summary>
        public static async Task<double> RunAsync(WorkflowSpec workflow, IRunStore store, int cap, ValueMap? inputs = null)
        {
            var engine = new Engine(new EngineOptions { Types = Types, Store = store, ReadDefinition = (_, _, _) => workflow });
            var clock = Stopwatch.StartNew();
            var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = cap, Inputs = inputs ?? ValueMap.Empty }, CancellationToken.None);
            var seconds = clock.Elapsed.TotalSeconds;
            if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
            return seconds;
        }
    }

    /// <summary>The results, as a table for people and JSON lines for programs.</summary>
    internal sealed class Table
    {
        private readonly List<(string Name, string Mode, double Figure, string Unit, (string Name, double Value)[] Ratios)> _rows = [];

        public void Add(string name, string mode, double figure, string unit, params (string Name, double Value)[] ratios)
        {
            _rows.Add((name, mode, figure, unit, ratios));
            Console.Error.WriteLine($"  {name} [{mode}] {figure:0.##} {unit} {string.Join(", ", ratios.Select(r => $"{(double.IsFinite(r.Value) ? $"{r.Value:0.00}" : "none")} {r.Name}"))}");
        }

        public void Print()
        {
            foreach (var row in _rows)
            {
                var map = new ValueMap.Builder();
                map["workload"] = row.Name;
                map["mode"] = row.Mode;
                map["figure"] = Math.Round(row.Figure, 3);
                map["unit"] = row.Unit;
                foreach (var (name, value) in row.Ratios) map[name] = double.IsFinite(value) ? Math.Round(value, 3) : "none";
                Console.WriteLine(Value.Of(map.Build()).ToJson());
            }
        }
    }
}
