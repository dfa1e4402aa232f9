using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Tests.Nodes;

public class EvaluatorLoopTests
{
    [Fact]
    public async Task The_first_approved_candidate_is_the_result()
    {
        var run = await RunAsync("", """{approved: "{{ iteration == 2 }}", feedback: more}""");
        Assert.Equal(NodeStatus.Completed, run["e"].Status);
        Assert.Equal("draft 2 after 'draft 1 after ''/'''/'more'", run.Text("e").Replace("\"", "'"));
        Assert.Equal("""{"approved":true,"score":null,"iterations":2}""", run["e"].Signal.ToJson());
    }

    [Fact]
    public async Task The_evaluator_sees_the_candidate_of_its_own_round()
    {
        var run = await RunAsync(", max_iterations: 1", """{approved: "{{ candidate.startswith('draft 1') }}", feedback: ""}""");
        Assert.Equal(NodeStatus.Completed, run["e"].Status);
    }

    [Fact]
    public async Task Never_approved_ends_degraded_with_the_best_candidate()
    {
        var run = await RunAsync("", """{approved: false, feedback: "try again", score: "{{ 0.9 if iteration == 2 else 0.1 }}"}""");
        Assert.Equal(NodeStatus.Degraded, run["e"].Status);
        Assert.StartsWith("draft 2", run.Text("e"));
        Assert.Equal("not approved in 3 rounds; this is round 2 with score 0.9; last feedback: try again", run["e"].Error!.Message);
    }

    [Theory]
    [InlineData("accept_last", NodeStatus.Degraded)]
    [InlineData("fail", NodeStatus.Failed)]
    public async Task What_happens_when_used_up_is_the_authors_choice(string exhausted, NodeStatus expected)
    {
        var run = await RunAsync($", max_iterations: 2, on_exhausted: {exhausted}", """{approved: false, feedback: "no", score: "{{ 1 - iteration / 10 }}"}""");
        Assert.Equal(expected, run["e"].Status);
        if (expected == NodeStatus.Degraded) Assert.StartsWith("draft 2", run.Text("e"));
    }

    [Theory]
    [InlineData(0.8, true)]
    [InlineData(0.79, false)]
    public async Task With_a_threshold_the_score_decides(double score, bool isApproved)
    {
        var run = await RunAsync(", threshold: 0.8, max_iterations: 1", $$"""{approved: {{(isApproved ? "false" : "true")}}, feedback: "", score: {{score}}}""");
        Assert.Equal(isApproved ? NodeStatus.Completed : NodeStatus.Degraded, run["e"].Status);
    }

    [Theory]
    [InlineData("'{\"approved\": true}'", NodeStatus.Completed)]
    [InlineData("well done", NodeStatus.Failed)]
    [InlineData("{feedback: fine}", NodeStatus.Failed)]
    public async Task A_verdict_is_an_object_or_its_json_and_anything_else_fails(string verdict, NodeStatus expected)
    {
        var run = await RunAsync("", verdict);
        Assert.Equal(expected, run["e"].Status);
        if (expected == NodeStatus.Failed) Assert.Contains("'e#1/evaluator' gave", run["e"].Error!.Message);
    }

    [Fact]
    public async Task A_generator_that_fails_fails_the_loop()
    {
        var run = await YamlRun.OfAsync("""
              - {id: e, type: evaluator_loop, generator: {type: set, value: "{{ 1 / 0 }}"}, evaluator: {type: set, value: {approved: true}}}
            """);
        Assert.Contains("'e#1/generator' failed", run["e"].Error!.Message);
    }

    [Fact]
    public void An_agent_that_evaluates_is_held_to_the_shape_of_a_verdict_unless_it_has_its_own()
    {
        var agent = new NodeSpec { Id = new NodeId("x"), Type = "agent" };
        var node = new NodeSpec
        {
            Id = new NodeId("e"),
            Type = "evaluator_loop",
            Children = new Dictionary<string, IReadOnlyList<NodeSpec>> { ["generator"] = [agent], ["evaluator"] = [agent] },
        };
        var round = new EvaluatorLoopNode().Fragments(node)[0];
        Assert.Null(round.Nodes[0].Policy.OutputSchema);
        Assert.Equal("boolean", round.Nodes[1].Policy.OutputSchema!.Value.AsObject["properties"].AsObject["approved"].AsObject["type"].AsText);
    }

    private static Task<YamlRun> RunAsync(string more, string verdict) => YamlRun.OfAsync($$$"""
          - id: e
            type: evaluator_loop
            generator: {type: set, value: "draft {{ iteration }} after '{{ previous_output }}'/'{{ evaluator_feedback }}'"}
            evaluator: {type: set, value: {{{verdict}}}}
        """ + more.Replace(", ", "\n    "));
}
