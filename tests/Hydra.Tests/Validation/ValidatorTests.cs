using Hydra.Model;
using Hydra.Tests.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Validation;

public class ValidatorTests
{
    [Fact]
    public void A_missing_dependency_says_what_was_meant() => Assert.Equal(
        ["HYD203 test.yaml:4:52: node 'report' needs 'sumary', which this graph does not define. Did you mean 'summary'? Add that node, or correct `depends_on`."],
        TestTypes.Problems("name: a\nnodes:\n  - {id: summary, type: set, value: 1}\n  - {id: report, type: set, value: 1, depends_on: [sumary]}"));

    [Fact]
    public void A_cycle_is_printed_as_its_whole_path() => Assert.Equal(
        ["HYD205 test.yaml:3:46: these nodes wait for each other: a → b → c → a. Remove one of these dependencies; to repeat work, use `loop`."],
        TestTypes.Problems("name: a\nnodes:\n  - {id: a, type: set, value: 1, depends_on: [c]}\n  - {id: b, type: set, value: 1, depends_on: [a]}\n  - {id: c, type: set, value: 1, depends_on: [b]}\n  - {id: d, type: set, value: 1, depends_on: [c]}"));

    [Fact]
    public void Two_cycles_are_both_told() => Assert.Equal(2, TestTypes.Problems(
        "name: a\nnodes:\n  - {id: a, type: set, value: 1, depends_on: [b]}\n  - {id: b, type: set, value: 1, depends_on: [a]}\n  - {id: c, type: set, value: 1, depends_on: [d]}\n  - {id: d, type: set, value: 1, depends_on: [c]}").Length);

    [Fact]
    public void A_template_error_in_block_text_is_told_at_its_own_line() => Assert.StartsWith(
        "HYD210 test.yaml:8:", TestTypes.Problems(
            """
            name: a
            nodes:
              - id: a
                type: agent
                model: m
                prompt: |
                  First line.
                  Then {{ topic | }} here.
            """).Single());

    [Fact]
    public void A_variable_in_block_text_is_told_at_its_own_place() => Assert.StartsWith(
        "HYD212 test.yaml:9:16: node 'b' reads 'a', which need not have run by then. Add 'a' to `depends_on` of 'b'.", TestTypes.Problems(
            """
            name: a
            nodes:
              - {id: a, type: set, value: 1}
              - id: b
                type: agent
                model: m
                prompt: |
                  First line.
                  With {{  a }} here.
            """).Single());

    [Fact]
    public void Everything_wrong_with_a_graph_is_told() => Verified.Check("Graph", string.Join('\n', TestTypes.Problems(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "workflows", "graph.yaml")))));

    [Fact]
    public void Everything_wrong_with_policies_is_told() => Verified.Check("Policies", string.Join('\n', TestTypes.Problems(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "workflows", "policies.yaml")))));

    [Fact]
    public void Everything_wrong_with_composites_is_told() => Verified.Check("Composites", string.Join('\n', TestTypes.Problems(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "workflows", "composites.yaml")))));

    [Fact]
    public void Strict_makes_warnings_errors()
    {
        const string Text = "name: a\nnodes:\n  - {id: a, type: set, value: 1}\n  - {id: b, type: set, value: '{{ a }}', depends_on: [a, a]}";
        Assert.Equal(["HYD206 test.yaml:4:58: warning: node 'b' lists 'a' twice in `depends_on`. Remove one."], TestTypes.Problems(Text));
        Assert.Equal(["HYD206 test.yaml:4:58: node 'b' lists 'a' twice in `depends_on`. Remove one."], TestTypes.Problems(Text, new ValidationOptions { Strict = true }));
    }

    [Fact]
    public void An_edge_without_data_is_a_note()
    {
        var spec = TestTypes.Parse("name: a\nnodes:\n  - {id: a, type: set, value: 1}\n  - {id: b, type: set, value: 2, depends_on: [a]}");
        var problems = WorkflowValidator.Check(spec, TestTypes.All);
        Assert.False(problems.HasErrors);
        Assert.Equal("HYD213 test.yaml:4:47: note: node 'b' waits for 'a' and uses nothing of it. Keep the edge if only the order matters.", Assert.Single(problems.Problems).ToString());
    }

    [Fact]
    public void Without_an_inputs_block_free_names_are_expected_inputs()
    {
        var spec = TestTypes.Parse("name: a\nnodes:\n  - {id: fetch, type: set, value: '{{ topic }} {{ depth }}'}");
        Assert.Equal(["topic", "depth"], WorkflowValidator.ExpectedInputs(spec, TestTypes.All).Keys);
        Assert.Empty(WorkflowValidator.Check(spec, TestTypes.All).Problems);
        var checkedAgainst = WorkflowValidator.Check(spec, TestTypes.All, new ValidationOptions { KnownInputs = ["topic"] });
        Assert.Equal("HYD131 test.yaml:3:51: the input 'depth' is not given. Add -i depth=….", Assert.Single(checkedAgainst.Problems).ToString());
    }

    [Fact]
    public void Without_an_inputs_block_a_name_that_is_nearly_a_node_is_an_error() => Assert.Equal(
        ["HYD211 test.yaml:4:42: node 'b' reads 'sumary', which no node gives. Did you mean 'summary'? If it is an input, declare it under `inputs`."],
        TestTypes.Problems("name: a\nnodes:\n  - {id: summary, type: set, value: 1}\n  - {id: b, type: set, value: '{{ 1 }}{{ sumary }}', depends_on: [summary]}"));

    [Theory]
    [InlineData("knowledge")]
    public void A_node_type_that_is_known_and_not_there_yet_is_told_so(string type) =>
        Assert.StartsWith($"HYD270 test.yaml:3:19: node 'a' has the type '{type}', which is known and not supported yet.", TestTypes.Problems($"name: a\nnodes:\n  - {{id: a, type: {type}, prompt: x}}").Single());

    [Fact]
    public void Models_are_asked_of_the_catalogue_once() => Assert.Equal(
        ["HYD243 test.yaml:3:33: node 'a' uses the model 'nobody': No provider is configured for it."],
        TestTypes.Problems("name: a\nnodes:\n  - {id: a, type: agent, model: nobody, prompt: x}\n  - {id: b, type: agent, model: nobody, prompt: x}", new ValidationOptions { Models = new NoModels() }));

    private sealed class NoModels : IModelCatalog
    {
        public ModelFacts Resolve(string model) => throw new ModelUnavailableException("No provider is configured for it.");
    }
}
