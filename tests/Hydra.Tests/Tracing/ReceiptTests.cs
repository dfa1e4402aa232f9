using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class ReceiptTests
{
    [Fact]
    public void A_run_has_a_receipt() => Verified.Check("A_run_has_a_receipt", Receipt.Of(RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames)).ToString());

    [Fact]
    public void Every_node_has_a_receipt()
    {
        var receipts = Receipt.OfNodes(RunTrace.Of(Plays.Nested.Plan, Plays.Nested.Frames));
        Verified.Check("Every_node_has_a_receipt", string.Concat(receipts.Select(receipt => receipt.ToString())));
    }

    [Fact]
    public void A_failure_names_what_was_left_undone_because_of_it()
    {
        var run = TestRun.Of(TestFlows.Research).Complete("research_a", "A").Fail("research_b", ErrorCode.Auth, "no key");
        var trace = RunTrace.Of(run.Plan, run.Frames);
        Verified.Check("A_failure_names_what_was_left_undone_because_of_it", Receipt.Of(trace) + string.Concat(Receipt.OfNodes(trace)));
    }

    [Fact]
    public void Items_that_were_cut_are_counted_and_the_first_of_them_named()
    {
        var run = TestRun.Of(TestFlows.Nested).Complete("list", "abc")
            .Expand("summaries", new ScopeOpening(ScopeKind.Items, 0, 0, 100, null, ConcurrencyMax: 1, FailuresMax: 0))
            .Fail("summaries[0]", ErrorCode.Auth, "no key");
        var trace = RunTrace.Of(run.Plan, run.Frames);
        var undone = Receipt.Of(trace, trace.Find("summaries")!).Undone;
        Assert.Equal(["cancelled (cut)", "failed"], undone.Select(group => group.State));
        Assert.Equal((99, Receipt.PathsMax, "summaries[1]"), (undone[0].Count, undone[0].Paths.Count, undone[0].Paths[0]));
    }

    [Fact]
    public void A_node_says_what_it_waits_for()
    {
        var run = TestRun.Of(TestFlows.Research).Complete("research_a", "A").After(100).Ask("research_b", TestRun.Chat("gpt-x", "History"));
        var trace = RunTrace.Of(run.Plan, run.Frames);
        Assert.Equal("waits for 'research_b'", Why.Of(trace, trace.Find("synthesizer")!));
        Assert.Equal("runs attempt 1; waits for gpt-x", Why.Of(trace, trace.Find("research_b")!));
        run.Fail("research_b", ErrorCode.RateLimited, "slow down");
        trace = RunTrace.Of(run.Plan, run.Frames);
        Assert.Equal("waits until 2.100 s for attempt 2, after rate_limited: slow down", Why.Of(trace, trace.Find("research_b")!));
    }

    [Fact]
    public void A_receipt_is_data_too()
    {
        var receipt = Receipt.Of(RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames)).ToValue().AsObject;
        Assert.Equal("completed", receipt["status"].AsText);
        Assert.Equal(0.00098, receipt["spent"].AsObject["usd"].AsNumber);
        Assert.Equal(["product", "definition", "events", "model"], receipt["versions"].Items.Select(version => version.AsObject["name"].AsText));
    }
}
