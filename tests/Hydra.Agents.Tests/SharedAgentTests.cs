using System.Text;
using Hydra.Agents.Nodes;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Agents.Tests;

/// <summary>A plan of a thousand tasks names a few dozen agents: what follows from the agent alone is worked out once.</summary>
public sealed class SharedAgentTests
{
    private static readonly IReadOnlyDictionary<string, INodeType> Types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode()]);

    private static WorkflowSpec Read(string agent, string nodes)
    {
        var (spec, problems) = WorkflowParser.Parse(Encoding.UTF8.GetBytes($"name: shared\nagents:\n  worker: {{model: fast, {agent}}}\nnodes:\n{nodes}"), "shared.yaml", Types);
        Assert.False(problems.HasErrors, string.Join('\n', problems.Problems));
        return spec!;
    }

    [Fact]
    public void Nodes_that_say_the_same_of_one_agent_share_policy_and_settings()
    {
        var spec = Read("tools: [file_read]", """
              - {id: a, type: agent, agent: worker, prompt: A, estimate_seconds: 60}
              - {id: b, type: agent, agent: worker, prompt: B, estimate_seconds: 60}
              - {id: c, type: agent, agent: worker, prompt: C, estimate_seconds: 90}
            """);
        var nodes = Planner.Plan(spec, Types).Nodes;
        Assert.Same(spec.Nodes[0].Policy, spec.Nodes[1].Policy);
        Assert.Same(nodes[0].Settings, nodes[1].Settings);
        Assert.Equal([60f, 60f, 90f], nodes.Select(node => node.Settings.EstimateSeconds));
    }

    [Fact]
    public void A_tool_that_is_not_there_is_told_at_each_node_of_the_agent()
    {
        var spec = Read("tools: [nonesuch]", """
              - {id: a, type: agent, agent: worker, prompt: A}
              - {id: b, type: agent, agent: worker, prompt: B}
            """);
        var told = WorkflowValidator.Check(spec, Types).Problems.Where(problem => problem.Code == ProblemCodes.BadTool);
        Assert.Equal([("node 'a': the tool 'nonesuch'", 5), ("node 'b': the tool 'nonesuch'", 6)], told.Select(problem => (problem.Message[..29], problem.At.Line)));
    }

    [Fact]
    public void What_is_wrong_with_a_policy_is_told_at_each_node_that_says_it()
    {
        var (_, problems) = WorkflowParser.Parse("name: shared\nnodes:\n- {id: a, type: agent, model: m, prompt: A, retry: {retry_on: [nonesuch]}}\n- {id: b, type: agent, model: m, prompt: B, retry: {retry_on: [nonesuch]}}\n"u8, "shared.yaml", Types);
        Assert.Equal([3, 4], problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.At.Line));
    }
}
