using Hydra.Journal;
using Hydra.Model;
using Hydra.Tests.Parsing;

namespace Hydra.Tests.Execution;

/// <summary>The system counts timers by a coarser clock than the one that tells the time, so that a timer may go off some milliseconds early.</summary>
public sealed class EarlyTimerTests
{
    [Fact]
    public async Task A_timer_that_goes_off_early_is_armed_again_for_what_is_left()
    {
        var clock = new EarlyClock();
        var workflow = TestTypes.Parse("name: s\nnodes:\n  - {id: w, type: wait, seconds: 10}");
        var engine = new Engine(new EngineOptions { Types = TestTypes.All, Store = new MemoryRunStore(), Clock = clock, ReadDefinition = (_, _, _) => workflow });
        var run = engine.RunAsync(workflow, new RunRequest(), TestContext.Current.CancellationToken);
        Assert.Equal([TimeSpan.FromSeconds(10)], clock.Armed);
        clock.GoOff(TimeSpan.FromSeconds(10) - TimeSpan.FromMilliseconds(3));
        Assert.Equal([TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(3)], clock.Armed);
        clock.GoOff(TimeSpan.FromMilliseconds(3));
        Assert.Equal(RunStatus.Completed, (await run).Status);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_wait_longer_and_none_shorter()
    {
        var clock = new EarlyClock();
        var workflow = TestTypes.Parse("name: s\nnodes:\n  - {id: w, type: wait, seconds: 10}\n  - {id: v, type: wait, seconds: 5, depends_on: [w]}");
        var engine = new Engine(new EngineOptions { Types = TestTypes.All, Store = new MemoryRunStore(), Clock = clock, ReadDefinition = (_, _, _) => workflow });
        var run = engine.RunAsync(workflow, new RunRequest(), TestContext.Current.CancellationToken);
        Assert.Equal([TimeSpan.FromSeconds(10)], clock.Armed);
        clock.SetBack(TimeSpan.FromHours(1));
        clock.GoOff(TimeSpan.FromSeconds(10));
        Assert.Equal([TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5)], clock.Armed);
        clock.GoOff(TimeSpan.FromSeconds(5));
        Assert.Equal(RunStatus.Completed, (await run).Status);
    }

    /// <summary>
    /// Time moves when told to, and then the run's one timer goes off, whatever it was armed for. A wait whose store is the memory
    /// goes as far as it can on the thread that starts it or sets its timer off: there is no other thread to wait for.
    /// </summary>
    private sealed class EarlyClock : TimeProvider
    {
        private readonly List<TimeSpan> _armed = [];
        private DateTimeOffset _now = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
        private TimeSpan _passed;
        private Action _goOff = () => { };

        /// <summary>What the timer was armed for, each time.</summary>
        public IReadOnlyList<TimeSpan> Armed => _armed;

        public override DateTimeOffset GetUtcNow() => _now;
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => _passed.Ticks;

        public void SetBack(TimeSpan by) => _now -= by;

        public void GoOff(TimeSpan after)
        {
            _now += after;
            _passed += after;
            _goOff();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan) _goOff = () => callback(state);
            return new Held(this);
        }

        private sealed class Held(EarlyClock clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                clock._armed.Add(dueTime);
                return true;
            }

            public void Dispose() { }
            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
