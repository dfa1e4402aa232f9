using Hydra.Model;

namespace Hydra.Tests.Nodes;

public class LoopTests
{
    [Fact]
    public async Task Rounds_go_on_until_the_expression_holds_and_the_last_result_counts()
    {
        var run = await RunAsync("""{until: "{{ output >= 8 }}", max_iterations: 10, body: {type: set, value: "{{ (previous or 1) * 2 }}"}}""");
        Assert.Equal("8", run.Json("l"));
        Assert.Equal(["l", "l#1", "l#2", "l#3"], run.Nodes.Keys.Order());
    }

    [Fact]
    public async Task Until_sees_the_nodes_of_the_round_and_what_was_before()
    {
        var run = await RunAsync("""
            {until: "b > 2 and nodes.a.status == 'completed' and previous.b == 2 and iteration == 3", max_iterations: 5, body: [
              {id: a, type: set, value: "{{ iteration }}"}, {id: b, type: set, value: "{{ a }}", depends_on: [a]}, {id: c, type: set, value: 0}]}
            """);
        Assert.Equal("""{"b":3,"c":0}""", run.Json("l"));
    }

    [Fact]
    public async Task Carry_decides_what_the_next_round_sees()
    {
        var run = await RunAsync("""{until: "iteration == 3", carry: "previous ~ iteration", max_iterations: 5, body: {type: set, value: "{{ previous }}|"}}""");
        Assert.Equal("12|", run.Text("l"));
    }

    [Theory]
    [InlineData("", NodeStatus.Failed)]
    [InlineData(", on_exhausted: fail", NodeStatus.Failed)]
    [InlineData(", on_exhausted: accept_last", NodeStatus.Degraded)]
    public async Task Rounds_used_up_are_never_a_silent_success(string more, NodeStatus expected)
    {
        var run = await RunAsync("""{until: "false", max_iterations: 2, body: {type: set, value: "{{ iteration }}"}""" + more + "}");
        Assert.Equal(expected, run["l"].Status);
        Assert.Contains("held in none of 2 rounds", run["l"].Error!.Message);
        if (expected == NodeStatus.Degraded) Assert.Equal("2", run.Json("l"));
    }

    [Fact]
    public async Task A_failure_in_a_round_fails_the_loop_and_names_the_node()
    {
        var run = await RunAsync("""{until: "true", max_iterations: 2, body: [{id: a, type: set, value: "{{ 1 / 0 }}"}]}""");
        Assert.Equal(NodeStatus.Failed, run["l"].Status);
        Assert.Contains("'l#1/a' failed: bad_request:", run["l"].Error!.Message);
    }

    [Fact]
    public async Task A_failure_that_the_round_caught_does_not_fail_the_loop()
    {
        var run = await RunAsync("""
            {until: "true", max_iterations: 2, body: [
              {id: a, type: set, value: "{{ 1 / 0 }}", on_failure: continue}, {id: b, type: set, value: "{{ nodes.a.status }}", depends_on: [a], join: all_done}]}
            """);
        Assert.Equal("failed", run.Text("l"));
    }

    private static Task<YamlRun> RunAsync(string loop) => YamlRun.OfAsync($"  - {{id: l, type: loop, {loop.Trim()[1..]}\n");
}
