using System.Xml.Linq;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class SvgTests
{
    [Fact]
    public void A_small_graph_is_drawn() => Verified.Check("A_small_graph_is_drawn", GraphText.Svg(Plays.Research.Plan, RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames)));

    [Fact]
    public void A_picture_is_xml_with_one_title_a_node()
    {
        var svg = XDocument.Parse(GraphText.Svg(TestRun.PlanOf(TestFlows.Nested)));
        var titles = svg.Descendants().Where(element => element.Name.LocalName == "g").Select(group => group.Elements().First().Value);
        Assert.Equal(["list (set)", "summaries (map of agent, gpt-x)", "polish (loop)", "polish/draft (agent, gpt-x)", "polish/judge (agent, gpt-x)", "end (set)"], titles);
    }

    [Fact]
    public void Boxes_never_lie_on_each_other()
    {
        var layout = LayoutOf(TestRun.PlanOf(GraphTextTests.Layers(width: 12, depth: 8)));
        foreach (var layer in layout.Layers)
        {
            for (var i = 1; i < layer.Count; i++) Assert.True(layer[i].Top >= layer[i - 1].Bottom, $"{layer[i].Top} < {layer[i - 1].Bottom}");
        }
    }

    [Fact]
    public void Chains_side_by_side_do_not_cross()
    {
        using var yaml = new StringWriter();
        yaml.Write("name: chains\nnodes:\n");
        for (var i = 0; i < 6; i++) yaml.Write($"  - {{ id: a{i}, type: set, value: 1 }}\n");
        for (var i = 0; i < 6; i++) yaml.Write($"  - {{ id: b{i}, type: set, value: 1, depends_on: [a{5 - i}] }}\n");
        var layout = LayoutOf(TestRun.PlanOf(yaml.ToString()));
        Assert.All(layout.Chains, chain => Assert.Equal(chain[0].Middle, chain[1].Middle, 1));
    }

    [Fact]
    public void Markup_in_a_name_stays_text()
    {
        var svg = GraphText.Svg(TestRun.PlanOf("name: \"<script>alert('x')</script> & co\"\nnodes:\n  - { id: a, type: set, value: 1 }\n"));
        Assert.DoesNotContain("<script>", svg, StringComparison.Ordinal);
        Assert.StartsWith("<script>alert('x')</script> & co", XDocument.Parse(svg).Root!.Elements().First().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_too_large_for_a_picture_names_the_way_out()
    {
        var plan = TestRun.PlanOf(GraphTextTests.Layers(width: 1001, depth: 2));
        Assert.Contains("--format dot", Assert.Throws<GraphTooLargeException>(() => GraphText.Svg(plan)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_largest_picture_is_drawn() => Assert.EndsWith("</svg>\n", GraphText.Svg(TestRun.PlanOf(GraphTextTests.Layers(width: 100, depth: 20))), StringComparison.Ordinal);

    private static LayeredLayout LayoutOf(Plan plan)
    {
        var edges = new List<(int From, int To)>();
        foreach (var node in plan.Nodes)
        {
            foreach (var parent in plan.ParentsOf(node.Index)) edges.Add((parent, node.Index));
        }
        return new LayeredLayout([.. plan.Nodes.Select(node => (100.0, 40.0, plan.Wave[node.Index]))], edges);
    }
}
