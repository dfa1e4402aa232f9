using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>Unknown outcomes and compensation, decided by the core alone.</summary>
public sealed class RollbackTests
{
    private const string Chain = "a | undo\n b <- a | undo\n c <- b\n d <- c";

    [Fact]
    public void A_failed_run_undoes_what_completed_the_last_first_and_one_at_a_time()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Fail("c");
        Assert.Equal(["b~undo"], run.Running);
        Assert.Null(run.Ended);
        run.Complete("b~undo");
        Assert.Equal(["a~undo"], run.Running);
        run.Complete("a~undo");
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.EndsWith("; undone: b, a", run.State.Reason, StringComparison.Ordinal);
        Assert.Equal(NodeStatus.Completed, run.StatusOf("a"));
    }

    [Fact]
    public void A_fork_undoes_what_it_did_itself_and_names_what_it_leaves_to_its_parent()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Stop(RunStatus.Paused);
        run.Fork("b");
        run.Complete("b");
        run.Fail("c");
        Assert.Equal(["b~undo"], run.Running);
        run.Complete("b~undo");
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.EndsWith("; undone: b; left as it is: a (done by run 'run')", run.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fork_that_did_nothing_itself_undoes_nothing()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Complete("c");
        run.Complete("d");
        run.Fork([run.Find("b"), run.Find("d")], new Dictionary<int, ValueRef> { [run.Find("b")] = ValueRef.EmptyText });
        run.Complete("c");
        run.Fail("d");
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.EndsWith("; left as it is: a (done by run 'run'), b (done by hand)", run.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_ran_side_by_side_is_undone_in_the_order_in_which_it_ended()
    {
        var run = TestRun.Of("a | undo\n b | undo\n m | map=2 body=i\n x <- a b m\n i:\n i | undo");
        run.Complete("b");
        run.Complete("m[1]");
        run.Complete("a", "m[0]");
        run.Fail("x");
        foreach (var path in (string[])["m[0]~undo", "a~undo", "m[1]~undo", "b~undo"])
        {
            Assert.Equal([path], run.Running);
            run.Complete(path);
        }
        Assert.Equal(RunStatus.Failed, run.Ended);
    }

    [Fact]
    public void A_crash_in_the_middle_of_undoing_goes_on_where_it_stood()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Fail("c");
        run.Complete("b~undo");
        run.Crash();
        Assert.Equal(["a~undo"], run.Running);
        run.Complete("a~undo");
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.Equal(["a", "b", "c", "b~undo", "a~undo", "a~undo"], run.StartOrder);
    }

    [Fact]
    public void A_compensation_that_fails_is_named_the_others_go_on_and_a_resume_tries_it_again()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Fail("c");
        run.Fail("b~undo", ErrorCode.BadRequest);
        run.Complete("a~undo");
        Assert.EndsWith("; undone: a; NOT undone: b (bad_request: boom)", run.State.Reason, StringComparison.Ordinal);
        run.Resume();
        Assert.Equal(["b~undo"], run.Running);
        run.Complete("b~undo");
        Assert.EndsWith("undone: b, a", run.State.Reason, StringComparison.Ordinal);
        Assert.Empty(run.State.Reopenable());
    }

    /// <remarks>Seed 48344: it would have completed after what ended before it was undone, and been undone out of order.</remarks>
    [Fact]
    public void What_was_being_worked_out_when_undoing_began_does_not_complete_any_more()
    {
        var run = TestRun.Of("a | undo\n w <- a | when=true\n m <- a | undo map=0 body=i\n i:\n i");
        run.AnswersDecisions = false;
        run.Complete("a");
        run.Cancel(rollback: true);
        Assert.Equal(["a~undo"], run.Running);
        run.Turn(new Message.Advanced(run.Find("m"), new Advance.End(new AttemptOutcome.Completed("late")), ValueRef.Of("late")));
        run.Turn(new Message.WhenDecided(run.Find("w"), true, null));
        Assert.Equal((NodeStatus.Open, NodeStatus.Deciding), (run.StatusOf("m"), run.StatusOf("w")));
        run.Complete("a~undo");
        Assert.Equal(RunStatus.Cancelled, run.Ended);
        Assert.EndsWith("; undone: a", run.State.Reason, StringComparison.Ordinal);
    }

    /// <remarks>Seed 82305: the compensation was refused its call and begun anew without end.</remarks>
    [Fact]
    public void A_switch_that_was_met_before_undoing_began_pauses_it_and_a_resume_goes_on()
    {
        var run = TestRun.Of("a | undo\n b <- a");
        run.Complete("a");
        run.Cancel(rollback: true);
        run.ReadSwitch(SwitchScope.All);
        run.Ask("b");
        run.AcknowledgeCancels();
        Assert.Equal(["a~undo"], run.Running);
        Assert.True(run.Ask("a~undo").IsDenied);
        run.Fail("a~undo", ErrorCode.PolicyDenied);
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        Assert.True(run.Ask("a~undo").IsGranted);
        run.Complete("a~undo");
        Assert.Equal(RunStatus.Cancelled, run.Ended);
    }

    [Fact]
    public void Cancelling_undoes_only_where_it_is_asked_to()
    {
        var plain = TestRun.Of(Chain);
        plain.Complete("a");
        plain.Cancel();
        plain.AcknowledgeCancels();
        Assert.Equal(RunStatus.Cancelled, plain.Ended);

        var undoing = TestRun.Of(Chain);
        undoing.Complete("a");
        undoing.Cancel(rollback: true);
        undoing.AcknowledgeCancels();
        Assert.Equal(["a~undo"], undoing.Running);
        undoing.Complete("a~undo");
        Assert.Equal(RunStatus.Cancelled, undoing.Ended);
    }

    [Theory]
    [InlineData(BudgetPolicy.Rollback, true)]
    [InlineData(BudgetPolicy.Stop, false)]
    public void A_spent_budget_undoes_where_it_says_rollback_and_what_undoes_is_not_refused_for_it(BudgetPolicy policy, bool undoes)
    {
        var run = TestRun.Of("a | undo\n b <- a", budget: new BudgetSpec { MaxSteps = 1, OnExceeded = policy });
        run.Report(run.Ask("a"));
        run.Complete("a");
        Assert.True(run.Ask("b").IsDenied);
        run.Fail("b", ErrorCode.Budget);
        if (undoes)
        {
            Assert.True(run.Ask("a~undo").IsGranted);
            run.Complete("a~undo");
        }
        Assert.Equal(RunStatus.Stopped, run.Ended);
    }

    [Fact]
    public void Undoing_waits_for_a_pause_or_the_switch_and_is_not_cancelled()
    {
        var run = TestRun.Of(Chain);
        run.Complete("a");
        run.Complete("b");
        run.Fail("c");
        run.Cancel();
        Assert.Equal(["b~undo"], run.Running);
        run.Pause();
        run.Complete("b~undo");
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        Assert.Equal(["a~undo"], run.Running);
        run.ReadSwitch(SwitchScope.Tools);
        Assert.True(run.Ask("a~undo", kind: StepKind.Tool).IsDenied);
        run.Fail("a~undo", ErrorCode.PolicyDenied);
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        run.Complete("a~undo");
        Assert.Equal(RunStatus.Failed, run.Ended);
    }

    [Fact]
    public void An_open_question_to_a_person_holds_the_rollback_back()
    {
        var run = TestRun.Of("a | undo\n pay <- a");
        run.Complete("a");
        LosePayment(run);
        Assert.Equal((RunStatus.Failed, NodeStatus.Failed), (run.Ended, run.StatusOf("pay")));
        run.Assume("pay", happened: false);
        run.Report(Pay(run), error: ErrorCode.ToolFailed);
        run.Fail("pay");
        Assert.Equal(["a~undo"], run.Running);
    }

    [Fact]
    public void Who_says_that_it_happened_gives_the_answer_and_the_call_is_not_made_again()
    {
        var run = TestRun.Of("pay\n next <- pay");
        LosePayment(run);
        run.Assume("pay", happened: true, "receipt 7");
        var known = Pay(run).Answer!.Known;
        Assert.Equal("receipt 7", known!.Response!.Inline.AsText);
        run.Complete("pay");
        Assert.Equal(["next"], run.Running);
    }

    [Fact]
    public void A_resume_without_a_word_on_it_asks_again_and_repeats_nothing()
    {
        var run = TestRun.Of("pay");
        for (var i = 0; i < 3; i++)
        {
            LosePayment(run);
            Assert.Contains("--assume 'pay=done'", run.State.Reason, StringComparison.Ordinal);
            run.Resume();
        }
    }

    [Fact]
    public void An_attempt_cut_off_by_its_timeout_is_as_unknown_as_one_cut_off_by_a_crash()
    {
        var run = TestRun.Of("pay");
        Pay(run);
        run.Fail("pay", ErrorCode.Timeout);
        Assert.Contains("--assume", run.State.Reason, StringComparison.Ordinal);
        run.Resume();
        Assert.Equal(ErrorCode.UnknownOutcome, Pay(run).Answer!.Error!.Code);
    }

    [Fact]
    public void What_may_have_happened_is_undone_where_the_node_says_compensate_even_if_the_run_goes_on()
    {
        var run = TestRun.Of("pay | undo on_unknown=compensate on_failure=continue\n other | undo");
        Pay(run);
        run.Crash();
        Assert.True(Pay(run).IsDenied);
        run.Fail("pay", ErrorCode.UnknownOutcome);
        run.Complete("other");
        Assert.Equal(["pay~undo"], run.Running);
        run.Complete("pay~undo");
        Assert.Equal((RunStatus.Completed, "every node has ended; undone: pay"), (run.Ended, run.State.Reason));
    }

    [Theory]
    [InlineData("fallback_models=m1")]
    [InlineData("fallback_value=paid")]
    public void What_was_cut_off_and_may_have_happened_is_asked_and_no_fallback_stands_in_for_it(string fallback)
    {
        var run = TestRun.Of($"pay | {fallback}");
        Pay(run);
        run.Fail("pay", ErrorCode.Timeout);
        Assert.Equal((NodeStatus.Failed, RunStatus.Failed, ErrorCode.UnknownOutcome), (run.StatusOf("pay"), run.Ended, run.State.DetailOf(0)!.Error!.Code));
        Assert.True(run.State.AwaitsAssumption(0));
    }

    [Fact]
    public void What_was_cut_off_is_undone_where_the_node_says_compensate_and_no_fallback_stands_in_for_it()
    {
        var run = TestRun.Of("pay | undo on_unknown=compensate fallback_value=paid");
        Pay(run);
        run.Fail("pay", ErrorCode.Timeout);
        Assert.Equal(["pay~undo"], run.Running);
    }

    private static Ticket Pay(TestRun run) => run.Ask("pay", key: "pay", kind: StepKind.Tool, effect: EffectClass.Irreversible);

    private static void LosePayment(TestRun run)
    {
        if (Pay(run).IsGranted) run.Crash();
        var refused = Pay(run).Answer!.Error!;
        run.Turn(run.Outcome("pay", new AttemptOutcome.Failed(refused.Code, refused.Message)));
    }
}
