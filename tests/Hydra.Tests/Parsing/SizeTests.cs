using System.Diagnostics;
using System.Text;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Parsing;

public class SizeTests
{
    [Fact]
    public void A_chain_of_100_000_nodes_parses_and_validates()
    {
        var text = new StringBuilder("name: chain\nnodes:\n- {id: n0, type: set, value: 1}\n");
        for (var i = 1; i < 100_000; i++) text.Append($"- id: n{i}\n  type: set\n  depends_on: [n{i - 1}]\n  value: \"{{{{ n{i - 1} }}}} {{{{ n0 }}}} {{{{ n{i / 2} }}}}\"\n");
        var clock = Stopwatch.StartNew();
        var (spec, problems) = WorkflowParser.Parse(text.ToString(), "chain.yaml", TestTypes.All);
        Assert.Empty(TestTypes.Lines(problems));
        TestContext.Current.SendDiagnosticMessage($"parsed in {clock.ElapsedMilliseconds} ms");
        Assert.Empty(TestTypes.Lines(WorkflowValidator.Check(spec!, TestTypes.All)));
        TestContext.Current.SendDiagnosticMessage($"checked by {clock.ElapsedMilliseconds} ms");
        Assert.Equal(100_000, Waves.Of(spec!).Count);
    }

    [Fact]
    public void A_cycle_of_100_000_nodes_is_told()
    {
        var text = new StringBuilder("name: ring\nnodes:\n");
        for (var i = 0; i < 100_000; i++) text.Append($"- {{id: n{i}, type: set, depends_on: [n{(i + 99_999) % 100_000}], value: 1}}\n");
        var (spec, _) = WorkflowParser.Parse(text.ToString(), "ring.yaml", TestTypes.All);
        Assert.Contains("HYD205 ring.yaml:3:35: these nodes wait for each other: n0 → n1 → n2 → ", TestTypes.Lines(WorkflowValidator.Check(spec!, TestTypes.All))[0]);
    }

    [Fact]
    public void More_than_a_million_nodes_are_refused_while_they_are_counted()
    {
        var text = new StringBuilder("name: wide\nnodes:\n");
        for (var i = 0; i <= 1_000_000; i++) text.Append($"- {{id: n{i}, type: set, value: 1}}\n");
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        var (spec, problems) = WorkflowParser.Parse(bytes, "wide.yaml", TestTypes.All);
        Assert.Null(spec);
        Assert.Equal("HYD110", Assert.Single(problems.Problems).Code);
    }
}
