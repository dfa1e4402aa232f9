using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class JoinTests
{
    [Fact]
    public void Any_starts_with_the_first_parent_that_counts()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any");
        run.Fail("a");
        Assert.Equal(NodeStatus.Pending, run.StatusOf("c"));
        run.Complete("b");
        Assert.Equal(["c"], run.Running);
    }

    [Fact]
    public void Any_sees_only_what_had_ended_when_it_fired()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any");
        run.Complete("a");
        run.Complete("b");
        Assert.True(run.State.Sees(run.Find("c"), run.Find("a")));
        Assert.False(run.State.Sees(run.Find("c"), run.Find("b")));
    }

    [Fact]
    public void At_least_waits_for_its_count_and_is_skipped_when_it_cannot_be_reached()
    {
        var run = TestRun.Of("a\n b\n c\n d <- a b c | join=2\n e <- a b c | join=3");
        run.Complete("a");
        run.Fail("b");
        Assert.Equal(NodeStatus.Skipped, run.StatusOf("e"));
        Assert.Equal(NodeStatus.Pending, run.StatusOf("d"));
        run.Complete("c");
        Assert.Equal(["d"], run.Running);
    }

    [Fact]
    public void All_done_runs_whatever_happened()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=all_done");
        run.Fail("a");
        Assert.Equal(NodeStatus.Pending, run.StatusOf("c"));
        run.Complete("b");
        Assert.Equal(["c"], run.Running);
    }

    [Fact]
    public void A_degraded_parent_counts_unless_the_node_refuses_it()
    {
        var run = TestRun.Of("a\n b <- a\n c <- a | reject_degraded\n d <- a | reject_degraded join=any");
        run.Degrade("a");
        Assert.Equal(["b"], run.Running);
        Assert.Equal(SkipCause.UpstreamFailed, run.BecauseOf("c"));
        Assert.Equal(NodeStatus.Skipped, run.StatusOf("d"));
    }

    [Fact]
    public void A_failed_parent_blocks_even_when_another_completes_in_the_same_turn()
    {
        var run = TestRun.Of("a\n b\n c <- a b");
        run.Turn(run.Failure("a"), run.Outcome("b", new AttemptOutcome.Completed("b")));
        Assert.Equal(SkipCause.UpstreamFailed, run.BecauseOf("c"));
        Assert.Equal(RunStatus.Failed, run.Ended);
    }

    [Fact]
    public void Losers_are_cancelled_and_fail_nothing()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any cancel_losers");
        run.Complete("a");
        Assert.Equal(["b"], run.CancelAsked);
        run.AcknowledgeCancels();
        run.Complete("c");
        Assert.Equal((NodeStatus.Cancelled, RunStatus.Completed), (run.StatusOf("b"), run.Ended));
    }

    [Fact]
    public void A_loser_that_something_else_needs_is_left_alone()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any cancel_losers\n d <- b");
        run.Complete("a");
        Assert.Empty(run.CancelAsked);
    }

    [Fact]
    public void A_loser_whose_other_dependant_has_begun_without_it_is_cancelled()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any\n d <- a b | join=any cancel_losers");
        run.Complete("a");
        Assert.Equal(["b"], run.CancelAsked);
    }

    [Fact]
    public void A_loser_stays_a_loser_after_a_crash()
    {
        var run = TestRun.Of("a\n b\n c <- a b | join=any cancel_losers");
        run.Complete("a");
        run.Crash();
        Assert.Equal(NodeStatus.Cancelled, run.StatusOf("b"));
        run.Complete("c");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_false_when_skips_the_node_and_those_that_have_only_it()
    {
        var run = TestRun.Of("a | when=false\n b <- a\n c\n d <- a c");
        Assert.Equal((SkipCause.When, SkipCause.UpstreamSkipped), (run.BecauseOf("a"), run.BecauseOf("b")));
        run.Complete("c");
        Assert.Equal(["d"], run.Running);
    }

    [Theory]
    [InlineData("propagate", null)]
    [InlineData("empty", "")]
    [InlineData("later", "later")]
    public void On_skip_says_what_dependants_see(string onSkip, string? seen)
    {
        var run = TestRun.Of($"a | when=false on_skip={onSkip}\n c\n b <- a c");
        run.Complete("c");
        Assert.Equal(seen, run.OutputOf("a"));
        Assert.Equal(seen is null ? NodeStatus.Skipped : NodeStatus.Running, run.StatusOf("b"));
    }

    [Fact]
    public void A_skip_because_of_a_failure_travels_on_whatever_on_skip_says()
    {
        var run = TestRun.Of("a\n b <- a | on_skip=empty\n c <- b\n d <- c | join=any\n e <- d");
        run.Fail("a");
        Assert.All(["b", "c", "d", "e"], path => Assert.Equal(SkipCause.UpstreamFailed, run.BecauseOf(path)));
        Assert.Null(run.OutputOf("b"));
    }

    [Fact]
    public void A_join_that_cannot_fire_without_any_failure_is_skipped_for_that()
    {
        var run = TestRun.Of("a | when=false\n b <- a | join=any");
        Assert.Equal(SkipCause.Join, run.BecauseOf("b"));
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_when_that_cannot_be_worked_out_fails_the_node()
    {
        var run = TestRun.Of("a | when=error\n b");
        run.Complete("b");
        Assert.Equal((NodeStatus.Failed, RunStatus.Failed), (run.StatusOf("a"), run.Ended));
    }
}
