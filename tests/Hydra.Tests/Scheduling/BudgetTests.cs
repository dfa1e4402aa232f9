using Hydra.Model;

namespace Hydra.Tests.Scheduling;

public sealed class BudgetTests
{
    [Fact]
    public void Many_callers_at_99_percent_never_overshoot_together()
    {
        var run = TestRun.Of("first\n m | map=50 body=item\n item:\n work", budget: new BudgetSpec { MaxTokens = 10_000 });
        run.Report(run.Ask("first", tokens: 9900), tokens: 9900);
        var tickets = Enumerable.Range(0, 50).Select(i => run.TicketOf($"m[{i}]", tokens: 60)).ToArray();
        run.Turn([.. tickets.Select(ticket => ticket.Request)]);
        Assert.Single(tickets, ticket => ticket.IsGranted);
        Assert.Equal(49, tickets.Count(ticket => ticket.Waits));
        Assert.True(run.State.RunAccount.Tokens + run.State.RunAccount.ReservedTokens <= 10_000);
    }

    [Fact]
    public void A_call_that_does_not_fit_waits_while_a_reservation_may_make_room()
    {
        var run = TestRun.Of("a\n b", budget: new BudgetSpec { MaxTokens = 100 });
        var first = run.Ask("a", tokens: 80);
        var second = run.Ask("b", tokens: 50);
        Assert.True(second.Waits);
        run.Report(first, tokens: 30);
        Assert.True(second.IsGranted);
    }

    [Fact]
    public void A_budget_is_exceeded_only_when_nothing_is_outstanding()
    {
        var run = TestRun.Of("a\n b", budget: new BudgetSpec { MaxTokens = 100 });
        var first = run.Ask("a", tokens: 80);
        var second = run.Ask("b", tokens: 50);
        run.Report(first, tokens: 80);
        Assert.Equal(ErrorCode.Budget, second.Answer!.Error!.Code);
        run.Fail("b", ErrorCode.Budget);
        run.Complete("a");
        Assert.Equal((RunStatus.Stopped, NodeStatus.BudgetExceeded), (run.Ended, run.StatusOf("b")));
    }

