using System.Text;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Planning;
using Hydra.Tests.Execution;
using Hydra.Tests.Parsing;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public class EpicContextTests
{
    private static readonly RunId Run = new("epic");
    private static readonly int Lives = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 1_000 : 40;
    private static readonly IReadOnlyDictionary<string, INodeType> Types = NodeTypes.Of([.. NodeTypes.Core]);

    private static Engine EngineOf(IRunStore store) => new(new EngineOptions { Types = Types, Store = store, ReadDefinition = (written, file, files) => Definitions.ReadBundle(written, file, files, Types) });

    private static Recap RecapOf(MemoryRunStore store, WorkflowSpec spec) => Recap.Of(RunTrace.Of(Planner.Plan(spec, Types), store.Read(Run)), store.Read(Run), store.Artifacts.Read);

    [Fact]
    public async Task However_many_processes_die_over_an_epic_its_context_stays_small_and_no_decision_is_lost()
    {
        var yaml = new StringBuilder("name: epic\nnodes:\n");
        for (var i = 0; i < Lives; i++) yaml.Append($"  - {{id: g{i}, type: approval_gate, prompt_to_human: 'Step {i}?'{(i == 0 ? "" : $", depends_on: [g{i - 1}]")}}}\n");
        var spec = TestTypes.Parse(yaml.ToString());
        using var store = new MemoryRunStore();
        await EngineOf(store).RunAsync(spec, new RunRequest { Run = Run }, CancellationToken.None);
        var sizes = new List<int>();
        for (var life = 0; life < Lives; life++)
        {
            Assert.Null(EngineOf(store).Answer(Run, new GivenAnswer($"g{life}", WaitKind.Approval, true, IsText: false, "anna", IsAuthenticated: false, $"decision {life}.", "")));
            await Assert.ThrowsAnyAsync<Exception>(() => EngineOf(new DyingStore(store, 0)).ResumeAsync(Run, new RunRequest(), CancellationToken.None));
            await EngineOf(store).ResumeAsync(Run, new RunRequest(), CancellationToken.None);

            var recap = RecapOf(store, spec);
            var context = EpicContext.Of("epic", "Goal.", [recap]);
            Assert.Equal(Enumerable.Range(0, life + 1).Select(i => $"g{i}"), recap.Decisions.Select(decision => decision.Where));
            Assert.EndsWith($"decision {life}.", recap.Decisions[^1].What, StringComparison.Ordinal);
            Assert.Contains($"decision {life}.", context, StringComparison.Ordinal);
            Assert.Contains($"## Decisions ({life + 1})", context, StringComparison.Ordinal);
            sizes.Add(context.Length);
        }
        Assert.Equal(RunStatus.Completed, store.Find(Run)!.Status);
        Assert.InRange(sizes.Max(), 1, EpicContext.CharsMax);
        Assert.InRange(sizes[^1], 1, sizes[sizes.Count / 2] + 100);
    }

    [Fact]
    public void Endless_facts_are_counted_not_written_out()
    {
        var facts = Enumerable.Range(0, 5_000).Select(i => new RecapFact($"t{i}", new string('x', 1_000))).ToList();
        var recap = new Recap { Run = "r", Workflow = "w", Status = RunStatus.Running, Reason = "", Decisions = facts, Learnings = facts, Blockers = facts };
        var context = EpicContext.Of("w", new string('g', 100_000), [.. Enumerable.Repeat(recap, 20)]);
        Assert.InRange(context.Length, 1_000, EpicContext.CharsMax);
        Assert.Contains("## Decisions (100000)", context, StringComparison.Ordinal);
    }
}
