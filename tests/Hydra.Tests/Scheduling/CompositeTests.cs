using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class CompositeTests
{
    [Fact]
    public void A_map_opens_as_many_items_as_its_own_cap_in_input_order()
    {
        var run = TestRun.Of("m | map=5 cap=2 body=item\n item:\n work");
        Assert.Equal(["m[0]", "m[1]"], run.Running);
        run.Complete("m[1]");
        Assert.Equal(["m[0]", "m[2]"], run.Running);
        Assert.Equal(NodeStatus.Dormant, run.StatusOf("m[3]"));
    }

    [Fact]
    public void A_map_tolerates_so_many_failures_and_is_then_degraded()
    {
        var run = TestRun.Of("m | map=3 tolerate=1 body=item\n item:\n work");
        run.Fail("m[0]");
        run.Complete("m[1]", "m[2]");
        Assert.Equal((NodeStatus.Degraded, RunStatus.Completed), (run.StatusOf("m"), run.Ended));
    }

    [Fact]
    public void Once_a_map_cannot_succeed_items_not_yet_started_are_cut_and_running_ones_finish()
    {
        var run = TestRun.Of("m | map=5 cap=2 body=item\n item:\n work");
        run.Fail("m[0]");
        Assert.Equal(["m[1]"], run.Running);
        Assert.Equal(NodeStatus.Cancelled, run.StatusOf("m[4]"));
        run.Complete("m[1]");
        Assert.Equal((NodeStatus.Failed, RunStatus.Failed), (run.StatusOf("m"), run.Ended));
    }

    [Fact]
    public void Items_that_wait_for_a_slot_of_the_run_are_cut_as_well_and_come_back_on_resume()
    {
        var run = TestRun.Of("m | map=4 body=item\n item:\n work", cap: 2);
        run.Turn(run.Failure("m[0]"));
        Assert.Equal((NodeStatus.Cancelled, "m[1]"), (run.StatusOf("m[3]"), Assert.Single(run.Running)));
        run.Complete("m[1]");
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        run.Complete("m[0]", "m[2]");
        run.Complete("m[3]");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void An_empty_map_completes_at_once()
    {
        var run = TestRun.Of("m | map=0 body=item\n item:\n work");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void An_item_of_several_nodes_runs_as_a_graph_of_its_own()
    {
        var run = TestRun.Of("m | map=2 cap=1 body=item\n item:\n a\n b <- a");
        run.Complete("m[0]/a");
        Assert.Equal(["m[0]/b"], run.Running);
        run.Complete("m[0]/b");
        Assert.Equal(["m[1]/a"], run.Running);
    }

    [Fact]
    public void A_loop_appends_one_round_after_another()
    {
        var run = TestRun.Of("l | loop=2 body=round\n round:\n draft\n judge <- draft");
        run.Complete("l#1/draft");
        run.Complete("l#1/judge");
        Assert.Equal(["l#2/draft"], run.Running);
        run.Complete("l#2/draft");
        run.Complete("l#2/judge");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void Composites_nest_and_hold_no_slot()
    {
        var run = TestRun.Of("m | map=2 body=outer\n outer:\n l | loop=1 body=inner\n inner:\n n | nested body=leaf\n leaf:\n work", cap: 1);
        Assert.Equal(["m[0]#1/work"], run.Running);
        run.Complete("m[0]#1/work");
        Assert.Equal(["m[1]#1/work"], run.Running);
        run.Complete("m[1]#1/work");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void Stop_when_cuts_a_map_short_and_keeps_its_result()
    {
        var run = TestRun.Of("m | map=4 cap=2 stop_when body=item\n item:\n work");
        run.Complete("m[0]");
        run.StopWhen("m");
        Assert.Equal(["m[1]", "m[2]"], run.CancelAsked);
        run.AcknowledgeCancels();
        Assert.Equal((NodeStatus.Completed, NodeStatus.Cancelled, RunStatus.Completed), (run.StatusOf("m"), run.StatusOf("m[3]"), run.Ended));
    }

    [Fact]
    public void Nothing_begins_inside_a_composite_that_is_being_cancelled()
    {
        var run = TestRun.Of("fast\n m | map=1 body=item\n end <- fast m | join=any cancel_losers\n item:\n a\n b <- a | join=all_done\n c | on_failure=continue\n d <- c");
        run.Complete("fast");
        run.AcknowledgeCancels();
        Assert.Equal((SkipCause.Terminated, NodeStatus.Skipped), (run.BecauseOf("m[0]/b"), run.StatusOf("m[0]/d")));
        Assert.Equal((NodeStatus.Cancelled, "end"), (run.StatusOf("m"), Assert.Single(run.Running)));
    }

    [Fact]
    public void An_attempt_that_fails_while_it_is_being_cancelled_is_not_tried_again()
    {
        var run = TestRun.Of("fast\n slow | retries=3\n end <- fast slow | join=any cancel_losers");
        run.Complete("fast");
        run.Fail("slow", ErrorCode.Timeout);
        Assert.Equal(NodeStatus.Cancelled, run.StatusOf("slow"));
    }

    [Fact]
    public void A_failed_item_is_caught_by_a_join_inside_the_item()
    {
        var run = TestRun.Of("m | map=1 body=item\n item:\n a\n b <- a | join=all_done");
        run.Fail("m[0]/a");
        run.Complete("m[0]/b");
        Assert.Equal(NodeStatus.Completed, run.StatusOf("m"));
    }
}
