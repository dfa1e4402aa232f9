namespace Hydra.Agents.Tests.Patterns;

public class DetourTests
{
    private const string File = """
        name: test
        agents: {helper: {model: m}}
        nodes:
          - {id: seed, type: set, value: 7}
          - id: fetch
            type: agent
            model: m
            depends_on: [seed]
            prompt: "fetch {{ seed }}"
            fallback: {plan: {allowed_agents: [helper], max_nodes: 3}}
          - {id: after, type: set, depends_on: [fetch], value: "got {{ fetch }}"}

        """;

    private const string Way = """{"reasoning": "ask somebody else", "nodes": [{"id": "ask", "type": "agent", "agent": "helper", "prompt": "what is {{ seed }}?"}]}""";

    [Fact]
    public async Task Where_a_node_fails_another_way_is_planned_checked_and_taken()
    {
        var run = await PatternRun.OfAsync(File, prompt => prompt == "fetch 7" ? throw new CallFailedException(ErrorCode.Auth, "no key") : prompt.Contains("Plan this work", StringComparison.Ordinal) ? Way : "seven");
        Assert.Equal("\"got seven\"", run.Json("after"));
        Assert.Equal(NodeStatus.Degraded, run["fetch"].Status);
        Assert.Contains("by another way, because 'fetch#1' failed: auth: no key", run["fetch"].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("It failed: 'fetch#1' failed: auth: no key", run.Asked.Single(prompt => prompt.Contains("Plan this work", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("fetch#2#2/ask", run.Paths);
    }

    [Fact]
    public async Task Where_it_does_not_fail_no_plan_is_made()
    {
        var run = await PatternRun.OfAsync(File, prompt => "fetched");
        Assert.Equal((NodeStatus.Completed, "\"got fetched\""), (run["fetch"].Status, run.Json("after")));
        Assert.Single(run.Asked);
    }

    [Fact]
    public async Task A_plan_that_finds_no_way_fails_with_both_reasons()
    {
        var run = await PatternRun.OfAsync(File, prompt => prompt == "fetch 7" ? throw new CallFailedException(ErrorCode.Auth, "no key") : """{"reasoning": "r", "nodes": [{"id": "a", "type": "bash", "command": "ls"}]}""");
        Assert.Equal(NodeStatus.Failed, run["fetch"].Status);
        Assert.Contains("auth: no key. No other way was found:", run["fetch"].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("which this planner may not use", run["fetch"].Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fallback: {plan: {}, value: 1}", "would always come first")]
    [InlineData("fallback: {plan: {allowed_agents: [nobody]}}", "names the agent 'nobody', which is not defined")]
    [InlineData("fallback: {plan: {max_node: 3}}", "max_node")]
    public void What_could_never_work_is_an_error_before_the_run(string field, string problem) =>
        Assert.Contains(PatternRun.Problems($"name: test\nnodes:\n  - {{id: a, type: agent, model: m, prompt: x, {field}}}\n"), line => line.Contains(problem, StringComparison.Ordinal));
}
