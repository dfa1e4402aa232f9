using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class ForkTests
{
    private const string Diamond = "a\n b <- a\n c <- a\n d <- b c\n e";

    [Fact]
    public void A_fork_does_the_node_and_all_that_depends_on_it_anew_and_keeps_the_rest()
    {
        var run = Finished(Diamond);
        run.Fork("b");
        Assert.Equal(["b"], run.Running);
        run.Complete("b");
        run.Complete("d");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Equal(["b", "d"], run.StartOrder.Skip(5));
    }

    [Fact]
    public void What_a_fork_keeps_names_the_run_it_comes_from_and_what_it_does_anew_does_not()
    {
        var run = Finished(Diamond);
        run.Fork("b");
        run.Complete("b");
        Assert.Equal("run", run.State.OriginOf(run.Find("a")));
        Assert.Null(run.State.OriginOf(run.Find("b")));
        run.Complete("d");
        run.Fork("d");
        Assert.Equal(["run", "fork", "run"], new[] { "a", "b", "c" }.Select(path => run.State.OriginOf(run.Find(path))));
    }

    [Fact]
    public void A_fork_inherits_the_spend_of_what_it_keeps()
    {
        var run = TestRun.Of("a\n b <- a");
        run.Report(run.Ask("a", tokens: 100), tokens: 40, usd: new MicroUsd(7));
        run.Complete("a");
        run.Report(run.Ask("b", tokens: 100), tokens: 30, usd: new MicroUsd(5));
        run.Complete("b");
        run.Fork("b");
        Assert.Equal((40, 7, 1, 0), (run.State.RunAccount.Tokens, run.State.RunAccount.Usd.Amount, run.State.RunAccount.ModelCalls, run.State.RunAccount.ReservedTokens));
        run.Fork("a");
        Assert.Equal((0, 0, 0), (run.State.RunAccount.Tokens, run.State.RunAccount.Usd.Amount, run.State.RunAccount.Steps));
    }

    [Fact]
    public void A_single_map_item_is_done_anew_and_the_others_stay()
    {
        var run = Finished("m | map=3 body=item\n after <- m\n item:\n work");
        run.Fork("m[1]");
        Assert.Equal(["m[1]"], run.Running);
        Assert.Equal(NodeStatus.Open, run.StatusOf("m"));
        run.Complete("m[1]");
        run.Complete("after");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_loop_goes_back_to_the_round_that_is_named_and_forgets_the_later_ones()
    {
        var run = Finished("l | loop=3 body=round\n after <- l\n round:\n draft\n judge <- draft");
        run.Fork("l#2/judge");
        Assert.Equal(["l#2/judge"], run.Running);
        run.Complete("l#2/judge");
        Assert.Equal(["l#3/draft"], run.Running);
        Drive(run, new Random(1), 0);
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void Only_failed_takes_tolerated_items_anew_although_their_map_had_ended()
    {
        var run = TestRun.Of("m | map=3 tolerate=1 body=item\n after <- m\n other\n item:\n work");
        run.Fail("m[1]");
        run.Complete("m[0]", "m[2]", "other");
        run.Complete("after");
        Assert.Equal(["m[1]"], run.State.FailedWork().Select(run.State.PathOf));
        run.Fork(run.State.FailedWork());
        Assert.Equal(["m[1]"], run.Running);
        run.Complete("m[1]");
        run.Complete("after");
        Assert.Equal((NodeStatus.Completed, RunStatus.Completed), (run.StatusOf("m"), run.Ended));
    }

    [Fact]
    public void Only_failed_brings_back_what_was_cut_or_skipped_because_of_the_failure()
    {
        var run = TestRun.Of("m | map=4 cap=1 body=item\n after <- m\n item:\n work");
        run.Complete("m[0]");
        run.Fail("m[1]");
        Assert.Equal((RunStatus.Failed, NodeStatus.Skipped), (run.Ended, run.StatusOf("after")));
        run.Fork(run.State.FailedWork());
        Assert.Equal(("m[1]", NodeStatus.Pending), (Assert.Single(run.Running), run.StatusOf("after")));
        Drive(run, new Random(1), 0);
        Assert.Equal((RunStatus.Completed, 1), (run.Ended, run.StartOrder.Count(path => path == "m[0]")));
    }

    [Fact]
    public void Items_that_come_back_respect_the_maps_own_cap()
    {
        var run = TestRun.Of("m | map=6 cap=2 tolerate=6 body=item\n item:\n one\n two <- one");
        while (run.Ended is null) run.Fail(run.Running[0]);
        run.Fork(run.State.FailedWork());
        Assert.Equal(2, run.Running.Count);
        Drive(run, new Random(1), 0);
        Assert.Equal(NodeStatus.Completed, run.StatusOf("m"));
    }

    [Fact]
    public void An_output_set_by_hand_counts_as_completed_and_its_dependants_are_done_anew()
    {
        var run = Finished(Diamond);
        run.Fork([run.Find("b")], new Dictionary<int, ValueRef> { [run.Find("b")] = ValueRef.Of("by hand") });
        Assert.Equal((NodeStatus.Completed, "by hand"), (run.StatusOf("b"), run.OutputOf("b")));
        Assert.Equal(["d"], run.Running);
    }

    [Fact]
    public void Another_definition_keeps_results_by_path_drops_removed_nodes_and_runs_new_ones()
    {
        var run = Finished("gone\n m | map=2 body=item\n a\n b <- a\n item:\n work");
        run.Fork([run.Find("gone"), run.Find("b")], next: TestGraph.PlanOf("first\n a\n m | map=2 body=item\n b <- a first\n item:\n work"));
        Assert.Equal(["first"], run.Running);
        Assert.Equal("a!", run.OutputOf("a"));
        Assert.Equal((NodeStatus.Completed, "m[1]!"), (run.StatusOf("m"), run.OutputOf("m[1]")));
        run.Complete("first");
        run.Complete("b");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_fork_that_was_not_taken_up_is_found_as_it_was_left()
    {
        var run = TestRun.Of("a\n bad\n b <- a bad");
        run.Complete("a");
        run.Fail("bad");
        run.Fork([run.Find("a")], isTakenUp: false);
        run.Resume();
        Drive(run, new Random(1), 0);
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void Random_runs_forked_anywhere_and_forked_again_come_to_their_end_and_repeat_nothing_kept()
    {
        for (var seed = 1; seed <= 1500; seed++)
        {
            var random = new Random(seed);
            var graph = new RandomGraph(random).Next();
            if (seed % 3 == 0) graph = RevisingGates.In(graph, new Random(seed));
            try
            {
                ForkAnywhere(graph, random);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}\n{graph}", e);
            }
        }
    }

    private static void ForkAnywhere(string graph, Random random)
    {
        var run = TestRun.Of(graph, cap: 1 + random.Next(6));
        Drive(run, random, failures: random.Next(4), turns: random.Next(3) == 0 ? random.Next(20) : int.MaxValue);
        for (var forks = 0; forks < 3; forks++)
        {
            var anew = random.Next(4) == 0 ? run.State.FailedWork() : [random.Next(run.State.InstanceCount)];
            run.Fork(anew, isTakenUp: false);
            var at = run.Frames.Count;
            var kept = Enumerable.Range(0, run.State.InstanceCount).Where(i => run.State.StatusOf(i) is NodeStatus.Completed or NodeStatus.Degraded).ToHashSet();
            run.Resume();
            Drive(run, random, failures: forks == 2 ? 0 : random.Next(4));
            foreach (var happened in run.Frames.Skip(at).SelectMany(frame => frame.Events))
            {
                if (happened is RunEvent.Reopened reopened) kept.Remove(reopened.Node);
                if (happened is RunEvent.Started started) Assert.DoesNotContain(started.Node, kept);
            }
            Assert.NotNull(run.Ended);
        }
    }

    private static TestRun Finished(string graph)
    {
        var run = TestRun.Of(graph);
        Drive(run, new Random(7), 0);
        Assert.Equal(RunStatus.Completed, run.Ended);
        return run;
    }

    /// <summary>Answers running attempts in random order until the run ends; <paramref name="failures"/> of ten fail.</summary>
    private static void Drive(TestRun run, Random random, int failures, int turns = int.MaxValue)
    {
        for (var turn = 0; run.Ended is null && turn < turns; turn++)
        {
            Assert.True(turn < 20_000, "the run does not come to an end");
            run.AcknowledgeCancels();
            if (run.Ended is not null) return;
            if (run.Running is { Count: > 0 } running)
            {
                var path = running[random.Next(running.Count)];
                if (random.Next(10) < failures) run.Fail(path);
                else if (TestGraph.Number(run.State.NodeOf(run.Find(path)).Spec, "revisions") is > 0 and var most && random.Next(3) > 0)
                    run.Turn(run.Outcome(path, new AttemptOutcome.Revise(ValueRef.EmptyText, most, new NodeError(ErrorCode.PolicyDenied, "rejected too often"))));
                else run.Complete(path);
            }
            else if (run.NextDueMs is { } due) run.Pass(Math.Max(0.001, (due - run.NowMs) / 1000.0));
            else Assert.Fail("nothing runs and nothing is due");
        }
    }
}