    [Fact]
    public void A_larger_budget_lets_a_stopped_run_go_on_without_paying_twice()
    {
        var run = TestRun.Of("a\n b <- a", budget: new BudgetSpec { MaxTokens = 100 });
        run.Report(run.Ask("a", tokens: 80, key: "one"), tokens: 80);
        Assert.True(run.Ask("a", tokens: 80, key: "two").IsDenied);
        run.Fail("a", ErrorCode.Budget);
        Assert.Equal(RunStatus.Stopped, run.Ended);
        run.Resume(run.Limits with { Budget = new BudgetSpec { MaxTokens = 200 } });
        Assert.NotNull(run.Ask("a", tokens: 80, key: "one").Answer!.Known);
        Assert.True(run.Ask("a", tokens: 80, key: "two").IsGranted);
        Assert.Equal((80, 80, 1), (run.State.RunAccount.Tokens, run.State.RunAccount.ReservedTokens, run.AttemptOf("a")));
        run.Complete("a");
        run.Complete("b");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void Pause_keeps_the_attempt_and_ends_the_run_paused()
    {
        var run = TestRun.Of("a", budget: new BudgetSpec { MaxTokens = 100, OnExceeded = BudgetPolicy.Pause });
        run.Ask("a", tokens: 200);
        run.Fail("a", ErrorCode.Budget);
        Assert.Equal((RunStatus.Paused, NodeStatus.Queued), (run.Ended, run.StatusOf("a")));
        run.Resume(run.Limits with { Budget = new BudgetSpec { MaxTokens = 500 } });
        Assert.Equal((1, 1), (run.AttemptOf("a"), run.LastStartOf("a").Incarnation));
    }

    [Fact]
    public void Degrade_goes_to_the_fallback_and_lets_the_run_go_on()
    {
        var run = TestRun.Of("a | fallback_models=cheap\n b", budget: new BudgetSpec { MaxTokens = 100, OnExceeded = BudgetPolicy.Degrade });
        run.Ask("a", tokens: 200);
        run.Fail("a", ErrorCode.Budget);
        Assert.Equal(1, run.LastStartOf("a").Variant);
        Assert.True(run.Ask("a", tokens: 50).IsGranted);
        Assert.Null(run.State.StoppingAs);
    }

    [Fact]
    public void A_budget_inside_a_budget_stops_at_the_narrower()
    {
        var run = TestRun.Of("m | map=2 tokens=100 tolerate=2 body=item\n other\n item:\n work", budget: new BudgetSpec { MaxTokens = 1000 });
        var open = run.Ask("m[0]", tokens: 90);
        var waits = run.Ask("m[1]", tokens: 90);
        Assert.True(waits.Waits);
        Assert.True(run.Ask("other", tokens: 90).IsGranted);
        run.Report(open, tokens: 90);
        Assert.True(waits.IsDenied);
        Assert.Null(run.State.StoppingAs);
    }

    [Theory]
    [InlineData("steps", 0)]
    [InlineData("calls", 0)]
    [InlineData("tool_calls", 1)]
    public void Counts_of_calls_are_limits_too(string limit, int kind)
    {
        var run = TestRun.Of($"a | {limit}=2");
        Assert.True(run.Ask("a", key: "1", kind: (StepKind)kind).IsGranted);
        Assert.True(run.Ask("a", key: "2", kind: (StepKind)kind).IsGranted);
        Assert.True(run.Ask("a", key: "3", kind: (StepKind)kind).IsDenied);
    }

    [Fact]
    public void One_prompt_that_is_too_long_fails_its_node_and_not_the_run()
    {
        var run = TestRun.Of("a\n b", budget: new BudgetSpec { MaxContextTokens = 100 });
        Assert.Equal(ErrorCode.Budget, run.Ask("a", tokens: 300, prompt: 200).Answer!.Error!.Code);
        Assert.Null(run.State.StoppingAs);
        Assert.True(run.Ask("b", tokens: 300, prompt: 99).IsGranted);
    }

    [Fact]
    public void An_unknown_price_is_refused_where_money_is_limited()
    {
        var account = new Account("", new BudgetSpec { MaxUsd = new MicroUsd(100) }, null);
        Assert.NotNull(account.Refuses(new StepCall(StepKind.Model, "m", "k", 0, 1, null, null), out _));
    }

    [Fact]
    public void A_negative_or_absurd_bill_never_frees_a_budget()
    {
        var account = new Account("", new BudgetSpec { MaxTokens = 1000 }, null);
        var call = new StepCall(StepKind.Model, "m", "k", 0, 100, MicroUsd.Zero, null);
        foreach (var usage in new[] { new TokenUsage(-500, 40), new TokenUsage(long.MaxValue, long.MaxValue), new TokenUsage(long.MaxValue, long.MaxValue) })
        {
            account.Reserve(call);
            account.Settle(call, new StepResult(null, usage, new MicroUsd(-7), null, 1));
        }
        Assert.True(account.Tokens > 1000 && account.Usd == MicroUsd.Zero && account.ReservedTokens == 0);
        Assert.NotNull(account.Refuses(call, out _));
    }

    [Fact]
    public void Max_seconds_counts_work_and_neither_waiting_nor_time_without_a_process()
    {
        var run = TestRun.Of("a", budget: new BudgetSpec { MaxTime = TimeSpan.FromSeconds(10) });
        run.Pass(4);
        run.Suspend("a", run.NowMs + 3_600_000);
        run.Pass(3600);
        Assert.Equal(["a"], run.Running);
        run.Crash(downForSeconds: 5000);
        Assert.Equal(4000, run.State.RunAccount.ActiveMs);
        run.Pass(6);
        Assert.Equal(RunStatus.Stopped, run.State.StoppingAs);
    }

    [Fact]
    public void A_spent_time_budget_starts_nothing_on_resume()
    {
        var run = TestRun.Of("a\n b <- a", budget: new BudgetSpec { MaxTime = TimeSpan.FromSeconds(10) });
        run.Pass(10);
        run.Complete("a");
        Assert.Equal(RunStatus.Stopped, run.Ended);
        run.Resume();
        Assert.Equal((RunStatus.Stopped, 1), (run.Ended, run.StartOrder.Count));
    }

    [Fact]
    public void The_time_of_a_node_ends_what_it_does_children_included()
    {
        var run = TestRun.Of("m | map=3 cap=2 seconds=5 body=item\n other\n item:\n work");
        run.Pass(5);
        Assert.Equal(["m[0]", "m[1]"], run.CancelAsked);
        run.AcknowledgeCancels();
        Assert.Equal(NodeStatus.BudgetExceeded, run.StatusOf("m"));
        Assert.Equal(["other"], run.Running);
    }

    [Fact]
    public void A_nodes_clock_stands_still_while_it_waits()
    {
        var run = TestRun.Of("a | seconds=5\n other");
        run.Suspend("a", run.NowMs + 60_000);
        run.Pass(60);
        Assert.Equal(["a", "other"], run.Running);
        run.Pass(5);
        Assert.Equal(["a"], run.CancelAsked);
    }

    [Fact]
    public void Max_retries_bounds_the_retries_of_a_whole_run()
    {
        var run = TestRun.Of("a | retries=5\n b | retries=5", budget: new BudgetSpec { MaxRetries = 3 });
        run.Fail("a");
        run.Fail("b");
        run.Fail("a");
        run.Fail("a");
        Assert.Equal((NodeStatus.Failed, 3), (run.StatusOf("a"), run.State.RunAccount.Retries));
    }

    [Fact]
    public void Thirty_calls_a_minute_hold_across_map_loop_and_retry()
    {
        var run = TestRun.Of("m | map=40 body=item\n l | loop=3 body=item\n r | retries=9\n item:\n work | retries=3", cap: 3, rpm: 30);
        var answered = 0;
        for (var turn = 0; run.Ended is null && turn < 2000; turn++)
        {
            Assert.True(run.Running.Count <= 3);
            var tickets = run.Running.Select(path => (path, Ticket: run.TicketOf(path, key: $"k{turn}"))).ToArray();
            run.Turn([.. tickets.Select(entry => entry.Ticket.Request)]);
            while (Array.Exists(tickets, entry => entry.Ticket.Waits)) run.Pass((run.NextDueMs!.Value - run.NowMs) / 1000.0);
            foreach (var (path, ticket) in tickets)
            {
                run.Report(ticket);
                if (++answered % 5 == 0) run.Fail(path);
                else run.Complete(path);
            }
            run.Pass(0.1);
        }
        var times = run.Frames.SelectMany(frame => frame.Events.OfType<RunEvent.StepIntended>().Select(_ => frame.AtMs)).ToArray();
        Assert.True(times.Length > 44);
        for (var i = 30; i < times.Length; i++) Assert.True(times[i] - times[i - 30] >= 60_000);
    }

    [Fact]
    public void Tokens_a_minute_are_counted_as_bounds_first_and_as_used_afterwards()
    {
        var run = TestRun.Of("a\n b", tpm: 100);
        var first = run.Ask("a", tokens: 80);
        var second = run.Ask("b", tokens: 50);
        Assert.True(second.Waits);
        run.Report(first, tokens: 40);
        Assert.True(second.IsGranted);
    }

    [Fact]
    public void A_large_call_that_waits_for_the_rate_is_not_passed_by_small_ones()
    {
        var run = TestRun.Of("a\n b\n c", tpm: 100);
        run.Report(run.Ask("a", tokens: 60), tokens: 60);
        var large = run.Ask("b", tokens: 90);
        var small = run.Ask("c", tokens: 10);
        Assert.True(large.Waits && small.Waits);
        run.Pass(60);
        Assert.True(large.IsGranted && small.IsGranted);
    }
}
