using Hydra.Journal;
using Hydra.Model;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

/// <summary>Control through the engine, on real stores.</summary>
public sealed class ControlTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-control-").FullName;

    [Fact]
    public async Task A_run_that_meets_the_switch_ends_paused_and_goes_on_once_it_is_off()
    {
        var workflow = Graph("a\nb <- a\nc <- b");
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var type = new CallingNode
        {
            Answer = (attempt, _) =>
            {
                if (attempt.Path == "a") store.Switch.Use(new SwitchUse(true, SwitchScope.Models, "ann", "runaway", 1));
                return new(Value.Of(attempt.Path));
            },
        };
        var report = await EngineOf(store, workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Equal((RunStatus.Paused, true), (report.Status, report.IsSwitchedOff));
        Assert.Equal(["a/0"], type.Calls);

        store.Switch.Use(new SwitchUse(false, SwitchScope.All, "ann", "mended", 2));
        var calls = new CallingNode();
        report = await EngineOf(store, workflow, calls).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["b/0", "c/0"], calls.Calls);
    }

    [Fact]
    public async Task A_fork_does_not_go_on_from_what_its_parent_has_undone_since()
    {
        var undo = new NodeSpec { Id = new NodeId("compensate"), Type = "call" };
        var workflow = Graph("a\nb <- a", node => node.Id.Text == "b" ? node : node with { Policy = new NodePolicy { Compensate = undo, Effect = EffectClass.Irreversible } });
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var calls = new CallingNode();
        var engine = EngineOf(store, workflow, calls);
        RunId? forked = null;
        var failing = new CallingNode
        {
            Answer = (attempt, _) =>
            {
                if (attempt.Path != "b") return new(Value.Of(attempt.Path));
                forked = engine.Fork(Run, new ForkRequest { UpTo = WhenDone(), From = ["b"] });
                throw new CallFailedException(ErrorCode.BadRequest, "no");
            },
        };
        var parent = await EngineOf(store, workflow, failing).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Equal(["a"], parent.Rollback!.Undone);
        var fork = forked!.Value;

        var late = new ForkRequest { Run = new RunId("late"), UpTo = WhenDone(), From = ["b"] };
        Assert.Contains($"Do it anew: hydra rerun {Run} --up-to {WhenDone()} --from 'a'", Assert.Throws<RunRefusedException>(() => engine.Fork(Run, late)).Message);
        Assert.Null(store.Find(new RunId("late")));

        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None));
        Assert.Contains($"Do it anew: hydra rerun {fork} --from 'a'", refused.Message);
        Assert.Empty(calls.Calls);

        var anew = await engine.ResumeAsync(engine.Fork(fork, new ForkRequest { From = ["a"] }), new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, anew.Status);
        Assert.Equal(["a/0", "b/0"], calls.Calls);

        long WhenDone() => store.Read(Run).First(frame => frame.Events.Any(happened => happened is RunEvent.Ended { Node: 0 })).Sequence;
    }

    [Fact]
    public async Task A_pause_from_the_inbox_stops_between_two_calls_and_nothing_is_asked_twice()
    {
        var workflow = Graph("a\nb <- a");
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var heard = new TaskCompletionSource();
        var first = new CallingNode { Steps = 3 };
        first.Answer = async (attempt, _) =>
        {
            if (first.Calls.Count == 2)
            {
                store.Post(Run, new ControlRequest(ControlRequest.Pause, "ann", "lunch").ToCommand());
                await heard.Task;
            }
            return Value.Of(attempt.Path);
        };
        var report = await EngineOf(store, workflow, first).RunAsync(workflow, new RunRequest { Run = Run, Observer = new Watch(heard) }, CancellationToken.None);
        Assert.Equal((RunStatus.Paused, "paused by ann: lunch"), (report.Status, report.Reason));
        Assert.Equal(["a/0", "a/1"], first.Calls);

        var second = new CallingNode { Steps = 3 };
        report = await EngineOf(store, workflow, second).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["a/2", "b/0", "b/1", "b/2"], second.Calls);
    }

    [Fact]
    public async Task Compensations_survive_death_at_any_commit_and_each_is_made_once()
    {
        var undo = new NodeSpec { Id = new NodeId("compensate"), Type = "call" };
        var workflow = Graph("a\nb <- a\nc <- b", node => node.Id.Text == "c" ? node : node with { Policy = new NodePolicy { Compensate = undo, Effect = EffectClass.Irreversible } });
        for (var death = 1; death < 60; death++)
        {
            using var store = SqliteRunStore.Open(Path.Combine(_folder, $"death-{death}"), Durability.Normal);
            var type = new CallingNode { Answer = (attempt, _) => attempt.Path == "c" ? throw new CallFailedException(ErrorCode.BadRequest, "boom") : new(Value.Of(attempt.Path)) };
            var died = false;
            try
            {
                await EngineOf(new DyingStore(store, death), workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
            }
            catch (StoreException)
            {
                died = true;
            }
            if (died && store.Find(Run) is null) continue;
            if (died) await EngineOf(store, workflow, type).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
            var (state, _) = EngineOf(store, workflow, type).Load(Run);
            Assert.Equal(RunStatus.Failed, state.Status);
            Assert.EndsWith("; undone: b, a", state.Reason, StringComparison.Ordinal);
            Assert.Equal(["b", "a"], RollbackReceipt.Of(state).Undone);
            if (!died) return;
        }
        Assert.Fail("the run was never let live to its end");
    }

    [Theory]
    [InlineData(EffectClass.Irreversible, "--assume 'a=done'")]
    [InlineData(EffectClass.Idempotent, "it is not tried again on its own")]
    public async Task An_attempt_that_three_processes_died_in_is_left_alone_and_what_is_in_doubt_is_asked(EffectClass effect, string told)
    {
        var workflow = Graph("a");
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var type = new CallingNode { Effect = effect, Answer = (_, _) => throw new StoreException(StoreFault.Other, "the process died here") };
        await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, 2), workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None));
        for (var death = 2; death <= RunState.CrashesMax; death++)
            await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, 1), workflow, type).ResumeAsync(Run, new RunRequest(), CancellationToken.None));

        var after = new CallingNode { Effect = effect };
        var report = await EngineOf(store, workflow, after).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("the process died 3 times", report.Reason, StringComparison.Ordinal);
        Assert.EndsWith(effect == EffectClass.Irreversible ? "on the node" : told, report.Reason, StringComparison.Ordinal);
        Assert.Contains(told, report.Reason, StringComparison.Ordinal);
        Assert.Empty(after.Calls);
    }

    [Fact]
    public async Task What_a_person_says_of_an_attempt_that_three_processes_died_in_is_kept_and_the_effect_not_repeated()
    {
        var workflow = Graph("a");
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var dying = new CallingNode { Effect = EffectClass.Irreversible, Answer = (_, _) => throw new StoreException(StoreFault.Other, "the process died here") };
        await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, 2), workflow, dying).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None));
        for (var death = 2; death < RunState.CrashesMax; death++)
            await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, 1), workflow, dying).ResumeAsync(Run, new RunRequest(), CancellationToken.None));

        var after = new CallingNode { Effect = EffectClass.Irreversible };
        var request = new RunRequest { Assumptions = [new Assumption("a", true, "did it", "ann")] };
        var report = await EngineOf(store, workflow, after).ResumeAsync(Run, request, CancellationToken.None);
        if (report.Status != RunStatus.Completed) report = await EngineOf(store, workflow, after).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Empty(after.Calls);
    }

    [Fact]
    public async Task An_attempt_that_was_left_alone_goes_on_behind_what_it_has_done_when_it_is_taken_up_again()
    {
        var workflow = Graph("a");
        var most = 0;
        for (var commits = 2; commits < 4; commits++)
        {
            using var store = SqliteRunStore.Open(Path.Combine(_folder, $"{commits}"), Durability.Normal);
            var first = new CallingNode { Effect = EffectClass.Idempotent, Steps = 3 };
            await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, commits), workflow, first).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None));
            for (var death = 2; death <= RunState.CrashesMax; death++)
                await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(store, 1), workflow, first).ResumeAsync(Run, new RunRequest(), CancellationToken.None));
            var done = store.Read(Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepEnded>().Count(ended => !ended.Result.IsBound);

            var after = new CallingNode { Effect = EffectClass.Idempotent, Steps = 3 };
            Assert.Equal(RunStatus.Failed, (await EngineOf(store, workflow, after).ResumeAsync(Run, new RunRequest(), CancellationToken.None)).Status);
            Assert.Empty(after.Calls);
            Assert.Equal(RunStatus.Completed, (await EngineOf(store, workflow, after).ResumeAsync(Run, new RunRequest(), CancellationToken.None)).Status);
            Assert.Equal(Enumerable.Range(done, 3 - done).Select(step => $"a/{step}"), after.Calls);
            most = Math.Max(most, done);
        }
        Assert.True(most > 0, "no attempt was left alone behind something that it had done");
    }

    [Fact]
    public async Task Nobody_can_speak_of_an_effect_that_is_in_no_doubt()
    {
        var workflow = Graph("a");
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var failing = new CallingNode { Answer = (_, _) => throw new CallFailedException(ErrorCode.BadRequest, "no") };
        await EngineOf(store, workflow, failing).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => EngineOf(store, workflow, failing).ResumeAsync(Run, new RunRequest { Assumptions = [new Assumption("a", true, "x", "ann")] }, CancellationToken.None));
        Assert.Contains("no effect of this run has an unknown outcome", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Tells when the run has heard that it is to stop.</summary>
    private sealed class Watch(TaskCompletionSource heard) : Hydra.Execution.IRunObserver
    {
        public void OnFrame(Frame frame, RunState state)
        {
            if (state.StoppingAs is not null) heard.TrySetResult();
        }
    }
}
