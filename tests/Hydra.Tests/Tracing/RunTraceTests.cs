using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class RunTraceTests
{
    [Fact]
    public void A_run_reads_as_text() => Verified.Check("A_run_reads_as_text", RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames).ToString());

    [Fact]
    public void Composites_rounds_and_items_read_as_text() => Verified.Check("Composites_rounds_and_items_read_as_text", RunTrace.Of(Plays.Nested.Plan, Plays.Nested.Frames).ToString());

    [Fact]
    public void A_crash_makes_an_incarnation_and_charges_the_cut_call_at_its_bound() => Verified.Check("A_crash_makes_an_incarnation_and_charges_the_cut_call_at_its_bound", RunTrace.Of(Plays.Crashed.Plan, Plays.Crashed.Frames).ToString());

    [Fact]
    public void A_wait_parts_an_attempt_into_incarnations_with_a_span_each()
    {
        var run = TestRun.Of("name: w\nnodes:\n  - { id: pause, type: wait, seconds: 5 }\n").After(10)
            .End("pause", new AttemptOutcome.Suspend(TestRun.BeganAtMs + 5_000), null).After(4_990).Tick().After(10).Complete("pause", "done");
        var trace = RunTrace.Of(run.Plan, run.Frames);
        var attempts = trace.Find("pause")!.Attempts;
        Assert.Equal([(1, 0, AttemptEnd.Suspended, 10L), (1, 1, AttemptEnd.Completed, 5_010L)], attempts.Select(attempt => (attempt.Number, attempt.Incarnation, attempt.End, attempt.EndedMs!.Value)));
        Assert.Equal(4, RunSpans.Of(trace).Select(span => span.SpanId).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_failed_run_that_is_taken_up_again_forgets_the_end_it_had()
    {
        var run = TestRun.Of(TestFlows.Research).Complete("research_a", "A").Fail("research_b", ErrorCode.Auth, "no key").After(1_000).Resume();
        var trace = RunTrace.Of(run.Plan, run.Frames);
        Assert.Equal((null, 1, 0L), (trace.EndedMs, trace.Resumes, trace.EarlierEndMs));
        Assert.Equal(((long?)null, (NodeError?)null), (trace.Find("research_b")!.EndedMs, trace.Find("research_b")!.Error));
        Assert.Equal("waits for 'research_b'", Why.Of(trace, trace.Find("synthesizer")!));
    }

    [Fact]
    public void A_composite_has_spent_what_its_children_spent()
    {
        var trace = RunTrace.Of(Plays.Nested.Plan, Plays.Nested.Frames);
        Assert.Equal(3, trace.Find("summaries")!.Spent.ModelCalls);
        Assert.Equal(new MicroUsd(300), trace.Find("summaries")!.Spent.Usd);
        Assert.Equal(trace.Spent, trace.Nodes.Where(node => node.Parent < 0).Aggregate(Spend.Nothing, (sum, node) => sum + node.Spent));
    }

    [Fact]
    public void A_run_can_be_read_after_each_of_its_frames()
    {
        for (var count = 0; count <= Plays.Nested.Frames.Count; count++)
        {
            var trace = RunTrace.Of(Plays.Nested.Plan, Plays.Nested.Frames.Take(count));
            Assert.Equal(count == Plays.Nested.Frames.Count, trace.HasEnded);
            Assert.NotEmpty(trace.ToString());
        }
    }

    [Fact]
    public void Items_whose_turn_never_came_are_called_cut()
    {
        var run = TestRun.Of(TestFlows.Nested).Complete("list", "abc")
            .Expand("summaries", new ScopeOpening(ScopeKind.Items, 0, 0, 100, null, ConcurrencyMax: 1, FailuresMax: 0))
            .Fail("summaries[0]", ErrorCode.Auth, "no key");
        var trace = RunTrace.Of(run.Plan, run.Frames);
        Assert.Equal(99, trace.Nodes.Count(node => node.Because == "cut"));
    }

    [Fact]
    public void A_hundred_thousand_items_are_read_in_a_moment()
    {
        const int Count = 100_000;
        var run = TestRun.Of(TestFlows.Nested, new RunLimits(Count, null, null, null)).Complete("list", "abc")
            .Expand("summaries", new ScopeOpening(ScopeKind.Items, 0, 0, Count, null));
        var first = run.State.Scopes[1].First;
        var done = ValueRef.Of(Value.Of("done"));
        var frames = run.Frames.ToList();
        for (var i = 1; i < Count; i++) frames.Add(new Frame(frames.Count, TestRun.BeganAtMs + i, [new RunEvent.Ended(first + i, NodeStatus.Completed, done, null, Value.Null)]));
        var trace = RunTrace.Of(run.Plan, frames);
        Assert.Equal(Count - 1, trace.Nodes.Count(node => node.Status == NodeStatus.Completed && node.Type == "agent"));
        Assert.Equal(Count - 1, trace.Find($"summaries[{Count - 1}]")!.EndedMs);
    }
}
