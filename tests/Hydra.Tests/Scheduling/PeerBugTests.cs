using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>Situations in which other engines of this kind lost or repeated work, as their users reported them; docs/durability.md lists them all.</summary>
public sealed class PeerBugTests
{
    [Fact]
    public void A_join_with_one_arrival_before_a_pause_and_one_after_fires_once()
    {
        var run = TestRun.Of("a\n b\n both <- a b");
        run.Complete("a");
        run.Pause(now: true);
        run.AcknowledgeCancels();
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        Assert.Equal(["b"], run.Running);
        run.Complete("b");
        run.Complete("both");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Equal(["a", "b", "b", "both"], run.StartOrder);
    }

    [Fact]
    public void A_loop_back_into_one_branch_of_a_join_runs_that_branch_alone_again()
    {
        var run = TestRun.Of("a\n left <- a\n right <- a\n both <- left right\n gate <- both | revise=left revisions=2\n end <- gate");
        run.StaysForPeople = true;
        run.Complete("a");
        run.Complete("left", "right");
        run.Complete("both");
        run.AskPeople("gate");
        run.Answer("gate", approves: false);
        run.Turn(run.Outcome("gate", new AttemptOutcome.Revise(ValueRef.EmptyText, 2, new NodeError(ErrorCode.PolicyDenied, "too often"))));
        Assert.Equal(["left#2"], run.Running);
        run.Crash();
        run.Complete("left#2");
        Assert.Equal(["both#2"], run.Running);
        run.Complete("both#2");
        run.Complete("gate#2");
        run.Complete("end");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Single(run.StartOrder, path => path == "right");
    }

    [Fact]
    public void What_a_condition_skipped_stays_skipped_when_a_failed_run_is_resumed()
    {
        var run = TestRun.Of("a\n off <- a | when=false\n on <- a\n end <- off on");
        run.Complete("a");
        run.Fail("on", ErrorCode.BadRequest);
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        Assert.Equal(["on"], run.Running);
        Assert.Equal((NodeStatus.Skipped, SkipCause.When), (run.StatusOf("off"), run.BecauseOf("off")));
        run.Complete("on");
        run.Complete("end");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_map_in_a_map_is_taken_up_where_each_item_stood()
    {
        var run = TestRun.Of("m | map=2 body=outer\n outer:\n i | map=2 body=inner\n inner:\n x");
        run.Complete("m[0][1]");
        run.Crash();
        Assert.Equal(["m[0][0]", "m[1][0]", "m[1][1]"], run.Running);
        run.Complete("m[0][0]", "m[1][0]", "m[1][1]");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Single(run.StartOrder, path => path == "m[0][1]");
    }

    [Fact]
    public void A_map_of_ten_thousand_items_survives_a_crash_in_its_middle()
    {
        var run = TestRun.Of("m | map=10000 cap=1000 body=item\n item:\n x", cap: 1000);
        for (var turn = 0; run.Ended is null; turn++)
        {
            if (turn == 5) run.Crash();
            run.Complete([.. run.Running]);
        }
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Equal(10_000, run.StartOrder.Distinct().Count());
        Assert.Equal(11_000, run.StartOrder.Count);   // those in flight at the crash began anew
    }

    [Fact]
    public void What_completed_beside_a_failing_sibling_is_not_run_again_by_a_resume()
    {
        var run = TestRun.Of("handler\n fails");
        run.Turn(run.Outcome("handler", new AttemptOutcome.Completed("done")), run.Failure("fails", ErrorCode.BadRequest));
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        Assert.Equal(["fails"], run.Running);
        run.Complete("fails");
        Assert.Equal(["handler", "fails", "fails"], run.StartOrder);
    }

    [Fact]
    public void A_child_that_ended_before_its_parent_heard_of_it_is_not_run_again()
    {
        var run = TestRun.Of("m | map=1 body=item\n after <- m\n item:\n x");
        run.AnswersDecisions = false;
        run.Complete("m[0]");
        Assert.Equal(NodeStatus.Open, run.StatusOf("m"));
        run.AnswersDecisions = true;
        run.Crash();
        Assert.Equal(["after"], run.Running);
        Assert.Equal(["m[0]", "after"], run.StartOrder);
    }
}
