using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

/// <summary>Attempts that begin before their start is durable, on a real store: one frame for start and first intent, and nothing acts before that frame.</summary>
public sealed class EarlyStartTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-early-").FullName;
    private readonly SqliteRunStore _store;

    public EarlyStartTests() => _store = SqliteRunStore.Open(_folder, Durability.Normal);

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Start_and_first_intent_share_a_frame_where_a_node_asks_before_it_acts(bool asks, int framesBetween)
    {
        var type = new CallingNode { AsksBeforeItActs = asks, Steps = 2 };
        var report = await RunAsync(Graph("a"), type);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["a/0", "a/1"], type.Calls);
        Assert.Equal(framesBetween, FramesOf<RunEvent.StepIntended>()[0] - Assert.Single(FramesOf<RunEvent.Started>()));
    }

    [Fact]
    public async Task A_call_is_made_only_behind_the_frame_that_holds_its_intent()
    {
        var durable = new List<bool>();
        var type = new CallingNode { AsksBeforeItActs = true };
        type.Answer = (attempt, _) =>
        {
            lock (durable) durable.Add(Events().OfType<RunEvent.StepIntended>().Any(intent => intent.Call.Key == $"{attempt.Path}/0"));
            return new(Value.Of(attempt.Path));
        };
        await RunAsync(Graph("a\nb\nc <- a b\nd <- c"), type);
        Assert.Equal([true, true, true, true], durable);
    }

    [Fact]
    public async Task The_switch_that_is_thrown_after_an_attempt_has_begun_refuses_its_call()
    {
        var type = new CallingNode { AsksBeforeItActs = true, Begins = _ => Throw(new SwitchUse(true, SwitchScope.Models, "ann", "runaway", 1)) };
        var report = await RunAsync(Graph("a"), type);
        Assert.Equal((RunStatus.Paused, true), (report.Status, report.IsSwitchedOff));
        Assert.Empty(type.Calls);

        await Throw(new SwitchUse(false, SwitchScope.All, "ann", "mended", 2));
        await ResumesWithOneCallAsync(Graph("a"));

        ValueTask Throw(SwitchUse use)
        {
            _store.Switch.Use(use);
            return default;
        }
    }

    [Theory]
    [InlineData(ControlRequest.Pause, RunStatus.Paused)]
    [InlineData(ControlRequest.Cancel, RunStatus.Cancelled)]
    public async Task What_people_ask_for_after_an_attempt_has_begun_is_heard_before_its_call(string verb, RunStatus status)
    {
        var clock = new HeldTimers();
        var type = new CallingNode
        {
            AsksBeforeItActs = true,
            Begins = _ =>
            {
                _store.Post(Run, new ControlRequest(verb, "ann", "lunch").ToCommand());
                clock.Fire();   // the loop looks into its inbox
                return default;
            },
        };
        var report = await RunAsync(Graph("a"), type, clock);
        Assert.Equal(status, report.Status);
        Assert.Empty(type.Calls);
        Assert.Empty(FramesOf<RunEvent.StepIntended>());
        await ResumesWithOneCallAsync(Graph("a"));
    }

    [Fact]
    public async Task An_interrupt_after_an_attempt_has_begun_is_heard_before_its_call()
    {
        using var interrupt = new CancellationTokenSource();
        var type = new CallingNode { AsksBeforeItActs = true, Begins = _ => new(interrupt.CancelAsync()) };
        var report = await EngineOf(_store, Graph("a"), type).RunAsync(Graph("a"), new RunRequest { Run = Run }, interrupt.Token);
        Assert.Equal(RunStatus.Interrupted, report.Status);
        Assert.Empty(type.Calls);
        await ResumesWithOneCallAsync(Graph("a"));
    }

    [Fact]
    public async Task A_budget_refuses_the_call_of_an_attempt_that_has_begun()
    {
        var type = new CallingNode { AsksBeforeItActs = true };
        var report = await RunAsync(Graph("a\nb <- a", budget: new BudgetSpec { MaxUsd = new MicroUsd(35) }), type);
        Assert.Equal((RunStatus.Stopped, MicroUsd.Zero + new MicroUsd(10)), (report.Status, report.Cost));
        Assert.Equal(["a/0"], type.Calls);
        Assert.Single(FramesOf<RunEvent.StepIntended>());
    }

    /// <remarks>The frame is lost, or what came after it: in both cases the store knows of every call that was made.</remarks>
    [Theory]
    [InlineData(EffectClass.Pure)]
    [InlineData(EffectClass.Irreversible)]
    public async Task Death_at_any_commit_leaves_no_call_behind_that_the_journal_does_not_know(EffectClass effect)
    {
        var workflow = Graph("a\nb <- a\nc <- b");
        for (var death = 0; death < 60; death++)
        {
            using var store = SqliteRunStore.Open(Path.Combine(_folder, $"death-{death}"), Durability.Normal);
            var dying = new CallingNode { AsksBeforeItActs = true, Effect = effect };
            var died = await Record.ExceptionAsync(() => EngineOf(new DyingStore(store, death), workflow, dying).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None));
            var events = store.Find(Run) is null ? [] : store.Read(Run).SelectMany(frame => frame.Events).ToList();
            var known = events.OfType<RunEvent.StepIntended>().Select(intent => intent.Call.Key).ToHashSet();
            Assert.Empty(dying.Calls.Except(known));
            if (died is null) return;
            Assert.IsType<StoreException>(died);
            if (known.Count == 0)
            {
                Assert.Empty(dying.Calls);
                continue;
            }
            var after = new CallingNode { AsksBeforeItActs = true, Effect = effect };
            var report = await EngineOf(store, workflow, after).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
            // An intent without a result: the call may have been made, and only one that may be repeated is made again.
            var isUnknown = events.OfType<RunEvent.StepIntended>().Count() > events.OfType<RunEvent.StepEnded>().Count();
            Assert.Equal(effect != EffectClass.Pure && isUnknown ? RunStatus.Failed : RunStatus.Completed, report.Status);
            if (effect == EffectClass.Irreversible) Assert.Empty(after.Calls.Intersect(known));
        }
        Assert.Fail("the run was never let live to its end");
    }

    /// <remarks>It would wait for ever if the loop waited for its question: what it waits for is the frame of its start.</remarks>
    [Fact]
    public async Task A_node_that_takes_its_time_to_ask_holds_no_frame_up()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var type = new CallingNode { AsksBeforeItActs = true, Begins = _ => new(started.Task) };
        var report = await EngineOf(_store, Graph("a"), type).RunAsync(Graph("a"), new RunRequest { Run = Run, Observer = new Watch(started) }, CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.True(FramesOf<RunEvent.Started>()[0] < FramesOf<RunEvent.StepIntended>()[0]);
    }

    /// <remarks>Each slow beginning doubles the frames that do without: 1, then 3.</remarks>
    [Fact]
    public async Task After_a_slow_beginning_the_next_attempts_begin_behind_their_frame()
    {
        var clock = new HeldTimers();
        var type = new CallingNode
        {
            AsksBeforeItActs = true,
            Begins = _ =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                return default;
            },
        };
        await RunAsync(Graph("a\nb <- a\nc <- b"), type, clock);
        var between = FramesOf<RunEvent.StepIntended>().Zip(FramesOf<RunEvent.Started>(), (intended, started) => intended - started);
        Assert.Equal([0, 1, 0], between);
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<RunReport> RunAsync(WorkflowSpec workflow, CallingNode type, TimeProvider? clock = null) =>
        new Engine(EngineOf(_store, workflow, type).Options with { Clock = clock ?? TimeProvider.System }).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);

    private async Task ResumesWithOneCallAsync(WorkflowSpec workflow)
    {
        var type = new CallingNode { AsksBeforeItActs = true };
        var report = await EngineOf(_store, workflow, type).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["a/0"], type.Calls);
    }

    private IEnumerable<RunEvent> Events() => _store.Read(Run).SelectMany(frame => frame.Events);

    /// <summary>The numbers of the frames that hold such an event, once for each.</summary>
    private List<long> FramesOf<T>() where T : RunEvent =>
        [.. _store.Read(Run).SelectMany(frame => frame.Events.OfType<T>().Select(_ => frame.Sequence))];

    private sealed class Watch(TaskCompletionSource started) : IRunObserver
    {
        public void OnFrame(Frame frame, RunState state)
        {
            if (frame.Events.OfType<RunEvent.Started>().Any()) started.TrySetResult();
        }
    }

    /// <summary>Time stands until it is moved, and no timer goes off by itself.</summary>
    private sealed class HeldTimers : TimeProvider
    {
        private readonly List<Held> _held = [];
        private long _ticks;

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        /// <summary>Every timer that repeats goes off, on this thread.</summary>
        public void Fire()
        {
            Held[] due;
            lock (_held) due = [.. _held.Where(timer => timer.Repeats)];
            foreach (var timer in due) timer.Go();
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => Interlocked.Read(ref _ticks);
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Held(callback, state, period != Timeout.InfiniteTimeSpan);
            lock (_held) _held.Add(timer);
            return timer;
        }

        private sealed class Held(TimerCallback callback, object? state, bool repeats) : ITimer
        {
            public bool Repeats => repeats;
            public void Go() => callback(state);
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;
            public void Dispose() { }
            public ValueTask DisposeAsync() => default;
        }
    }
}
