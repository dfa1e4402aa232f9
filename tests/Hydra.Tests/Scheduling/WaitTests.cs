using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class WaitTests
{
    [Fact]
    public void What_is_due_in_a_run_that_only_people_can_help_is_known_without_taking_it_up()
    {
        var run = TestRun.Of("gate");
        run.AskPeople("gate", seconds: 60, remind: 10);
        Assert.Equal((false, true), (run.State.IsDue(run.NowMs), run.State.IsDue(run.NowMs + 10_000)));
        run.WaitUntil(10);
        run.Resume();
        Assert.Equal((RunStatus.Paused, false, true), (run.Ended, run.State.IsDue(run.NowMs), run.State.IsDue(run.NowMs + 50_000)));
        run.AnswerAlone("gate");
        var answered = new RunState(run.Plan);
        foreach (var frame in run.Frames) answered.Apply(frame);
        Assert.True(answered.IsDue(run.NowMs));
    }

    [Fact]
    public void Nothing_is_due_in_a_run_that_somebody_paused()
    {
        var run = TestRun.Of("gate\n other");
        run.AskPeople("gate", seconds: 60);
        run.Pause();
        run.Complete("other");
        Assert.Equal((RunStatus.Paused, false), (run.Ended, run.State.IsDue(run.NowMs + 60_000)));
    }

    private const string ThreeGates = """
        a
        b
        c
        free
        end <- a b c
        """;

    public static TheoryData<string, int> OrdersAndCrashes()
    {
        var rows = new TheoryData<string, int>();
        foreach (var order in (string[])["abc", "acb", "bac", "bca", "cab", "cba"])
        {
            for (var crashes = 0; crashes < 16; crashes++) rows.Add(order, crashes);
        }
        return rows;
    }

    [Theory, MemberData(nameof(OrdersAndCrashes))]
    public void Three_answers_in_any_order_with_a_crash_anywhere_between_give_the_same_end(string order, int crashes)
    {
        var run = Asked();
        if ((crashes & 8) != 0) run.Crash();
        for (var i = 0; i < 3; i++)
        {
            var gate = order[i..(i + 1)];
            run.Answer(gate);
            run.Answer(gate);   // the same once more
            if ((crashes & (1 << i)) != 0) run.Crash();
            Assert.Equal([gate], run.Running);
            run.Complete(gate);
        }
        Assert.Equal(3, run.Events.OfType<RunEvent.WaitAnswered>().Count());
        run.Complete("end");
        Assert.Equal(RunStatus.Completed, run.Ended);
        Assert.All((string[])["a", "b", "c"], gate => Assert.Equal(1, run.AttemptOf(gate)));
    }

    [Fact]
    public void Waiting_for_years_leaves_no_more_behind_than_waiting_for_a_week()
    {
        const double Day = 86_400;
        var run = TestRun.Of("gate\nend <- gate");
        run.StaysForPeople = true;
        run.AskPeople("gate", seconds: 2_000 * Day, remind: 3 * Day);

        for (var day = 0; day < 7; day++) run.Pass(Day);
        var afterAWeek = Kept(run);
        for (var day = 7; day < 1_400; day++) run.Pass(Day);

        Assert.Equal(afterAWeek, Kept(run));
        Assert.Single(run.Events.OfType<RunEvent.WaitReminded>());
        run.Answer("gate");
        Assert.Equal(["gate"], run.Running);

        static (int Frames, int Events, int Due, int Deadlines, int WaitsDue, int Ready, int Open) Kept(TestRun run) =>
            (run.Frames.Count, run.Events.Count(), run.State.Due.Count, run.State.Deadlines.Count, run.State.WaitsDue.Count, run.State.Ready.Count, run.State.OpenWaits.Count);
    }

    [Fact]
    public void Only_dependants_wait_and_the_gate_holds_no_slot()
    {
        var run = TestRun.Of("gate\nother\nlater <- other\nend <- gate", cap: 1);
        run.AskPeople("gate");
        Assert.Equal(["other"], run.Running);
        run.Complete("other");
        run.Complete("later");
        Assert.Equal(RunStatus.Paused, run.Ended);
        Assert.Equal("waiting for people at 'gate'", run.State.Reason);
    }

    [Fact]
    public void A_paused_run_that_is_answered_by_another_process_goes_on_when_it_is_resumed()
    {
        var run = TestRun.Of("gate\nend <- gate");
        run.AskPeople("gate");
        Assert.Null(run.AnswerAlone("gate"));
        Assert.Contains("already", run.AnswerAlone("gate", "bo", approves: false));
        run.Resume();
        Assert.Equal(["gate"], run.Running);
        Assert.Equal((1, 1), (run.LastStartOf("gate").Attempt, run.LastStartOf("gate").Incarnation));
    }

    [Fact]
    public void A_run_that_stays_for_people_goes_on_by_itself()
    {
        var run = TestRun.Of("gate\nend <- gate");
        run.StaysForPeople = true;
        run.AskPeople("gate");
        Assert.Null(run.Ended);
        run.Answer("run:gate:1");
        Assert.Equal(["gate"], run.Running);
    }

    [Fact]
    public void An_answer_that_may_not_stand_is_refused_with_the_reason()
    {
        var run = TestRun.Of("gate\nother\nend <- gate");
        Assert.Contains("nothing in run 'run' waits", run.RefusalOf("gate"));
        run.AskPeople("gate", approvers: ["anna", "bo"]);
        Assert.Contains("Did you mean 'gate'?", run.RefusalOf("gaet"));
        Assert.Contains("belongs to run 'other'", run.RefusalOf("other:gate:1"));
        Assert.Contains("'chris' may not decide it. Allowed: anna, bo.", run.RefusalOf("gate", "chris"));
        Assert.Contains("payload hash, not old", run.RefusalOf("gate", hash: "old"));
        Assert.Null(run.RefusalOf("gate", hash: "HASH"));
        run.Answer("gate");
        Assert.Null(run.RefusalOf("gate"));
        Assert.Contains("'anna' has approved it already. The first answer stands.", run.RefusalOf("gate", approves: false));
        Assert.Matches("decided by 'anna' at .* already: approved", run.RefusalOf("gate", "bo"));
    }

    [Fact]
    public void A_quorum_needs_different_people_and_one_rejection_decides()
    {
        var run = TestRun.Of("gate\nother\nend <- gate");
        run.AskPeople("gate", quorum: 2);
        run.Answer("gate");
        run.Answer("gate");
        Assert.Equal(NodeStatus.Waiting, run.StatusOf("gate"));
        run.Answer("gate", "bo");
        Assert.True(run.State.DetailOf(run.Find("gate"))!.Wait!.Decision!.IsApproved);
        run.AskPeople("other", quorum: 2);
        run.Answer("other", "bo", approves: false);
        Assert.False(run.State.DetailOf(run.Find("other"))!.Wait!.Decision!.IsApproved);
    }

    [Theory]
    [InlineData(WaitExpiry.Reject, false)]
    [InlineData(WaitExpiry.Approve, true)]
    public void A_deadline_that_passed_while_no_process_lived_takes_effect_at_the_resume(WaitExpiry onTimeout, bool approved)
    {
        var run = TestRun.Of("gate\nend <- gate");
        run.AskPeople("gate", seconds: 60, onTimeout);
        run.WaitUntil(61);
        Assert.Contains("its time ended", run.AnswerAlone("gate"));
        run.Resume();
        Assert.Equal(["gate"], run.Running);
        Assert.Equal((approved, onTimeout), (run.State.DetailOf(run.Find("gate"))!.Wait!.Decision!.IsApproved, run.State.DetailOf(run.Find("gate"))!.Wait!.Decision!.Expired));
    }

    [Fact]
    public void People_are_reminded_once_then_it_is_escalated_and_at_last_rejected()
    {
        var run = TestRun.Of("gate\nend <- gate");
        run.StaysForPeople = true;
        run.AskPeople("gate", seconds: 60, WaitExpiry.Escalate, remind: 30, approvers: "anna");
        Assert.Contains("may not", run.RefusalOf("gate", "boss"));
        run.Pass(61);
        Assert.Single(run.Events.OfType<RunEvent.WaitReminded>());
        Assert.Null(run.RefusalOf("gate", "boss"));
        run.Pass(61);
        Assert.Equal([WaitExpiry.Escalate, WaitExpiry.Reject], run.Events.OfType<RunEvent.WaitExpired>().Select(e => e.As));
        Assert.Equal(["gate"], run.Running);
    }

    [Fact]
    public void Waiting_for_people_is_not_work_that_a_time_budget_counts()
    {
        var run = TestRun.Of("gate\nend <- gate", budget: new BudgetSpec { MaxTime = TimeSpan.FromSeconds(10) });
        run.StaysForPeople = true;
        run.AskPeople("gate", seconds: 3600);
        run.Pass(600);
        run.Answer("gate");
        Assert.Equal(["gate"], run.Running);
    }

    [Fact]
    public void A_fork_asks_anew_under_its_own_id_and_with_the_whole_time()
    {
        var run = TestRun.Of("gate\nother\nend <- gate");
        run.AskPeople("gate", seconds: 60, remind: 30, quorum: 2);
        run.Complete("other");
        run.AnswerAlone("gate");
        run.WaitUntil(50);
        run.StaysForPeople = true;
        run.Fork("other");
        var wait = run.State.DetailOf(run.Find("gate"))!.Wait!;
        Assert.Equal(("fork:gate:1", run.NowMs + 60_000, run.NowMs + 30_000, 0), (wait.Id, wait.DeadlineMs, wait.RemindAtMs, wait.Answers.Count));
        Assert.Contains("belongs to run 'run'", run.RefusalOf("run:gate:1"));
        run.Answer("fork:gate:1");
        run.Answer("gate", "bo");
        Assert.Contains("gate", run.Running);
    }

    private static TestRun Asked()
    {
        var run = TestRun.Of(ThreeGates);
        run.StaysForPeople = true;
        foreach (var gate in (string[])["a", "b", "c"]) run.AskPeople(gate);
        run.Complete("free");
        return run;
    }
}
