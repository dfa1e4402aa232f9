using Hydra.Agents.Nodes;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Agents.Tests;

public class AgentKeyTests
{
    private const string Ladder = "agents: {a: {model: m, escalates_to: b, labels: [untrusted]}, b: {model: m, escalates_to: c}, c: {model: m}}";

    private static (WorkflowSpec Spec, Dictionary<string, INodeType> Types, string[] Problems) Read(string file, FakeModels? models = null)
    {
        models ??= new FakeModels();
        var types = new Dictionary<string, INodeType>(NodeTypes.Of([.. NodeTypes.Core, new AgentNode(models, models.ClientOf)]));
        var (spec, problems) = WorkflowParser.Parse(file, "test.yaml", types);
        Assert.Empty(problems.Problems);
        return (spec!, types, [.. WorkflowValidator.Check(spec!, types).Problems.Where(problem => problem.Severity != ProblemSeverity.Note).Select(problem => problem.ToString())]);
    }

    private static PlannedNode Planned(string node)
    {
        var (spec, types, problems) = Read($"name: test\n{Ladder}\nnodes:\n  - {{id: n, type: agent, {node}}}\n");
        Assert.Empty(problems);
        return Planner.Plan(spec, types).Nodes[0];
    }

    [Theory]
    [InlineData("agent: a, prompt: p, on_failure: escalate", "b c")]
    [InlineData("agent: a, prompt: p, on_failure: escalate, escalate_to: c", "c")]
    [InlineData("agent: a, prompt: p", "")]
    public void An_agent_hands_over_where_its_node_escalates_and_names_nobody(string node, string takesOver) =>
        Assert.Equal(takesOver, string.Join(' ', Planned(node).Variants.Skip(1).Select(variant => variant.Name)));

    [Fact]
    public void An_escalation_that_comes_round_is_refused()
    {
        var problems = Read("name: test\nagents: {a: {model: m, escalates_to: b}, b: {model: m, escalates_to: a}}\nnodes:\n  - {id: n, type: agent, agent: a, prompt: p, on_failure: escalate}\n").Problems;
        Assert.Contains("HYD240", Assert.Single(problems), StringComparison.Ordinal);
        Assert.Contains("a → b → a", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_without_a_cluster_is_said_to_be_none() =>
        Assert.Contains("HYD270", Assert.Single(Read("name: test\nagents: {a: {model: m, pool: gpu}}\nnodes:\n  - {id: n, type: agent, agent: a, prompt: p}\n").Problems), StringComparison.Ordinal);

    [Fact]
    public async Task No_more_calls_of_an_agent_are_open_at_once_than_it_says()
    {
        var models = new FakeModels().Answers([.. Enumerable.Repeat("done", 12)]);
        var (spec, types, _) = Read("name: test\nagents: {a: {model: m, max_concurrency: 2}}\nnodes:\n  - {id: m, type: map, over: \"range(12) | list\", as: x, agent: a, prompt: \"{{ x }}\"}\n", models);
        using var store = new MemoryRunStore();
        var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (written, file, files) => Definitions.ReadBundle(written, file, files, types), Clock = models.Clock });
        var report = await engine.RunAsync(spec, new RunRequest { Run = new RunId("r"), MaxConcurrent = 12 }, CancellationToken.None);
        Assert.True(report.Status == RunStatus.Completed, report.Reason);
        int open = 0, most = 0;
        foreach (var happened in store.Read(report.Run).SelectMany(frame => frame.Events))
        {
            if (happened is RunEvent.StepIntended) most = Math.Max(most, ++open);
            else if (happened is RunEvent.StepEnded) open--;
        }
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public void A_rate_lets_the_next_call_through_when_the_oldest_leaves_its_window()
    {
        var load = new AgentLoad(null, rpm: 2);
        load.Enter(0);
        load.Enter(10_000);
        Assert.False(load.Allows(59_999, out var opensAt));
        Assert.Equal(60_000, opensAt);
        Assert.True(load.Allows(60_000, out _));
    }

    [Fact]
    public void Calls_at_once_wait_for_an_answer_not_for_time()
    {
        var load = new AgentLoad(concurrencyMax: 1, null);
        load.Enter(0);
        Assert.False(load.Allows(1_000_000, out var opensAt));
        Assert.Null(opensAt);
        load.Leave();
        Assert.True(load.Allows(1_000_000, out _));
    }
}
