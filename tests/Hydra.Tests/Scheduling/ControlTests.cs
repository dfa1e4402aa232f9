using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

/// <summary>Pausing, cancelling and the kill switch, decided by the core alone.</summary>
public sealed class ControlTests
{
    [Fact]
    public void A_run_that_ended_while_the_switch_refused_a_frame_keeps_its_reason_and_the_refused_frame_is_not_left_behind()
    {
        var state = new RunState(TestGraph.PlanOf("a"));
        var reducer = new Reducer(state);
        reducer.Begin(1000);
        reducer.Open(new RunEvent.RunStarted("run", "test", "", ValueRef.EmptyText, new RunLimits(10, null, null, null)));
        reducer.Finish();
        reducer.Take();
        reducer.Begin(1001);
        reducer.Handle(new Message.StepRequested(0, 1, 0, new StepCall(StepKind.Model, "m", "k", 0, 0, MicroUsd.Zero, null), new object()));
        reducer.Finish();
        var (_, commands) = reducer.Take();   // being written
        reducer.Begin(1002);
        reducer.Handle(new Message.AttemptEnded(0, 1, 0, new AttemptOutcome.Failed(ErrorCode.Timeout, "too long"), null));
        reducer.Finish();
        Assert.True(state.HasEnded);
        var reason = state.Reason;
        reducer.Refuse(new KillSwitch(SwitchScope.All, "ann", "panic", 1002), commands);
        Assert.Equal((reason, null), (state.Reason, state.StoppingAs));
        var (_, open) = reducer.Take();
        Assert.Contains(open, command => command.Kind == CommandKind.Deny);

        // Refused once more, with nothing left to refuse: there is a frame to write it with.
        reducer.Begin(1003);
        reducer.Refuse(new KillSwitch(SwitchScope.All, "ann", "panic", 1003), open);
        Assert.NotEmpty(reducer.Events);
    }

    [Fact]
    public void A_paused_run_lets_what_runs_finish_and_starts_nothing_more()
    {
        var run = TestRun.Of("a\n b <- a\n c");
        run.Pause();
        Assert.Empty(run.CancelAsked);
        run.Complete("a", "c");
        Assert.Equal(RunStatus.Paused, run.Ended);
        Assert.Equal("paused by ann: lunch", run.State.Reason);
        run.Resume();
        Assert.Equal(["b"], run.Running);
        Assert.Equal(["a", "c", "b"], run.StartOrder);
    }

