using Hydra.Journal;
using Hydra.Model;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

/// <summary>When the loop hears what other processes leave in the run's inbox.</summary>
public sealed class InboxTests
{
    private static readonly RunId Run = new("run-1");

    /// <remarks>The thread that brings a command may be the one that writes its frame, and those of all that happens meanwhile.</remarks>
    [Fact(Timeout = 60_000)]
    public async Task What_is_asked_while_a_frame_is_written_by_the_thread_that_looked_at_the_inbox_is_heard()
    {
        var (clock, kept, letWrite) = (new InboxClock(), new MemoryRunStore(), new TaskCompletionSource());
        var (isCalled, isWriting) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var workflow = Graph("a\nb <- a");
        var type = new CallingNode
        {
            Answer = async (attempt, cancellationToken) =>
            {
                isCalled.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return Value.Of(attempt.Path);
            },
        };
        var store = new DyingStore(kept, int.MaxValue)
        {
            Writing = frames =>
            {
                if (!frames[0].Events.OfType<RunEvent.Asked>().Any(asked => asked.Verb == ControlRequest.Pause)) return;
                isWriting.SetResult();
                letWrite.Task.Wait(TestContext.Current.CancellationToken);
            },
        };
        var engine = new Engine(new EngineOptions { Types = new Dictionary<string, INodeType> { [type.Name] = type }, Store = store, Clock = clock, ReadDefinition = (_, _, _) => workflow });
        var run = engine.RunAsync(workflow, new RunRequest { Run = Run }, TestContext.Current.CancellationToken);
        await isCalled.Task;

        kept.Post(Run, new ControlRequest(ControlRequest.Pause, "ann", "lunch").ToCommand());
        var first = Task.Run(clock.LookAtInbox, TestContext.Current.CancellationToken);
        await isWriting.Task;
        kept.Post(Run, new ControlRequest(ControlRequest.Cancel, "ann", "no more").ToCommand());
        clock.LookAtInbox();
        letWrite.SetResult();
        await first;

        Assert.Equal((RunStatus.Cancelled, "cancelled by ann: no more"), ((await run).Status, (await run).Reason));
    }

    /// <remarks>The thread on which it asks may be the one that writes the frames of a run that never rests.</remarks>
    [Fact(Timeout = 60_000)]
    public async Task In_a_run_that_never_rests_an_attempt_makes_its_call_though_its_thread_writes_frames()
    {
        const int Others = 100;
        var others = Enumerable.Range(0, Others).ToDictionary(i => $"k{i}", _ => new TaskCompletionSource<Value>());
        var (inFlight, toEnd) = (0, -1);
        var (areAllCalled, isCalled) = (new TaskCompletionSource(), new TaskCompletionSource());
        var workflow = Graph("first\nnext <- first\n" + string.Join('\n', others.Keys));
        var type = new CallingNode
        {
            Answer = (attempt, _) =>
            {
                if (attempt.Path == "next") isCalled.SetResult();
                if (attempt.Path == "first") return new(areAllCalled.Task.ContinueWith(_ => Value.Null, TaskScheduler.Default));
                if (attempt.Path == "next") return new(Value.Null);
                if (Interlocked.Increment(ref inFlight) == Others) areAllCalled.SetResult();
                return new(others[attempt.Path].Task);
            },
        };
        // Each frame brings the next one's message, and the last but some wait for the call.
        var store = new DyingStore(new MemoryRunStore(), int.MaxValue)
        {
            Writing = frames =>
            {
                if (toEnd < 0 && !frames[0].Events.OfType<RunEvent.StepIntended>().Any(intent => intent.Call.Key == "next/0")) return;
                if (++toEnd == Others / 2) isCalled.Task.Wait(TestContext.Current.CancellationToken);
                if (toEnd < Others) others[$"k{toEnd}"].SetResult(Value.Null);
            },
        };
        var report = await EngineOf(store, workflow, type).RunAsync(workflow, new RunRequest { Run = Run, MaxConcurrent = Others + 1 }, TestContext.Current.CancellationToken);
        Assert.Equal(RunStatus.Completed, report.Status);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pause_is_heard_though_the_clock_was_set_back_since_the_run_was_taken_up()
    {
        var (clock, kept, isCalled) = (new InboxClock(), new MemoryRunStore(), new TaskCompletionSource());
        var workflow = Graph("a");
        var type = new CallingNode
        {
            Answer = async (_, cancellationToken) =>
            {
                isCalled.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return Value.Null;
            },
        };
        var engine = new Engine(new EngineOptions { Types = new Dictionary<string, INodeType> { [type.Name] = type }, Store = kept, Clock = clock, ReadDefinition = (_, _, _) => workflow });
        // A run that nobody has taken up before heeds every pause.
        await engine.RunAsync(workflow, new RunRequest { Run = Run }, new CancellationToken(canceled: true));
        var run = engine.ResumeAsync(Run, new RunRequest(), TestContext.Current.CancellationToken);
        await isCalled.Task;
        clock.Now -= TimeSpan.FromHours(1);
        kept.Post(Run, new ControlRequest(ControlRequest.Pause, "ann", "lunch") { AtMs = clock.Now.ToUnixTimeMilliseconds(), Now = true }.ToCommand());
        clock.LookAtInbox();
        Assert.Equal((RunStatus.Paused, "paused by ann: lunch"), ((await run).Status, (await run).Reason));
    }

    /// <summary>The inbox is looked at when the test says so; no other timer goes off.</summary>
    private sealed class InboxClock : TimeProvider
    {
        private Action _look = () => { };

        public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
        public override DateTimeOffset GetUtcNow() => Now;

        public void LookAtInbox() => _look();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan) _look = () => callback(state);
            return new Resting();
        }

        private sealed class Resting : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;
            public void Dispose() { }
            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
