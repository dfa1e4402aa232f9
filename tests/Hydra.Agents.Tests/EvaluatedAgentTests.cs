using Hydra.Agents.Nodes;
using Hydra.Nodes;
using Hydra.Parsing;

namespace Hydra.Agents.Tests;

public class EvaluatedAgentTests
{
    private const string File = """
        name: test
        agents: {boss: {model: big}}
        nodes:
          - id: e
            type: evaluator_loop
            max_iterations: 1
            on_exhausted: escalate
            escalate_to: boss
            generator: {model: small, prompt: "write; {{ evaluator_feedback }}"}
            evaluator: {model: judge, prompt: "judge {{ candidate }}"}
        """;

    [Fact]
    public async Task Used_up_the_stronger_agent_writes_once_more_with_the_feedback()
    {
        var models = new FakeModels().Answers("poor", """{"approved": false, "feedback": "too poor"}""", "rich", """{"approved": true, "feedback": ""}""");
        var report = await RunAsync(models);
        Assert.Equal("""{"e":"rich"}""", Value.Of(report.Outputs).ToJson());
        Assert.Equal(["small: write; ", "judge: judge poor", "big: write; too poor", "judge: judge rich"], models.Asked.Select(asked => $"{asked.Model}: {asked.Messages[^1].Text}"));
    }

    [Fact]
    public async Task A_verdict_that_is_none_is_repaired_before_the_loop_sees_it()
    {
        var models = new FakeModels().Answers("text", "It is fine.", """{"approved": true, "feedback": ""}""");
        Assert.Equal("""{"e":"text"}""", Value.Of((await RunAsync(models)).Outputs).ToJson());
    }

    [Fact]
    public async Task A_map_with_a_prompt_asks_once_per_item()
    {
        var models = new FakeModels().Answers("A", "B");
        var report = await RunAsync(models, "name: test\nnodes:\n  - {id: m, type: map, over: \"['a', 'b']\", as: x, model: small, max_concurrency: 1, prompt: \"up {{ x }}\"}");
        Assert.Equal("""{"m":["A","B"]}""", Value.Of(report.Outputs).ToJson());
    }

    private static async Task<RunReport> RunAsync(FakeModels models, string file = File)
    {
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(models, models.ClientOf)]);
        var (spec, _) = WorkflowParser.Parse(file, "test.yaml", types);
        var engine = new Engine(new EngineOptions { Types = types, Store = new MemoryRunStore(), ReadDefinition = (_, _, _) => spec! });
        return await engine.RunAsync(spec!, new RunRequest(), CancellationToken.None);
    }
}
