using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tests.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Nodes;

public class FragmentTests
{
    [Fact]
    public void A_map_with_a_prompt_holds_one_agent_made_of_its_own_fields()
    {
        var fragment = Single("{id: m, type: map, over: xs, as: x, model: small, prompt: '{{ x }}', max_concurrency: 2, retry: {max_attempts: 2}, when: 'true'}");
        var agent = Assert.Single(fragment.Nodes);
        Assert.True(fragment.IsInline);
        Assert.Equal(["x", "index"], fragment.Names);
        Assert.Equal(("agent", "m"), (agent.Type, agent.Id.Text));
        Assert.Equal(["model", "prompt"], agent.Fields.Keys);
        Assert.Equal((2, null), (agent.Policy.Retry!.MaxAttempts, agent.Policy.When));
    }

    [Theory]
    [InlineData("{type: set, value: 1}", true, 1)]
    [InlineData("[{id: a, type: set, value: 1}]", false, 1)]
    [InlineData("[{id: a, type: set, value: 1}, {id: b, type: set, value: '{{ a }}', depends_on: [a]}]", false, 2)]
    public void A_body_of_one_node_is_inline_and_a_list_is_a_graph(string body, bool isInline, int count)
    {
        var fragment = Single($"{{id: m, type: map, over: xs, as: x, body: {body}}}");
        Assert.Equal((isInline, count), (fragment.IsInline, fragment.Nodes.Count));
    }

    [Fact]
    public void A_round_of_an_evaluator_loop_is_the_generator_and_then_the_evaluator()
    {
        var fragment = Single("{id: e, type: evaluator_loop, generator: {model: m, prompt: x}, evaluator: {type: set, id: judge, value: {approved: true}}}");
        Assert.Equal("round", fragment.Name);
        Assert.Equal(["generator", "evaluator"], fragment.Nodes.Select(node => node.Id.Text));
        Assert.Equal(["agent", "set"], fragment.Nodes.Select(node => node.Type));
        Assert.Equal([new NodeId("generator")], fragment.Nodes[1].DependsOn);
        Assert.Equal(["candidate"], fragment.NodeNames["evaluator"]);
    }

    [Fact]
    public void A_subgraph_is_linked_to_its_file()
    {
        var (spec, problems) = Link("subgraph.yaml");
        Assert.Empty(TestTypes.Lines(problems));
        Assert.Equal("subgraph_child", TestTypes.All["subgraph"].Fragments(spec.Nodes[0]).Single().Workflow!.Name);
        Assert.False(WorkflowValidator.Check(spec, TestTypes.All).HasErrors);
    }

    [Fact]
    public void What_a_subgraph_is_not_given_is_told()
    {
        using var folder = new TempFolder();
        folder.Write("top.yaml", "name: top\nnodes:\n  - {id: s, type: subgraph, path: child.yaml, inputs: {topc: x}}");
        folder.Write("child.yaml", "name: child\ninputs: {topic: {}}\nnodes:\n  - {id: a, type: set, value: '{{ topic }}'}\n  - {id: b, type: set, value: '{{ a }}'}");
        var (spec, _) = Link(folder.PathOf("top.yaml"));
        var lines = TestTypes.Lines(WorkflowValidator.Check(spec, TestTypes.All)).Select(line => line.Replace(folder.Path + "/", "")).ToArray();
        Assert.Equal(3, lines.Length);
        Assert.Contains("HYD132 top.yaml:3:62: node 's' gives the input 'topc'", string.Join('\n', lines));
        Assert.Contains(lines, line => line.StartsWith("HYD131 top.yaml:3:55", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("HYD212 child.yaml:5:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../other.yaml", "lies outside the folder of the top file")]
    [InlineData("/etc/passwd", "is no relative path")]
    [InlineData("chld.yaml", "does not exist. Did you mean 'child.yaml'?")]
    [InlineData("top.yaml", "which holds itself: top.yaml → top.yaml")]
    [InlineData("child.yaml", "which holds itself: top.yaml → child.yaml → top.yaml")]
    [InlineData("link.yaml", "lies outside the folder of the top file")]
    public void A_file_that_may_not_be_brought_in_is_refused(string path, string reason)
    {
        using var folder = new TempFolder();
        folder.Write("top.yaml", $"name: top\nnodes:\n  - {{id: s, type: subgraph, path: {path}}}");
        folder.Write("child.yaml", "name: child\nnodes:\n  - {id: s, type: subgraph, path: top.yaml}");
        File.CreateSymbolicLink(folder.PathOf("link.yaml"), TestFiles.Example("chain.yaml"));
        var (_, problems) = Link(folder.PathOf("top.yaml"));
        Assert.Contains(reason, Assert.Single(problems.Problems).ToString());
        Assert.Equal("HYD290", problems.Problems[0].Code);
    }

    private static (WorkflowSpec Spec, ProblemList Problems) Link(string file)
    {
        var path = TestFiles.Example(file);
        var (spec, problems) = WorkflowParser.ParseFile(path, TestTypes.All);
        return (SubgraphLinker.Link(spec!, new FileWorkflowLoader(path, TestTypes.All), problems), problems);
    }

    private static FragmentSpec Single(string node)
    {
        var spec = TestTypes.Parse($"name: a\nnodes: [{node}]");
        return Assert.Single(TestTypes.All[spec.Nodes[0].Type].Fragments(spec.Nodes[0]));
    }
}
