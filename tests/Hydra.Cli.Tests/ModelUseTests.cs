namespace Hydra.Cli.Tests;

/// <summary>That nobody answers but the offline model is said where a model may be asked, and only there.</summary>
public sealed class ModelUseTests
{
    private const string Notice = "No model is configured";

    [Theory]
    [InlineData("{id: a, type: set, value: 1}")]
    [InlineData("{id: a, type: bash, command: 'true'}")]
    [InlineData("{id: a, type: approval_gate, prompt_to_human: Ship?}")]
    [InlineData("{id: a, type: tool, tool: list_files, arguments: {path: .}}")]
    [InlineData("{id: a, type: map, over: '[1, 2]', as: n, body: [{id: b, type: set, value: '{{ n }}'}]}")]
    [InlineData("{id: a, type: subgraph, path: silent.yaml}")]
    public void A_run_that_can_ask_no_model_says_nothing_of_models(string node) => Assert.DoesNotContain(Notice, SaidOf(node));

    [Theory]
    [InlineData("{id: a, type: agent, prompt: tell}")]
    [InlineData("{id: a, type: map, over: '[1]', as: n, prompt: 'tell {{ n }}'}")]
    [InlineData("{id: a, type: map, over: '[1]', as: n, body: [{id: b, type: loop, until: 'true', max_iterations: 1, body: [{id: c, type: agent, prompt: tell}]}]}")]
    [InlineData("{id: a, type: evaluator_loop, max_iterations: 1, generator: {id: g, type: agent, prompt: tell}, evaluator: {id: e, type: agent, prompt: judge}}")]
    [InlineData("{id: a, type: subgraph, path: asking.yaml}")]
    [InlineData("{id: a, type: set, value: 1, compensate: {id: u, type: agent, prompt: undo}}")]
    [InlineData("{id: a, type: set, value: 1, fallback: {plan: {allowed_agents: [coder]}}}")]
    [InlineData("{id: a, type: planner, prompt: do it, allowed_agents: [coder]}")]
    [InlineData("{id: a, type: router, input: which, default: x, routes: {x: {agent: coder, description: codes}, y: {agent: tester, description: tests}}}")]
    [InlineData("{id: a, type: swarm, goal: do it, entry: coder, agents: [coder, tester]}")]
    public void A_run_that_may_ask_one_does(string node) => Assert.Contains(Notice, SaidOf(node));

    [Fact]
    public void A_run_that_goes_on_is_told_again_by_the_same_rule()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: flow\nnodes: [{id: a, type: approval_gate, prompt_to_human: Ship?}]\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r"));
        Assert.Equal(3, terminal.Run("resume", "r"));
        Assert.DoesNotContain(Notice, terminal.Error);
    }

    /// <summary>What a run of one node says, whatever becomes of it; it is refused only before it begins.</summary>
    private static string SaidOf(string node)
    {
        using var terminal = new Terminal();
        terminal.Write("silent.yaml", "name: silent\nnodes: [{id: a, type: set, value: 1}]\n");
        terminal.Write("asking.yaml", "name: asking\nnodes: [{id: a, type: agent, model: fake/model, prompt: tell}]\n");
        terminal.Write("flow.yaml", $"name: flow\ndefaults: {{model: fake/model}}\nagents: {{coder: {{description: codes, model: fake/model}}, tester: {{description: tests, model: fake/model}}}}\nnodes: [{node}]\n");
        Assert.True(terminal.Run("run", "flow.yaml", "--sandbox", "inprocess", "--run-id", "r") != 2, terminal.Error);
        return terminal.Error;
    }
}