    [Fact]
    public void A_paused_attempt_finishes_its_call_makes_no_further_one_and_goes_on_after_it()
    {
        var run = TestRun.Of("a");
        var first = run.Ask("a", key: "x");
        run.Pause();
        run.Report(first);
        Assert.Equal(ErrorCode.Budget, run.Ask("a", key: "y").Answer!.Error!.Code);
        run.Fail("a", ErrorCode.Budget);
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        Assert.Equal((1, 1), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
        Assert.NotNull(run.Ask("a", key: "x").Answer!.Known);
        Assert.Null(run.Ask("a", key: "y").Answer!.Known);
    }

    [Fact]
    public void Pausing_now_interrupts_what_runs_without_ending_it()
    {
        var run = TestRun.Of("a\n b <- a");
        run.Pause(now: true);
        Assert.Equal(["a"], run.CancelAsked);
        run.AcknowledgeCancels();
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.Resume();
        Assert.Equal((1, 1), (run.LastStartOf("a").Attempt, run.LastStartOf("a").Incarnation));
    }

    [Fact]
    public void A_pause_may_be_pressed_home_and_a_cancel_wins_over_it()
    {
        var run = TestRun.Of("a");
        run.Pause();
        run.Pause(now: true);
        Assert.Equal(["a"], run.CancelAsked);
        run.Cancel();
        run.AcknowledgeCancels();
        Assert.Equal((RunStatus.Cancelled, "cancelled by ann: wrong"), (run.Ended, run.State.Reason));
    }

    [Fact]
    public void A_request_of_before_the_run_was_taken_up_does_not_bind_it()
    {
        var run = TestRun.Of("a");
        run.Crash(downForSeconds: 5);
        run.Turn(new Message.ControlAsked(new ControlRequest("cancel", "ann", "late") { AtMs = run.NowMs - 1 }));
        Assert.Equal(["a"], run.Running);
        run.Turn(new Message.ControlAsked(new ControlRequest("cancel", "ann", "now") { AtMs = run.NowMs }));
        Assert.Equal(["a"], run.CancelAsked);
    }

    [Theory]
    [InlineData(SwitchScope.Tools, StepKind.Tool, false)]
    [InlineData(SwitchScope.Tools, StepKind.Model, true)]
    [InlineData(SwitchScope.Models, StepKind.Model, false)]
    [InlineData(SwitchScope.Models, StepKind.Tool, true)]
    [InlineData(SwitchScope.All, StepKind.Tool, false)]
    public void The_switch_refuses_the_calls_of_its_scope_alone(SwitchScope scope, StepKind kind, bool passes)
    {
        var run = TestRun.Of("a");
        run.ReadSwitch(scope);
        var call = run.Ask("a", kind: kind);
        Assert.Equal(passes, call.IsGranted);
        if (passes) return;
        Assert.Equal(ErrorCode.PolicyDenied, call.Answer!.Error!.Code);
        run.Fail("a", ErrorCode.PolicyDenied);
        Assert.Equal(RunStatus.Paused, run.Ended);
        Assert.True(run.State.IsSwitchedOff);
        Assert.Contains("by ann: panic", run.State.Reason, StringComparison.Ordinal);
        run.Resume();
        Assert.True(run.Ask("a", kind: kind).IsGranted);
    }

    [Fact]
    public void A_switch_found_in_the_transaction_takes_the_grant_back_in_the_same_frame()
    {
        var run = TestRun.Of("a\n b", budget: new BudgetSpec { MaxSteps = 1 });
        run.FoundAtCommit = new KillSwitch(SwitchScope.Tools, "ann", "panic", 1);
        var call = run.Ask("a", kind: StepKind.Tool, effect: EffectClass.Irreversible);
        Assert.True(call.IsDenied);
        var frame = run.Frames[^1];
        Assert.Equal(["StepIntended", "StepEnded", "Asked", "Stopping"], frame.Events.Select(happened => happened.GetType().Name));
        Assert.Equal(0, run.State.RunAccount.Steps);
        run.Complete("b");
        run.Fail("a", ErrorCode.PolicyDenied);
        Assert.Equal(RunStatus.Paused, run.Ended);
        run.FoundAtCommit = null;
        run.Resume();
        // The refused call was never made: it is made now, and is no unknown outcome.
        Assert.True(run.Ask("a", kind: StepKind.Tool, effect: EffectClass.Irreversible).IsGranted);
    }

    [Fact]
    public void Calls_under_way_in_the_scope_are_stopped_and_others_finish()
    {
        var run = TestRun.Of("tool\n model\n next <- model");
        run.Ask("tool", kind: StepKind.Tool);
        var answer = run.Ask("model", kind: StepKind.Model);
        run.ReadSwitch(SwitchScope.Tools);
        Assert.Equal(["tool"], run.CancelAsked);
        run.Report(answer);
        run.Complete("model");
        run.AcknowledgeCancels();
        Assert.Equal(RunStatus.Paused, run.Ended);
        Assert.Equal(NodeStatus.Completed, run.StatusOf("model"));
    }

    [Fact]
    public void A_run_that_makes_no_such_call_does_not_notice_the_switch()
    {
        var run = TestRun.Of("a\n b <- a");
        run.ReadSwitch(SwitchScope.Tools);
        run.Report(run.Ask("a", kind: StepKind.Model));
        run.Complete("a");
        run.Complete("b");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }
}
