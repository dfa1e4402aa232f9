using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class GraphTextTests
{
    [Fact]
    public void Mermaid_groups_nodes_by_wave() => Verified.Check("Mermaid_groups_nodes_by_wave", GraphText.Mermaid(TestRun.PlanOf(TestFlows.Research)));

    [Fact]
    public void Mermaid_shows_bodies_as_groups_and_keeps_off_reserved_words() => Verified.Check("Mermaid_shows_bodies_as_groups_and_keeps_off_reserved_words", GraphText.Mermaid(TestRun.PlanOf(TestFlows.Nested)));

    [Fact]
    public void Dot_shows_the_same_graph() => Verified.Check("Dot_shows_the_same_graph", GraphText.Dot(TestRun.PlanOf(TestFlows.Nested)));

    [Fact]
    public void Json_holds_nodes_edges_and_waves()
    {
        var json = GraphText.Json(TestRun.PlanOf(TestFlows.Nested)).AsObject;
        Assert.Equal(["list", "summaries", "polish", "end"], json["nodes"].Items.Select(node => node.AsObject["id"].AsText));
        Assert.Equal("""[["list"],["summaries"],["polish"],["end"]]""", json["waves"].ToJson());
        Assert.Equal(4, json["edges"].Items.Count);
        var body = json["nodes"].Items[2].AsObject["bodies"].Items[0].AsObject;
        Assert.Equal("""[{"from":"polish/draft","to":"polish/judge"}]""", body["edges"].ToJson());
    }

    [Fact]
    public void Every_node_and_every_edge_comes_once()
    {
        var plan = TestRun.PlanOf(Layers(width: 8, depth: 4));
        var mermaid = GraphText.Mermaid(plan).Split('\n');
        var dot = GraphText.Dot(plan).Split('\n');
        foreach (var node in plan.Nodes)
        {
            Assert.Single(mermaid, line => line.Contains($" {node.Id}[\"", StringComparison.Ordinal));
            Assert.Single(dot, line => line.Contains($"  \"{node.Id}\" [label", StringComparison.Ordinal));
            foreach (var parent in node.Spec.DependsOn)
            {
                Assert.Single(mermaid, line => line == $"  {parent} --> {node.Id}");
                Assert.Single(dot, line => line == $"  \"{parent}\" -> \"{node.Id}\";");
            }
        }
    }

    [Fact]
    public void Ids_that_differ_only_in_hyphens_stay_apart()
    {
        var mermaid = GraphText.Mermaid(TestRun.PlanOf("""
            name: hyphens
            nodes:
              - { id: a-b, type: set, value: 1 }
              - { id: a_b, type: set, value: 2, depends_on: [a-b] }
            """));
        Assert.Contains("""a_b_2["a-b<br/>set"]""", mermaid, StringComparison.Ordinal);
        Assert.Contains("a_b_2 --> a_b\n", mermaid, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_gives_nodes_their_states()
    {
        var run = TestRun.Of(TestFlows.Research).After(5).Complete("research_a", "A").Fail("research_b", ErrorCode.Auth, "no key");
        Verified.Check("A_run_gives_nodes_their_states", GraphText.Mermaid(run.Plan, RunTrace.Of(run.Plan, run.Frames)));
    }

    [Fact]
    public void Ten_thousand_nodes_are_written_in_linear_time()
    {
        var plan = TestRun.PlanOf(Layers(width: 1000, depth: 10));
        Assert.True(GraphText.Mermaid(plan).Length > 100_000);
        Assert.True(GraphText.Dot(plan).Length > 100_000);
        Assert.Equal(10_000, GraphText.Json(plan).AsObject["nodes"].Items.Count);
    }

    /// <summary>Layers of equal width; each node hangs on two of the layer before.</summary>
    public static string Layers(int width, int depth)
    {
        using var yaml = new StringWriter();
        yaml.Write("name: layers\nnodes:\n");
        for (var layer = 0; layer < depth; layer++)
        {
            for (var i = 0; i < width; i++)
            {
                var parents = layer == 0 ? "" : $", depends_on: [l{layer - 1}_{i}, l{layer - 1}_{(i + 1) % width}]";
                yaml.Write($"  - {{ id: l{layer}_{i}, type: set, value: 1{parents} }}\n");
            }
        }
        return yaml.ToString();
    }
}
