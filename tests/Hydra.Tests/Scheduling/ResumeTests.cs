using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class ResumeTests
{
    [Fact]
    public void A_crash_makes_a_new_incarnation_of_the_same_attempt()
    {
        var run = TestRun.Of("a\n b\n c <- a");
        run.Complete("a");
        run.Crash();
        Assert.Equal((1, 1), (run.LastStartOf("b").Attempt, run.LastStartOf("b").Incarnation));
        Assert.Equal(["b", "c"], run.Running);
        Assert.Equal(1, run.StartOrder.Count(path => path == "a"));
    }

    [Fact]
    public void Answered_calls_come_back_by_their_key_in_any_order()
    {
        var run = TestRun.Of("a");
        run.Report(run.Ask("a", tokens: 10, key: "x"), tokens: 1);
        run.Report(run.Ask("a", tokens: 10, key: "y"), tokens: 2);
        run.Crash();
        Assert.Equal(2, run.Ask("a", key: "y").Answer!.Known!.Usage.Total);
        Assert.Equal(1, run.Ask("a", key: "x").Answer!.Known!.Usage.Total);
        Assert.Null(run.Ask("a", key: "x").Answer!.Known);
    }

    [Fact]
    public void A_call_lost_in_a_crash_is_charged_at_its_bound_and_made_again()
    {
        var run = TestRun.Of("a");
        run.Ask("a", tokens: 100, key: "x", prompt: 40);
        run.Crash();
        Assert.Equal((100, 0, 0), (run.State.RunAccount.Tokens, run.State.RunAccount.ReservedTokens, run.State.RunAccount.Outstanding));
        var again = run.Ask("a", tokens: 100, key: "x", prompt: 40);
        Assert.True(again.IsGranted && again.Answer!.Known is null);
    }

    [Theory]
    [InlineData("a", false)]
    [InlineData("a | on_unknown=retry", true)]
    public void An_irreversible_call_lost_in_a_crash_is_not_made_again_on_its_own(string graph, bool mayRepeat)
    {
        var run = TestRun.Of(graph);
        run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible);
        run.Crash();
        var again = run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible);
        Assert.Equal(mayRepeat, again.IsGranted);
        if (!mayRepeat) Assert.Equal(ErrorCode.UnknownOutcome, again.Answer!.Error!.Code);
    }

    [Fact]
    public void A_lost_irreversible_call_is_found_although_another_call_comes_first_now()
    {
        var run = TestRun.Of("a");
        run.Report(run.Ask("a", key: "read"), tokens: 1);
        run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible);
        run.Crash();
        Assert.True(run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible).IsDenied);
    }

    [Fact]
    public void A_node_that_takes_its_process_down_three_times_is_put_aside()
    {
        var run = TestRun.Of("killer\n other");
        run.Complete("other");
        run.Crash();
        run.Crash();
        Assert.Equal(["killer"], run.Running);
        run.Crash();
        Assert.Equal((ErrorCode.UnknownOutcome, RunStatus.Failed), (run.ErrorOf("killer"), run.Ended));
    }

    [Fact]
    public void A_node_put_aside_goes_on_behind_its_calls_when_somebody_takes_the_run_up_again()
    {
        var run = TestRun.Of("a");
        run.Report(run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible));
        for (var death = 0; death < RunState.CrashesMax; death++) run.Crash();
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        Assert.Equal((1, 3), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
        Assert.NotNull(run.Ask("a", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible).Answer!.Known);
    }

    /// <remarks>As journals have it that were written before such an attempt kept its calls.</remarks>
    [Fact]
    public void An_attempt_that_begins_anew_has_made_no_calls()
    {
        var run = TestRun.Of("a");
        run.Report(run.Ask("a"));
        for (var death = 0; death < RunState.CrashesMax; death++) run.Crash();
        var state = run.State;
        Assert.NotNull(state.DetailOf(0)!.Steps);
        state.Apply(new Frame(state.NextSequence, run.NowMs, [new RunEvent.RunResumed(9, run.Limits), new RunEvent.Reopened(0), new RunEvent.Started(0, 2, 0, 0)]));
        Assert.Null(state.DetailOf(0)!.Steps);
    }

    [Fact]
    public void A_breaker_that_opened_meanwhile_does_not_make_an_attempt_forget_its_calls()
    {
        var run = TestRun.Of("m | map=2 body=item\n item:\n work | breaker=1 retries=3");
        run.Report(run.Ask("m[0]", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible));
        run.Fail("m[1]", ErrorCode.Timeout);
        run.Crash();
        Assert.Equal((1, 1), (run.LastStartOf("m[0]").Attempt, run.LastStartOf("m[0]").Incarnation));
        Assert.NotNull(run.Ask("m[0]", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible).Answer!.Known);
    }

    [Fact]
    public void An_interruption_is_no_crash()
    {
        var run = TestRun.Of("a");
        for (var i = 1; i <= 6; i++)
        {
            run.Stop(RunStatus.Interrupted);
            Assert.Equal(["a"], run.CancelAsked);
            run.AcknowledgeCancels();
            Assert.Equal(RunStatus.Interrupted, run.Ended);
            run.Resume();
            Assert.Equal((1, i), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
        }
    }

    [Fact]
    public void What_completes_while_the_run_is_interrupted_is_kept()
    {
        var run = TestRun.Of("a\n b\n c <- a");
        run.Stop(RunStatus.Interrupted);
        run.Complete("a");
        run.AcknowledgeCancels();
        Assert.Equal((RunStatus.Interrupted, NodeStatus.Completed), (run.Ended, run.StatusOf("a")));
        run.Resume();
        Assert.Equal(["b", "c"], run.Running);
    }

    [Fact]
    public void Cancel_reaches_running_children_and_wins_over_a_budget_stop()
    {
        var run = TestRun.Of("m | map=2 body=item\n item:\n work", budget: new BudgetSpec { MaxTokens = 10 });
        run.Ask("m[0]", tokens: 50);
        Assert.Equal(RunStatus.Stopped, run.State.StoppingAs);
        run.Stop(RunStatus.Cancelled);
        Assert.Equal(["m[0]", "m[1]"], run.CancelAsked);
        run.AcknowledgeCancels();
        Assert.Equal(RunStatus.Cancelled, run.Ended);
    }

    [Fact]
    public void A_crash_does_not_bring_a_cancelled_run_back()
    {
        var run = TestRun.Of("a\n b");
        run.Stop(RunStatus.Cancelled);
        run.Crash();
        Assert.Equal((RunStatus.Cancelled, 2), (run.Ended, run.StartOrder.Count));
    }

    [Fact]
    public void A_resumed_failure_gets_new_attempts_and_its_skipped_dependants_come_back()
    {
        var run = TestRun.Of("a\n b\n c <- a b\n d <- c");
        run.Complete("b");
        run.Fail("a");
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        Assert.Equal((2, NodeStatus.Pending, NodeStatus.Pending), (run.AttemptOf("a"), run.StatusOf("c"), run.StatusOf("d")));
        run.Complete("a");
        run.Complete("c");
        run.Complete("d");
        Assert.Equal((RunStatus.Completed, 1), (run.Ended, run.StartOrder.Count(path => path == "b")));
    }

    [Fact]
    public void A_dependant_that_was_skipped_for_two_reasons_waits_for_both()
    {
        var run = TestRun.Of("a\n s | when=false on_skip=propagate\n d <- a s\n e <- a");
        run.Fail("a");
        run.Resume();
        run.Complete("a");
        Assert.Equal((SkipCause.UpstreamSkipped, NodeStatus.Running), (run.BecauseOf("d"), run.StatusOf("e")));
    }

    [Fact]
    public void A_failed_map_resumes_only_its_failed_and_cut_items_within_its_cap()
    {
        var run = TestRun.Of("m | map=6 cap=2 body=item\n item:\n work");
        run.Complete("m[0]");
        run.Turn(run.Failure("m[1]"), run.Failure("m[2]"));
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        Assert.Equal(2, run.Running.Count);
        while (run.Ended is null)
        {
            Assert.True(run.Running.Count <= 2);
            run.Complete(run.Running[0]);
        }
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.Equal(["m[0]", "m[1]", "m[1]", "m[2]", "m[2]", "m[3]", "m[4]", "m[5]"], run.StartOrder.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void In_an_item_that_comes_back_later_a_failure_waits_for_the_failures_before_it()
    {
        var run = TestRun.Of("m | map=2 cap=1 tolerate=1 body=item\n item:\n a\n b <- a\n c <- b | join=all_done");
        foreach (var path in new[] { "m[0]/a", "m[0]/c", "m[1]/a", "m[1]/c" }) run.Fail(path);
        Assert.Equal(RunStatus.Failed, run.Ended);
        run.Resume();
        foreach (var item in new[] { "m[0]", "m[1]" })
        {
            foreach (var node in new[] { "a", "b", "c" })
            {
                Assert.Equal([$"{item}/{node}"], run.Running);
                run.Complete($"{item}/{node}");
            }
        }
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void A_failure_that_was_caught_is_not_reopened()
    {
        var run = TestRun.Of("a | on_failure=continue\n b <- a\n c");
        run.Fail("a");
        run.Complete("b");
        run.Fail("c");
        run.Resume();
        Assert.Equal(["c"], run.Running);
    }

    [Fact]
    public void A_reopened_failure_of_when_is_decided_anew()
    {
        var run = TestRun.Of("a | when=error");
        run.AnswersDecisions = false;
        run.Resume();
        Assert.Equal((NodeStatus.Deciding, 0), (run.StatusOf("a"), run.AttemptOf("a")));
    }

    [Fact]
    public void Decisions_that_were_asked_for_are_asked_for_again_after_a_crash()
    {
        var run = TestRun.Of("gate\n a <- gate | when=true\n m <- gate | map=2 body=item\n item:\n work");
        run.AnswersDecisions = false;
        run.Complete("gate");
        Assert.Empty(run.Running);
        run.AnswersDecisions = true;
        run.Crash();
        Assert.Equal(["a", "m[0]", "m[1]"], run.Running);
    }

    [Fact]
    public void A_wait_for_time_survives_a_crash()
    {
        var run = TestRun.Of("a | retries=2 backoff=30");
        run.Fail("a");
        run.Crash();
        Assert.Equal(NodeStatus.Waiting, run.StatusOf("a"));
        run.Pass(30);
        Assert.Equal((2, 0), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
    }

    [Fact]
    public void A_suspended_attempt_is_entered_again_with_the_answers_it_had()
    {
        var run = TestRun.Of("a");
        run.Report(run.Ask("a", key: "x"), tokens: 3);
        run.Suspend("a", run.NowMs + 1000);
        run.Crash();
        run.Pass(1);
        Assert.Equal((1, 1), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
        Assert.NotNull(run.Ask("a", key: "x").Answer!.Known);
    }
}
