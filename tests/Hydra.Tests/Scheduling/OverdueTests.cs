using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>Attempts that take longer than their author expected (<c>estimate_seconds</c>).</summary>
public sealed class OverdueTests
{
    [Fact]
    public void An_attempt_is_reported_once_when_half_as_long_again_has_passed_and_goes_on()
    {
        var run = TestRun.Of("a | estimate=10\n b");
        run.Pass(14.9);
        Assert.Empty(Reports(run));
        run.Pass(0.1);
        Assert.Equal(["a"], Reports(run));
        run.Pass(1000);
        Assert.Equal(["a"], Reports(run));
        Assert.Equal(["a", "b"], run.Running);
        run.Complete("a", "b");
        Assert.Equal(RunStatus.Completed, run.Ended);
    }

    [Fact]
    public void What_ends_in_time_or_has_no_estimate_is_not_reported()
    {
        var run = TestRun.Of("a | estimate=10\n b");
        run.Complete("a");
        run.Pass(1000);
        Assert.Empty(Reports(run));
    }

    [Fact]
    public void Every_attempt_is_measured_by_itself()
    {
        var run = TestRun.Of("a | estimate=10 retries=3");
        run.Pass(20);
        run.Fail("a");
        run.Pass(10);
        Assert.Equal(["a"], Reports(run));
        run.Pass(5);
        Assert.Equal(["a", "a"], Reports(run));
    }

    [Fact]
    public void A_resumed_attempt_is_measured_from_its_new_start_and_not_reported_again()
    {
        var run = TestRun.Of("a | estimate=10\n b | estimate=100");
        run.Pass(20);
        run.Crash(downForSeconds: 1000);
        run.Pass(20);
        Assert.Equal(["a"], Reports(run));
        run.Pass(130);
        Assert.Equal(["a", "b"], Reports(run));
    }

    [Fact]
    public void Time_spent_waiting_for_people_does_not_count()
    {
        var run = TestRun.Of("a | estimate=10\n b");
        run.AskPeople("a", seconds: 100_000);
        run.Pass(50_000);
        Assert.Empty(Reports(run));
    }

    private static IEnumerable<string> Reports(TestRun run) => run.Events.OfType<RunEvent.Overdue>().Select(e => run.State.PathOf(e.Node));
}
