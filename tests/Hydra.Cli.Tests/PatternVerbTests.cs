namespace Hydra.Cli.Tests;

public sealed class PatternVerbTests
{
    [Theory]
    [InlineData("agent")]
    [InlineData("loop")]
    [InlineData("router")]
    [InlineData("coordinator")]
    [InlineData("planner")]
    [InlineData("supervisor")]
    [InlineData("swarm")]
    public void A_pattern_is_begun_is_valid_and_its_tests_pass(string pattern)
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("init", pattern));
        Assert.Equal(0, terminal.Run("validate", $"{pattern}/workflow.yaml", "--strict"));
        Assert.Equal(0, terminal.Run("graph", $"{pattern}/workflow.yaml"));
        var groups = terminal.Out.Split('\n').Where(line => line.Trim().StartsWith("subgraph", StringComparison.Ordinal)).ToList();
        Assert.Equal(groups.Distinct(), groups);
        Assert.Equal(0, terminal.Run("test"));
        Assert.Contains("all passed", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("init", pattern));
        Assert.Contains("exists already", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_that_fails_says_what_came_instead()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - {id: a, type: agent, model: m, prompt: hello}\n");
        terminal.Write("flow.test.yaml", "workflow: flow.yaml\ntests:\n  - {name: greets, script: [{fail: rate_limited, times: 1}, {answer: hi}], expect: {outputs: {a: good day}, nodes: {a: {status: completed}, b: {}}}}\n");
        Assert.Equal(1, terminal.Run("test", "flow.test.yaml"));
        Assert.Contains("✗ greets\n    the output of 'a' is \"hi\", which is not \"good day\"\n    there is no node 'b'. ", terminal.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tests: []", "`workflow` is missing")]
    [InlineData("workflow: flow.yaml\ntests: [{name: a, scrpt: []}]", "there is no key 'scrpt' here. Did you mean 'script'?")]
    [InlineData("workflow: flow.yaml\ntests: [{name: a, script: [{fail: ratelimited}]}]", "is no error code. Did you mean 'rate_limited'?")]
    public void A_test_file_that_is_wrong_is_told_where(string text, string problem)
    {
        using var terminal = new Terminal();
        terminal.Write("a.test.yaml", text);
        Assert.Equal(2, terminal.Run("test"));
        Assert.Contains(problem, terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_simpler_pattern_is_hinted_at()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nagents: {a: {model: offline/extract}}\nnodes:\n  - {id: c, type: coordinator, model: offline/extract, goal: go, workers: [a]}\n");
        Assert.Equal(0, terminal.Run("validate", "flow.yaml"));
        Assert.Contains("HYD283", terminal.Out + terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("router", "request=buy milk")]
    [InlineData("coordinator", "company=Acme")]
    [InlineData("planner", "kpi=signups")]
    [InlineData("supervisor", "story=owls return")]
    [InlineData("swarm", "request=my bill is wrong")]
    public void A_pattern_runs_to_its_end_with_no_key(string pattern, string input)
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("init", pattern));
        Assert.True(terminal.Run("run", $"{pattern}/workflow.yaml", "--backend", "offline", "-i", input, "--run-id", "r") == 0, terminal.Error);
        Assert.DoesNotContain("degraded", terminal.Error, StringComparison.Ordinal);
    }
}
