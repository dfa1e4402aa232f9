using System.Diagnostics;
using Hydra.Agents.Nodes;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Bench;

/// <summary>How soon a run of which 10,000 <c>agent</c> nodes have completed starts its next node when it is taken up again.</summary>
internal static class Resume
{
    private const int Nodes = 10_000;

    /// <returns>For each round: seconds to read the journal once, and seconds from the resume to the start of the next node.</returns>
    public static async Task<List<(double Reading, double Starting)>> MeasureAsync(string folder, int rounds)
    {
        var client = new FakeClient();
        var last = new LastNode();
        var types = new INodeType[] { new AgentNode(client, _ => client), last }.ToDictionary(type => type.Name);
        var run = new RunId("resumed");
        var own = Path.Combine(folder, "resume");
        using (var store = SqliteRunStore.Open(own, Durability.Full))
        {
            var report = await EngineOf(store).RunAsync(Definitions.ReadBundle(Written(), "resume.yaml", ValueMap.Empty, types), new RunRequest { Run = run, MaxConcurrent = 1_000 }, last.Stop);
            if (report.Status != RunStatus.Interrupted) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
        }
        var seen = new List<(double, double)>();
        for (var i = 0; i <= rounds; i++)
        {
            last.Await();
            GC.Collect();
            // A store opened anew, as a new process would.
            using var store = SqliteRunStore.Open(own, Durability.Full);
            var clock = Stopwatch.StartNew();
            foreach (var frame in store.Read(run)) _ = frame;
            var reading = clock.Elapsed.TotalSeconds;
            GC.Collect();
            var resumedAt = Stopwatch.GetTimestamp();
            await EngineOf(store).ResumeAsync(run, new RunRequest(), last.Stop);
            seen.Add((reading, Stopwatch.GetElapsedTime(resumedAt, last.StartedAt).TotalSeconds));
        }
        return seen;

        Engine EngineOf(IRunStore store) => new(new EngineOptions { Types = types, Store = store, ReadDefinition = (written, file, files) => Definitions.ReadBundle(written, file, files, types) });
    }

    private static Value Written()
    {
        var graph = Graph.Layered(Nodes, 100, 7);
        var nodes = graph.Parents.Select((parents, i) => Value.Of(ValueMap.Of(
            ("id", $"n{i}"), ("type", "agent"), ("model", "m"), ("max_output_tokens", 100), ("depends_on", Value.OfTexts(parents.Select(parent => $"n{parent}"))),
            ("prompt", $"What is to be done about tide {i}, given {string.Join(' ', parents.Select(parent => $"{{{{ n{parent} }}}}"))}?"))));
        var last = ValueMap.Of(("id", "last"), ("type", "last"), ("depends_on", Value.OfTexts(Enumerable.Range(Nodes - 100, 100).Select(i => $"n{i}"))));
        return ValueMap.Of(("name", "resume"), ("nodes", Value.Of(nodes.Append(last))));
    }

    /// <summary>Notes when it starts, and has the run interrupted.</summary>
    private sealed class LastNode : ILeafNodeType
    {
        private CancellationTokenSource _stop = new();

        public CancellationToken Stop => _stop.Token;
        public long StartedAt { get; private set; }
        public string Name => "last";
        public string Description => "Interrupts its run.";
        public IReadOnlyList<Field> Fields => [];
        public NodeTraits Traits { get; } = new();

        public void Await() => _stop = new CancellationTokenSource();

        public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
        {
            StartedAt = Stopwatch.GetTimestamp();
            await _stop.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return new AttemptOutcome.Completed(Value.Null);
        }
    }
}
