namespace Hydra.Cli.Tests;

/// <summary>The time of a run is one for everybody: whoever brings it an answer, and whoever carries it on.</summary>
public sealed class RunTimeTests
{
    private const string TwoGates = "name: gates\nnodes:\n  - {id: early, type: approval_gate, prompt_to_human: ok?, timeout_seconds: 3600, remind_after_seconds: 1800}\n  - {id: late, type: approval_gate, prompt_to_human: ok?, timeout_seconds: 86400}\n";

    [Fact]
    public void A_clock_that_is_set_back_gives_nobody_back_the_time_of_a_wait()
    {
        var clock = new SetClock();
        using var terminal = new Terminal { Clock = clock };
        terminal.Write("gates.yaml", TwoGates);
        Assert.Equal(3, terminal.Run("run", "gates.yaml", "--run-id", "r1"));
        clock.Add(TimeSpan.FromHours(2));
        Assert.Equal(0, terminal.Run("approve", "r1", "late", "--approver", "ann"));   // the run's time is two hours by now
        clock.Add(TimeSpan.FromMinutes(-100));

        Assert.Equal(2, terminal.Run("approve", "r1", "early", "--approver", "ann"));
        Assert.Contains("'early' of run 'r1': its time ended at", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("list", "--status", "paused"));
        Assert.Contains("its time has ended: reject when the run goes on", terminal.Out, StringComparison.Ordinal);
        var until = terminal.Out.Split('\n').Single(line => line.StartsWith("r1 early", StringComparison.Ordinal)).Split(" until ")[1].Split(" (")[0];
        Assert.NotEqual(0, terminal.Run("resume", "--due"));   // takes it up, and the gate is rejected
        Assert.Contains("early nobody answered in time: reject", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("approve", "r1", "early", "--approver", "ann"));
        Assert.Contains($"its time ended at {until}", terminal.Error, StringComparison.Ordinal);   // and not when that took effect
    }

    [Fact]
    public void An_answer_that_comes_after_the_clock_was_set_back_is_no_earlier_than_what_was_before()
    {
        var clock = new SetClock();
        using var terminal = new Terminal { Clock = clock };
        terminal.Write("gates.yaml", TwoGates);
        Assert.Equal(3, terminal.Run("run", "gates.yaml", "--run-id", "r1"));
        clock.Add(TimeSpan.FromHours(-8));
        Assert.Equal(0, terminal.Run("approve", "r1", "late", "--approver", "ann"));
        Assert.Equal(0, terminal.Run("inspect", "r1", "--events"));
        Assert.DoesNotContain("-", terminal.Out.Split('\n').Single(line => line.Contains("by ann", StringComparison.Ordinal)).Split("late")[0], StringComparison.Ordinal);
    }

    private sealed class SetClock : TimeProvider
    {
        private TimeSpan _by;

        public void Add(TimeSpan by) => _by += by;
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _by;
    }
}
