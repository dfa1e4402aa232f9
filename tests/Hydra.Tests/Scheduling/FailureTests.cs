using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Tests.Scheduling;

public sealed class FailureTests
{
    [Fact]
    public void Siblings_go_on_after_a_failure_and_the_run_fails_at_its_end()
    {
        var run = TestRun.Of("a\n b\n a2 <- a\n b2 <- b");
        run.Fail("a");
        run.Complete("b");
        run.Complete("b2");
        Assert.Equal((RunStatus.Failed, NodeStatus.Completed), (run.Ended, run.StatusOf("b2")));
        Assert.Contains("'a'", run.State.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a | on_failure=continue\n b <- a", true)]
    [InlineData("a\n b <- a | join=all_done", true)]
    [InlineData("a\n b <- a", false)]
    public void A_failure_that_something_caught_does_not_fail_the_run(string graph, bool isCaught)
    {
        var run = TestRun.Of(graph);
        run.Fail("a");
        if (isCaught) run.Complete("b");
        Assert.Equal(isCaught ? RunStatus.Completed : RunStatus.Failed, run.Ended);
    }

    [Fact]
    public void A_node_is_tried_as_often_as_its_policy_says()
    {
        var run = TestRun.Of("a | retries=3");
        run.Fail("a");
        run.Fail("a");
        Assert.Equal(3, run.AttemptOf("a"));
        run.Fail("a");
        Assert.Equal(RunStatus.Failed, run.Ended);
    }

    [Fact]
    public void Exponential_backoff_doubles_up_to_its_bound()
    {
        var run = TestRun.Of("a | retries=5 backoff=2 exponential jitter=false max_backoff=5");
        var waits = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            run.Fail("a");
            waits.Add((run.NextDueMs!.Value - run.NowMs) / 1000.0);
            run.Pass(waits[^1] - 0.001);
            Assert.Equal(NodeStatus.Waiting, run.StatusOf("a"));
            run.Pass(0.001);
        }
        Assert.Equal([2, 4, 5, 5], waits);
    }

    [Fact]
    public void Jitter_takes_off_at_most_half_and_is_the_same_on_every_replay()
    {
        var settings = new NodeSettings { Backoff = TimeSpan.FromSeconds(10), BackoffKind = BackoffKind.Exponential, Jitter = true };
        var delays = Enumerable.Range(0, 200).Select(i => RetryPolicy.DelayOf(settings, $"node{i}", 1, null).TotalSeconds).ToArray();
        Assert.All(delays, delay => Assert.InRange(delay, 5, 10));
        Assert.True(delays.Distinct().Count() > 190);
        Assert.Equal(delays[7], RetryPolicy.DelayOf(settings, "node7", 1, null).TotalSeconds);
    }

    [Fact]
    public void Retry_after_wins_over_backoff_but_has_a_bound()
    {
        var settings = new NodeSettings { Backoff = TimeSpan.FromSeconds(10) };
        Assert.Equal(TimeSpan.FromSeconds(3), RetryPolicy.DelayOf(settings, "a", 1, TimeSpan.FromSeconds(3)));
        Assert.Equal(TimeSpan.Zero, RetryPolicy.DelayOf(settings, "a", 1, TimeSpan.FromSeconds(-3)));
        Assert.Equal(RetryPolicy.RetryAfterMax, RetryPolicy.DelayOf(settings, "a", 1, TimeSpan.FromDays(400)));
    }

    [Fact]
    public void Only_retryable_codes_are_retried_and_of_those_only_the_listed_ones()
    {
        var run = TestRun.Of("a | retries=3\n b | retries=3 retry_on=timeout\n c | retries=3 retry_on=timeout");
        run.Fail("a", ErrorCode.BadRequest);
        run.Fail("b", ErrorCode.Network);
        run.Fail("c", ErrorCode.Timeout);
        Assert.Equal((NodeStatus.Failed, NodeStatus.Failed, NodeStatus.Running), (run.StatusOf("a"), run.StatusOf("b"), run.StatusOf("c")));
    }

    [Fact]
    public void Fallbacks_come_in_order_models_agent_node_then_escalation()
    {
        var run = TestRun.Of("a | retries=2 fallback_models=m1,m2 fallback_agent=helper fallback_node=spare escalate_to=boss\n spare");
        var tried = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            var variant = run.Plan.Nodes[0].Variants[run.LastStartOf("a").Variant];
            tried.Add($"{variant.Kind} {variant.Name}".TrimEnd());
            run.Fail("a");
        }
        Assert.Equal(["Written", "Model m1", "Model m2", "Agent helper", "Node spare", "Escalation boss"], tried.Where((_, i) => i % 2 == 0));
        Assert.Equal(RunStatus.Failed, run.Ended);
        Assert.DoesNotContain("spare", run.StartOrder);
    }

