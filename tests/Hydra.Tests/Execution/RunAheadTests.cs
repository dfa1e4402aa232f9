using System.Collections.Concurrent;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

/// <summary>What the loop does while a frame is on its way to the disk: it decides what comes next, and lets nothing act.</summary>
public sealed class RunAheadTests
{
    private static readonly RunId Run = new("run-1");

    private readonly TaskCompletionSource<Value> _slow = new();
    private readonly TaskCompletionSource _isLaterBegun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _begun = new();
    private readonly MemoryRunStore _kept = new();

    /// <summary>`slow` answers while the frame with `quick`'s end is written.</summary>
    private static readonly WorkflowSpec Work = Graph("slow\nquick\nnext <- quick\nlater <- slow");

    [Fact]
    public async Task What_ends_while_a_frame_is_written_is_decided_on_before_that_frame_is_durable()
    {
        string[] begun = [];
        string[] called = [];
        var type = Type();
        var report = await RunAsync(type, () =>
        {
            LetSlowEnd();
            (begun, called) = ([.. _begun], [.. type.Calls]);
        });
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Contains("later", begun);
        Assert.DoesNotContain("later/0", called);   // nor may it act before its own frame
        Assert.Equal(["later/0", "next/0", "quick/0", "slow/0"], type.Calls.Order());
    }

    [Fact]
    public async Task Whoever_needs_the_state_of_each_frame_sees_it_before_anything_else_is_decided()
    {
        string[] begun = [];
        var watch = new Watch(needsState: true);
        await RunAsync(Type(), () =>
        {
            _slow.SetResult(Value.Of("done"));
            begun = [.. _begun];
        }, observer: watch);
        Assert.DoesNotContain("later", begun);
        Assert.DoesNotContain(watch.Seen, seen => seen.IsAhead);
        Assert.Equal(_kept.Read(Run).Select(frame => frame.Sequence), watch.Seen.Select(seen => seen.Sequence));
    }

    [Fact]
    public async Task Whoever_does_not_need_it_sees_every_frame_in_order_when_it_is_durable()
    {
        var watch = new Watch(needsState: false) { Before = frame => Assert.Contains(_kept.Read(Run), kept => kept.Sequence == frame.Sequence) };
        await RunAsync(Type(), () => LetSlowEnd(), observer: watch);
        Assert.Contains(watch.Seen, seen => seen.IsAhead);
        Assert.Equal(_kept.Read(Run).Select(frame => frame.Sequence), watch.Seen.Select(seen => seen.Sequence));
    }

    [Fact]
    public async Task A_frame_that_cannot_be_written_takes_what_was_decided_after_it_along()
    {
        var type = Type();
        await Assert.ThrowsAsync<StoreException>(() => RunAsync(type, () =>
        {
            LetSlowEnd();
            throw new StoreException(StoreFault.Full, "disk full");
        }));
        Assert.Contains("later", _begun);
        Assert.Equal(["quick/0", "slow/0"], type.Calls.Order());
        Assert.DoesNotContain(_kept.Read(Run).SelectMany(frame => frame.Events), happened => happened is RunEvent.Ended);
    }

    [Fact]
    public async Task Every_durable_frame_has_been_seen_when_the_next_one_cannot_be_written()
    {
        var watch = new Watch(needsState: false);
        await Assert.ThrowsAsync<StoreException>(() => RunAsync(Type(), LetSlowEnd, watch, () => throw new StoreException(StoreFault.Full, "disk full")));
        Assert.Contains(_kept.Read(Run).Last().Events, happened => happened is RunEvent.Ended);
        Assert.Equal(_kept.Read(Run).Select(frame => frame.Sequence), watch.Seen.Select(seen => seen.Sequence));
    }

    [Fact]
    public async Task The_switch_that_is_thrown_while_a_frame_is_written_refuses_its_calls_and_those_decided_on_since()
    {
        var type = Type();
        var report = await RunAsync(type, () =>
        {
            LetSlowEnd();
            _kept.Switch.Use(new SwitchUse(true, SwitchScope.Models, "ann", "runaway", 1));
        });
        Assert.Equal((RunStatus.Paused, true), (report.Status, report.IsSwitchedOff));
        Assert.Contains("later", _begun);
        Assert.Equal(["quick/0", "slow/0"], type.Calls.Order());
        var frames = _kept.Read(Run).ToList();
        Assert.Equal(Enumerable.Range(0, frames.Count).Select(i => (long)i), frames.Select(frame => frame.Sequence));
        var refused = frames.SelectMany(frame => frame.Events).OfType<RunEvent.StepEnded>().Count(ended => ended.Result.IsRefused);
        Assert.Equal(frames.SelectMany(frame => frame.Events).OfType<RunEvent.StepIntended>().Count() - 2, refused);

        _kept.Switch.Use(new SwitchUse(false, SwitchScope.All, "ann", "mended", 2));
        var again = await EngineOf(_kept, Work, type).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, again.Status);
        Assert.Equal(["later/0", "next/0", "quick/0", "slow/0"], type.Calls.Order());
    }

    private CallingNode Type() => new()
    {
        AsksBeforeItActs = true,
        Begins = attempt =>
        {
            _begun.Enqueue(attempt.Path);
            if (attempt.Path == "later") _isLaterBegun.TrySetResult();
            return default;
        },
        Answer = (attempt, _) => attempt.Path == "slow" ? new(_slow.Task) : new(Value.Of(attempt.Path)),
    };

    /// <summary>Lets it end, and waits until what depends on it has begun.</summary>
    private void LetSlowEnd()
    {
        _slow.SetResult(Value.Of("done"));
        _isLaterBegun.Task.Wait(TestContext.Current.CancellationToken);
    }

    /// <param name="whileWritten">Called while the frame that holds the end of <c>quick</c> is written, on the thread that writes it.</param>
    /// <param name="whileNext">The same for the frame after it.</param>
    private Task<RunReport> RunAsync(CallingNode type, Action whileWritten, IRunObserver? observer = null, Action? whileNext = null)
    {
        var isSaid = false;
        var store = new DyingStore(_kept, int.MaxValue)
        {
            Writing = frames =>
            {
                if (isSaid) whileNext?.Invoke();
                if (isSaid || !frames[0].Events.OfType<RunEvent.Ended>().Any()) return;
                isSaid = true;
                whileWritten();
            },
        };
        return EngineOf(store, Work, type).RunAsync(Work, new RunRequest { Run = Run, Observer = observer }, CancellationToken.None);
    }

    private sealed class Watch(bool needsState) : IRunObserver
    {
        private readonly HashSet<int> _started = [];
        /// <summary>The frames, and whether the state held a start that none of them told of.</summary>
        public List<(long Sequence, bool IsAhead)> Seen { get; } = [];
        public Action<Frame> Before { get; init; } = _ => { };
        public bool NeedsStateOfFrame => needsState;

        public void OnFrame(Frame frame, RunState state)
        {
            Before(frame);
            _started.UnionWith(frame.Events.OfType<RunEvent.Started>().Select(started => started.Node));
            Seen.Add((frame.Sequence, Enumerable.Range(0, state.InstanceCount).Any(node => state.StatusOf(node) == NodeStatus.Running && !_started.Contains(node))));
        }
    }
}
