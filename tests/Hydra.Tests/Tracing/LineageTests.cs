using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class LineageTests
{
    [Fact]
    public void An_output_leads_back_to_inputs_and_calls() => Verified.Check("An_output_leads_back_to_inputs_and_calls", Lineage.Of(Plays.Research.Plan, Plays.Research.Frames, "synthesizer")!.ToString());

    [Fact]
    public void Items_and_rounds_lead_back_through_what_was_bound() => Verified.Check("Items_and_rounds_lead_back_through_what_was_bound", Lineage.Of(Plays.Nested.Plan, Plays.Nested.Frames, "end")!.ToString());

    [Fact]
    public void An_unknown_path_has_no_lineage() => Assert.Null(Lineage.Of(Plays.Nested.Plan, Plays.Nested.Frames, "nobody"));

    [Fact]
    public void A_lineage_is_data_too()
    {
        var root = Lineage.Of(Plays.Research.Plan, Plays.Research.Frames, "synthesizer")!.ToValue().AsObject;
        Assert.Equal(Plays.Big.Hex, root["value"].AsObject["sha256"].AsText);
        Assert.Equal(["call", "node", "node"], root["from"].Items.Select(entry => entry.AsObject["kind"].AsText));
    }

    [Fact]
    public void A_very_large_lineage_says_what_it_leaves_out()
    {
        var run = TestRun.Of(TestFlows.Nested, new RunLimits(50_000, null, null, null)).Complete("list", "abc").Expand("summaries", new ScopeOpening(ScopeKind.Items, 0, 0, 50_000, null));
        var lineage = Lineage.Of(run.Plan, run.Frames, "summaries")!;
        Assert.Contains(lineage.Root.From, entry => entry.Kind == LineageKind.More);
        Assert.InRange(lineage.Root.From.Count, 100, Lineage.EntriesMax + 10);
    }

    [Fact]
    public void A_very_long_chain_does_not_exhaust_the_stack()
    {
        const int Count = 5_000;
        using var yaml = new StringWriter();
        yaml.Write("name: chain\nnodes:\n  - { id: n0, type: set, value: 1 }\n");
        for (var i = 1; i < Count; i++) yaml.Write($"  - {{ id: n{i}, type: set, value: '{{{{ n{i - 1} }}}}', depends_on: [n{i - 1}] }}\n");
        var run = TestRun.Of(yaml.ToString());
        Assert.Contains("the way back goes on", Lineage.Of(run.Plan, run.Frames, $"n{Count - 1}")!.ToString(), StringComparison.Ordinal);
    }
}
