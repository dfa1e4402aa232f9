using Hydra.Parsing;

namespace Hydra.Agents.Tests.Patterns;

public class PatternBuilderTests
{
    private const string File = """
        name: test
        agents: {a: {model: m}, b: {model: m}}
        nodes:
          - {id: r, type: router, input: x, routes: {one: {keywords: [x]}, two: {agent: a}}}
          - {id: p, type: planner, model: m, prompt: go, allowed_agents: [a, b], depends_on: [r]}
          - {id: c, type: coordinator, model: m, goal: go, workers: [a, b]}
          - {id: s, type: swarm, goal: go, agents: [a, b]}
          - {id: v, type: supervisor, model: m, goal: go, teams: [{id: t, type: set, value: "{{ task }}"}]}

        """;

    [Fact]
    public void Code_and_file_give_the_same_definition()
    {
        var types = ToolRun.Types(ToolModels.Turns(), null);
        var model = ValueMap.Of(("model", "m"));
        var built = Workflow.Create("test").AgentDefinition("a", model).AgentDefinition("b", model)
            .Router("r", node => node.Field("input", "x").Routes(("one", ValueMap.Of(("keywords", Value.OfTexts(["x"])))), ("two", ValueMap.Of(("agent", "a")))))
            .Planner("p", node => node.Model("m").Prompt("go").AllowedAgents("a", "b").DependsOn("r"))
            .Coordinator("c", node => node.Model("m").Goal("go").Workers("a", "b"))
            .Swarm("s", node => node.Goal("go").Agents("a", "b"))
            .Supervisor("v", node => node.Model("m").Goal("go").Teams(("t", "set", team => team.Field("value", "{{ task }}"))))
            .Build(types);
        var (parsed, problems) = WorkflowParser.Parse(File, "test.yaml", types);
        Assert.Empty(problems.Problems);
        Assert.Equal(parsed!.Hash, built.Hash);
    }
}
