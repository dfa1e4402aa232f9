using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class OrderTests
{
    [Fact]
    public void Fan_in_waits_for_every_input()
    {
        var run = TestRun.Of("report <- fetch parse\n fetch\n parse");
        run.Complete("fetch");
        Assert.Equal(["parse"], run.Ready);
        run.Complete("parse");
        Assert.Equal(["report"], run.Running);
    }

    [Fact]
    public void A_node_starts_when_its_own_parents_are_done_and_not_with_its_wave()
    {
        var run = TestRun.Of("a\n b\n a2 <- a\n b2 <- b");
        run.Complete("a");
        Assert.Equal(["b", "a2"], run.Running);
    }

    [Fact]
    public void Under_a_cap_priority_comes_first_and_then_the_longest_remaining_path()
    {
        var run = TestRun.Of("short\n long\n l2 <- long\n l3 <- l2\n urgent | priority=1\n slow | estimate=2.5", cap: 1);
        run.Complete("urgent");
        run.Complete("long");
        run.Complete("slow");
        Assert.Equal(["urgent", "long", "slow", "l2"], run.StartOrder);
    }

    [Fact]
    public void No_more_attempts_run_than_the_cap_allows()
    {
        var run = TestRun.Of("a\n b\n c\n d", cap: 2);
        Assert.Equal((2, 2), (run.Running.Count, run.Queued.Count));
        run.Complete("a");
        Assert.Equal(["b", "c"], run.Running);
    }

    [Fact]
    public void Nodes_in_conflict_never_run_together_and_do_not_block_others()
    {
        var run = TestRun.Of("a | conflicts=db\n b | conflicts=db\n c", cap: 2);
        Assert.Equal(["a", "c"], run.Running);
        run.Complete("a");
        Assert.Equal(["b", "c"], run.Running);
    }

    [Fact]
    public void A_node_may_name_another_node_as_its_conflict()
    {
        var run = TestRun.Of("a\n b | conflicts=a");
        Assert.Equal(["a"], run.Running);
    }

    [Fact]
    public void A_waiting_node_holds_neither_slot_nor_resource()
    {
        var run = TestRun.Of("a | conflicts=db\n b | conflicts=db", cap: 1);
        run.Suspend("a", run.NowMs + 10_000);
        Assert.Equal(["b"], run.Running);
        run.Pass(10);
        run.Complete("b");
        Assert.Equal(["a"], run.Running);
        Assert.Equal(1, run.AttemptOf("a"));
    }

    [Fact]
    public void A_run_ends_completed_when_every_node_has()
    {
        var run = TestRun.Of("a\n b <- a");
        run.Complete("a");
        run.Complete("b");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.NotEmpty(run.State.Reason);
    }

    [Fact]
    public void An_outcome_that_comes_twice_or_too_late_changes_nothing()
    {
        var run = TestRun.Of("a | retries=2\n b <- a");
        var late = run.Outcome("a", new AttemptOutcome.Completed("late"));
        run.Fail("a");
        run.Turn(late);
        Assert.Equal((NodeStatus.Running, 2), (run.StatusOf("a"), run.AttemptOf("a")));
        run.Turn(run.Outcome("a", new AttemptOutcome.Completed("now")), run.Outcome("a", new AttemptOutcome.Completed("again")));
        Assert.Equal("now", run.OutputOf("a"));
    }

    [Fact]
    public void A_terminate_node_ends_the_run_with_its_status()
    {
        var run = TestRun.Of("a\n b\n c <- b");
        run.Turn(run.Outcome("a", new AttemptOutcome.Terminate(RunStatus.Failed, "bad input")));
        Assert.Equal(["b"], run.CancelAsked);
        run.AcknowledgeCancels();
        Assert.Equal((RunStatus.Failed, "bad input"), (run.Ended, run.State.Reason));
    }

    [Fact]
    public void What_a_terminate_node_leaves_undone_is_skipped_or_cancelled_and_stays_so()
    {
        var run = TestRun.Of("a\n ask\n later <- ask\n m | map=3 cap=1 body=item\n end <- m a\n item:\n x");
        run.AskPeople("ask");
        run.Turn(run.Outcome("a", new AttemptOutcome.Terminate(RunStatus.Failed, "enough")));
        run.AcknowledgeCancels();
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.Equal((NodeStatus.Cancelled, NodeStatus.Skipped, SkipCause.Terminated), (run.StatusOf("ask"), run.StatusOf("later"), run.BecauseOf("later")));
        Assert.Equal((NodeStatus.Skipped, NodeStatus.Cancelled, NodeStatus.Cancelled), (run.StatusOf("end"), run.StatusOf("m"), run.StatusOf("m[2]")));
        run.Resume();
        Assert.Equal((RunStatus.Failed, "enough"), (run.Ended, run.State.Reason));
    }

    [Fact]
    public void An_answer_that_nobody_asked_for_does_not_open_a_second_scope()
    {
        var run = TestRun.Of("m | map=2 body=item\n item:\n work");
        var before = run.State.InstanceCount;
        run.Turn(new Message.Advanced(run.Find("m"), new Advance.Open(new ScopeOpening(ScopeKind.Items, 0, 0, 2, null)), null));
        Assert.Equal(before, run.State.InstanceCount);
    }
}