    [Fact]
    public void What_a_fallback_gives_is_degraded()
    {
        var run = TestRun.Of("a | fallback_models=m1\n b | fallback_value=unknown");
        run.Fail("a");
        run.Complete("a");
        run.Fail("b");
        Assert.Equal((NodeStatus.Degraded, NodeStatus.Degraded, "unknown"), (run.StatusOf("a"), run.StatusOf("b"), run.OutputOf("b")));
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void What_may_have_happened_already_is_not_done_again_by_a_fallback()
    {
        var run = TestRun.Of("a | fallback_models=m1\n b | fallback_models=m1 on_unknown=retry");
        run.Fail("a", ErrorCode.UnknownOutcome);
        run.Fail("b", ErrorCode.UnknownOutcome);
        Assert.Equal((NodeStatus.Failed, NodeStatus.Running), (run.StatusOf("a"), run.StatusOf("b")));
    }

    [Fact]
    public void A_breaker_opens_after_five_failures_and_lets_one_probe_through()
    {
        var breaker = new Breaker(new BreakerSpec());
        for (var i = 0; i < 4; i++) breaker.Failed(i, 1000);
        Assert.False(breaker.Refuses(1000));
        breaker.Failed(4, 1000);
        Assert.True(breaker.Refuses(30_999));
        Assert.False(breaker.Refuses(31_000));
        breaker.Enter(7);
        Assert.True(breaker.Refuses(31_000));
        breaker.Succeeded(3);
        Assert.True(breaker.Refuses(31_000));
        breaker.Succeeded(7);
        Assert.False(breaker.Refuses(31_000));
    }

    [Fact]
    public void A_probe_that_fails_opens_the_breaker_for_another_cooldown()
    {
        var breaker = new Breaker(new BreakerSpec { Failures = 1 });
        breaker.Failed(1, 0);
        breaker.Enter(2);
        breaker.Failed(2, 30_000);
        Assert.True(breaker.Refuses(59_999));
        Assert.False(breaker.Refuses(60_000));
    }

    [Fact]
    public void Failures_outside_the_window_do_not_count()
    {
        var breaker = new Breaker(new BreakerSpec { Failures = 2 });
        breaker.Failed(1, 0);
        breaker.Failed(2, 60_001);
        Assert.False(breaker.Refuses(60_001));
    }

    [Fact]
    public void An_open_breaker_sends_the_node_straight_to_its_fallback()
    {
        var run = TestRun.Of("m | map=2 cap=1 tolerate=2 body=item\n item:\n work | breaker=1 cooldown=60 retries=1 fallback_models=spare");
        run.Fail("m[0]");
        run.Complete("m[0]");
        Assert.Equal(1, run.LastStartOf("m[1]").Variant);
        run.Complete("m[1]");
        Assert.Equal(NodeStatus.Degraded, run.StatusOf("m[1]"));
    }

    [Fact]
    public void While_one_probe_runs_other_nodes_keep_waiting()
    {
        var run = TestRun.Of("m | map=3 cap=0 tolerate=3 body=item\n item:\n work | breaker=3 cooldown=10 retries=9 backoff=1");
        run.Turn(run.Failure("m[0]"), run.Failure("m[1]"), run.Failure("m[2]"));
        Assert.Empty(run.Running);
        run.Pass(10);
        Assert.Single(run.Running);
        run.Complete(run.Running[0]);
        run.Pass(10);
        Assert.Equal(2, run.Running.Count);
    }

    [Fact]
    public void A_crash_during_the_probe_does_not_keep_the_breaker_half_open()
    {
        var run = TestRun.Of("a | breaker=1 cooldown=10 retries=5");
        run.Fail("a");
        run.Pass(10);
        Assert.Equal(["a"], run.Running);
        run.Crash();
        Assert.Equal(["a"], run.Running);
    }

    [Fact]
    public void A_provider_that_keeps_failing_is_not_called_again_until_its_cooldown_is_over()
    {
        var run = TestRun.Of("a\n b");
        for (var i = 0; i < 5; i++) run.Report(run.Ask("a", key: $"k{i}", provider: "acme"), error: ErrorCode.ProviderError);
        var refused = run.Ask("b", provider: "acme");
        Assert.Equal((ErrorCode.ProviderError, TimeSpan.FromSeconds(30)), (refused.Answer!.Error!.Code, refused.Answer.RetryAfter));
        Assert.True(run.Ask("b", provider: "other").IsGranted);
        run.Pass(30);
        Assert.True(run.Ask("b", key: "probe", provider: "acme").IsGranted);
        Assert.True(run.Ask("a", key: "second", provider: "acme").IsDenied);
    }
}
