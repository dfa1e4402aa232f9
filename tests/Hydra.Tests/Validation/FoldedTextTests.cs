using Hydra.Tests.Parsing;

namespace Hydra.Tests.Validation;

public class FoldedTextTests
{
    [Theory]
    [InlineData("value: >\n      First line\n      with {{ b }} here.\n", "test.yaml:7:15")]
    [InlineData("value: First line\n      with {{ b }} here.\n", "test.yaml:6:15")]
    [InlineData("value: \"First line\n      with {{ b }} here.\"\n", "test.yaml:6:15")]
    [InlineData("value: |\n      First line\n      with {{ b }} here.\n", "test.yaml:7:15")]
    public void A_name_in_folded_text_is_told_where_it_was_written(string field, string place) =>
        Assert.StartsWith($"HYD212 {place}: ", TestTypes.Problems($"name: a\nnodes:\n  - id: a\n    type: set\n    {field}  - {{id: b, type: set, value: 1}}\n").Single());

    [Fact]
    public void A_name_in_defaults_is_checked_for_every_node_that_takes_it() =>
        Assert.Equal(["HYD211 test.yaml:3:1: node 'a' reads 'tone', which no node or input gives. Declare it under `inputs`, or correct the name."],
            TestTypes.Problems("name: a\ninputs: {}\ndefaults: {model: m, system: 'Be {{ tone }}.'}\nnodes:\n  - {id: a, type: agent, prompt: x}\n  - {id: b, type: agent, prompt: x, system: y}"));
}
